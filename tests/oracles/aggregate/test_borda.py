import jax.numpy as jnp
import numpy as np

from oracles.aggregate.borda import borda


def test_an_option_scores_how_many_others_it_is_ranked_above_on_average():
    rankings = jnp.array([[2, 0, 1], [2, 1, 0]])
    score = borda(rankings, jnp.array([True, True]))
    np.testing.assert_allclose(score, [0.5, 0.5, 2.0])


def test_rankings_that_do_not_exist_do_not_count():
    rankings = jnp.array([[2, 0, 1], [-1, -1, -1]])
    score = borda(rankings, jnp.array([True, False]))
    np.testing.assert_allclose(score, [1.0, 0.0, 2.0])


def test_without_any_ranking_every_score_is_zero():
    np.testing.assert_array_equal(
        borda(jnp.full((2, 3), -1), jnp.zeros(2, bool)), [0.0, 0.0, 0.0]
    )
