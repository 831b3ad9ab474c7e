import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.query import STRATEGIES, top_items

KEY = jax.random.key(0)
SURE, SPLIT, FLAT = [9.0, 0.0, 0.0], [5.0, 5.0, -9.0], [0.0, 0.0, 0.0]


def test_entropy_prefers_the_flattest_distribution():
    score = STRATEGIES["entropy"](KEY, jnp.array([SURE, SPLIT, FLAT]))
    assert list(np.argsort(-score)) == [2, 1, 0]
    assert score[2] == pytest.approx(np.log(3), rel=1e-5)


def test_margin_looks_at_the_two_best_only():
    score = STRATEGIES["margin"](KEY, jnp.array([SURE, SPLIT, FLAT]))
    assert score[0] < score[1]
    assert score[1] == pytest.approx(float(score[2]), abs=1e-6)


def test_random_ignores_the_model_and_follows_the_key():
    one = STRATEGIES["random"](KEY, jnp.array([SURE, SPLIT, FLAT]))
    two = STRATEGIES["random"](KEY, jnp.array([FLAT, SURE, SPLIT]))
    other = STRATEGIES["random"](jax.random.key(1), jnp.array([SURE, SPLIT, FLAT]))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_items_that_were_asked_are_not_asked_again():
    score = jnp.array([5.0, 4.0, 3.0, 2.0])
    free = jnp.array([False, True, True, True])
    assert set(np.asarray(top_items(score, free, 2))) == {1, 2}
