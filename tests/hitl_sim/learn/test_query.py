import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn.query import (
    lowest_first,
    spread_out,
    top_items,
    true_first,
)

KEY = jax.random.key(0)


def test_items_that_were_asked_are_not_asked_again():
    score = jnp.array([5.0, 4.0, 3.0, 2.0])
    free = jnp.array([False, True, True, True])
    assert set(np.asarray(top_items(KEY, score, free, 2))) == {1, 2}


def test_among_equal_scores_the_key_decides_evenly():
    """Two of three equal items stay: each with probability 2/3."""
    score = jnp.array([2.0, 1.0, 1.0, 1.0, 0.0])
    keys = jax.random.split(KEY, 3000)
    every = jnp.ones(5, bool)
    taken = jax.vmap(lambda key: top_items(key, score, every, 3))(keys)
    counts = np.bincount(np.asarray(taken).ravel(), minlength=5) / 3000
    assert counts[0] == 1.0
    assert counts[4] == 0.0
    np.testing.assert_allclose(counts[1:4], 2 / 3, atol=4 * np.sqrt(2 / 9 / 3000))


def test_the_lowest_come_first_and_equal_ones_by_the_key():
    score = jnp.array([3.0, 1.0, 1.0, 1.0, 0.0])
    orders = {
        tuple(np.asarray(lowest_first(jax.random.key(i), score))) for i in range(40)
    }
    assert {order[0] for order in orders} == {4}
    assert {order[-1] for order in orders} == {0}
    # with 40 keys one of the six orders is missed with probability .004
    assert len(orders) == 6


def test_items_are_spread_out_as_by_the_published_greedy_rule():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    chosen = list(np.asarray(spread_out(KEY, jnp.asarray(x), 12)))
    expected = chosen[:1]
    for _ in range(11):
        apart = np.linalg.norm(x[:, None] - x[expected][None], axis=2).min(axis=1)
        expected.append(int(apart.argmax()))
    assert chosen == expected


def test_copies_are_spread_over_distinct_items_first():
    x = jnp.repeat(jnp.eye(4), 5, axis=0)
    chosen = np.asarray(spread_out(KEY, x, 6))
    assert len(set(chosen)) == 6
    assert len({int(i) // 5 for i in chosen[:4]}) == 4


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_what_is_true_comes_first_as_a_stable_sort_would_have_it(share):
    mask = np.random.default_rng(0).random(50) < share
    expected = np.argsort(~mask, kind="stable")
    np.testing.assert_array_equal(true_first(jnp.asarray(mask)), expected)
