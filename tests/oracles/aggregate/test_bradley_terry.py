import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from oracles.aggregate import bradley_terry

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandas as pd
    from crowdkit.aggregation import BradleyTerry

run = jax.jit(bradley_terry, static_argnums=(3, 4))
STRENGTH = np.array([0.9, 0.3, 0.0, -0.5, -0.7])


def simulate(count, band, seed=0):
    """Compare random pairs by logistic differences; within the band they tie."""
    rng = np.random.default_rng(seed)
    pairs = rng.permuted(np.tile(np.arange(5), (count, 1)), axis=1)[:, :2]
    lead = STRENGTH[pairs[:, 0]] - STRENGTH[pairs[:, 1]] + rng.logistic(size=count)
    outcome = np.where(lead > band, 0, np.where(lead < -band, 2, 1))
    return jnp.asarray(pairs), jnp.asarray(outcome), jnp.ones(count, bool)


@pytest.mark.parametrize("num_steps", [1, 4, 30])
def test_without_ties_every_step_equals_that_of_crowd_kit(num_steps):
    data = simulate(400, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs, outcome = np.asarray(data[0]), np.asarray(data[1])
        winner = np.where(outcome == 0, pairs[:, 0], pairs[:, 1])
        frame = pd.DataFrame({"left": pairs[:, 0], "right": pairs[:, 1]})
        frame["label"] = winner
        theirs = BradleyTerry(n_iter=num_steps, tol=0.0).fit(frame).scores_
    expected = np.log(theirs.sort_index().to_numpy())
    score, band = run(*data, 5, num_steps)
    # float32 against float64 over 400 terms
    np.testing.assert_allclose(score, expected - expected.mean(), atol=1e-5)
    assert band == 0.0


def test_with_ties_the_estimates_are_those_of_maximum_likelihood():
    data = simulate(600, 0.8)
    pairs, outcome = np.asarray(data[0]), np.asarray(data[1])

    def minus_log_likelihood(x):
        lead = x[pairs[:, 0]] - x[pairs[:, 1]]
        first = 1 / (1 + np.exp(-lead + x[5]))
        second = 1 / (1 + np.exp(lead + x[5]))
        chance = np.stack([first, 1 - first - second, second], axis=1)
        return -np.log(chance[np.arange(600), outcome]).sum() + x[:5].sum() ** 2

    start = np.append(np.zeros(5), 0.5)
    best = minimize(minus_log_likelihood, start, tol=1e-10).x
    score, band = run(*data, 5, 300)
    np.testing.assert_allclose(score, best[:5] - best[:5].mean(), atol=1e-3)
    np.testing.assert_allclose(band, best[5], atol=1e-3)


def test_known_strengths_and_band_are_recovered():
    score, band = run(*simulate(40_000, 0.5, seed=1), 5, 200)
    # A strength rests on some 16 000 comparisons of variance about 1/4: error .02.
    np.testing.assert_allclose(score, STRENGTH - STRENGTH.mean(), atol=0.08)
    np.testing.assert_allclose(band, 0.5, atol=4 * 2 / np.sqrt(40_000))


def test_swapping_both_objects_and_the_outcome_changes_nothing():
    pairs, outcome, exists = simulate(300, 0.4)
    left = run(pairs, outcome, exists, 5, 50)
    right = run(pairs[:, ::-1], 2 - outcome, exists, 5, 50)
    np.testing.assert_allclose(left[0], right[0], atol=1e-5)
    np.testing.assert_allclose(left[1], right[1], atol=1e-5)


def test_a_prior_keeps_an_object_that_only_loses_within_reach():
    pairs = jnp.asarray([[0, 1], [0, 1], [0, 1]])
    data = (pairs, jnp.zeros(3, jnp.int32), jnp.ones(3, bool), 2, 200)
    free, held = run(*data)[0], run(*data, 1.0)[0]
    assert free[0] - free[1] > 20
    # Stationary: credit of the winner 3 + 1, of the loser 1, both over 1 + 3/(a + b).
    np.testing.assert_allclose(held[0] - held[1], np.log(4.0), atol=1e-4)


def test_an_object_that_nobody_compared_scores_zero():
    pairs, outcome, exists = simulate(200, 0.4)
    score, band = run(pairs, outcome, exists, 7, 50)
    np.testing.assert_array_equal(score[5:], 0.0)
    expected = run(pairs, outcome, exists, 5, 50)
    np.testing.assert_allclose(score[:5], expected[0], atol=1e-5)
    np.testing.assert_allclose(band, expected[1], atol=1e-5)
