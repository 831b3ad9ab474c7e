"""Metrics of numbers are scikit-learn's, beside those of the best single number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from hitl_sim.learn.metric.mae_score import mae_score
from hitl_sim.learn.metric.rmse_score import rmse_score

SEEDS = range(5)


def drawn(seed, num=37):
    rng = np.random.default_rng(seed)
    label = 2.0 * rng.normal(size=num) + 0.5
    said = label + rng.normal(size=num)
    return jnp.asarray(said[:, None], jnp.float32), jnp.asarray(label, jnp.float32)


@pytest.mark.parametrize(
    ("part", "error", "best"),
    [
        (rmse_score, root_mean_squared_error, np.mean),
        (mae_score, mean_absolute_error, np.median),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_the_share_of_scikit_learns_error_that_is_gone(part, error, best, seed):
    said, label = drawn(seed)
    single = np.full(label.shape, best(np.asarray(label, np.float64)))
    want = 1.0 - error(label, said[:, 0]) / error(label, single)
    np.testing.assert_allclose(part()(said, label, {}), want, atol=1e-6)


@pytest.mark.parametrize("part", [rmse_score, mae_score])
def test_right_is_1_and_the_best_single_number_0(part):
    _, label = drawn(0)
    middle = label.mean() if part is rmse_score else jnp.median(label)
    assert float(part()(label[:, None], label, {})) == 1.0
    single = jnp.full((label.shape[0], 1), middle)
    np.testing.assert_allclose(part()(single, label, {}), 0.0, atol=1e-6)


def test_labels_that_are_all_the_same_give_a_finite_score():
    same = jnp.ones(5)
    for part in (rmse_score, mae_score):
        assert float(part()(same[:, None], same, {})) == 1.0
        assert np.isfinite(float(part()(jnp.zeros((5, 1)), same, {})))
        assert jax.jit(part())(same[:, None], same, {}) == 1.0
