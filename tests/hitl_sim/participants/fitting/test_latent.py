"""Points of the shared part integrate to what they stand for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.participants.fitting.quality_model import (
    bridge_points,
    shared_part,
    stable_points,
)


@pytest.mark.parametrize("shared", [0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("lead", [-2.0, 0.3, 3.0])
def test_over_the_bridge_a_choice_of_two_is_logistic(shared, lead):
    points = bridge_points(96)
    seen = shared_part(points, jnp.float32(shared))[:, 1]
    chance = jax.nn.sigmoid((lead + seen) / shared) @ jnp.exp(points.log_weight)
    assert float(chance) == pytest.approx(1.0 / (1.0 + np.exp(-lead)), abs=2e-4)


@pytest.mark.parametrize("shared", [0.3, 0.7, 0.95])
def test_over_stable_draws_a_choice_of_more_is_a_softmax(shared):
    utility = jnp.array([1.5, 0.0, -0.5, 0.2])
    points = stable_points(1024, 4)
    seen = shared_part(points, jnp.float32(shared))
    chance = jax.nn.softmax((utility[None, :] + seen) / shared, axis=1)
    # 1,024 scrambled points: four standard errors of as many random ones
    np.testing.assert_allclose(
        np.exp(points.log_weight) @ chance, jax.nn.softmax(utility), atol=0.06
    )


def test_two_answers_to_one_item_agree_more_where_more_is_shared():
    points = bridge_points(96)
    weight = np.exp(points.log_weight)
    both = []
    for shared in (0.3, 0.6, 0.9):
        seen = np.asarray(shared_part(points, jnp.float32(shared))[:, 1])
        chance = 1.0 / (1.0 + np.exp(-(1.0 + seen) / shared))
        both.append(weight @ (chance**2 + (1 - chance) ** 2))
    assert both[0] > both[1] + 0.05 > both[2] + 0.1
