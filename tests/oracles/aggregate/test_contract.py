"""What every aggregator of answers must do, inside programs and outside."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.aggregate import (
    borda,
    bradley_terry,
    dawid_skene,
    glad,
    majority,
    one_coin,
    weighted_majority,
)

ITEMS, PEOPLE, OPTIONS = 30, 5, 3


def by_crew(aggregate):
    def run(answers, is_answered):
        people = jnp.broadcast_to(jnp.arange(PEOPLE)[None, :], answers.shape)
        return aggregate(answers, people, is_answered, OPTIONS, PEOPLE, 4)

    return run


def compare(answers, is_answered):
    """Read each row as a comparison of its first two answers' options."""
    outcome = jnp.where(answers[:, 2] >= 0, answers[:, 2], 0)
    return bradley_terry(
        answers[:, :2], outcome, is_answered[:, :2].all(axis=1), OPTIONS, 4, 1.0
    )


def rank(answers, is_answered):
    return (borda(jnp.argsort(answers, axis=1), is_answered[:, 0]),)


def weigh(answers, is_answered):
    weight = jnp.broadcast_to(jnp.linspace(0.5, 2.0, PEOPLE)[None, :], answers.shape)
    return weighted_majority(answers, is_answered, weight, OPTIONS)


# What each returns, and which of the outputs have one row per item.
AGGREGATORS = {
    "majority": (lambda a, given: majority(a, given, OPTIONS), (True, True)),
    "weighted_majority": (weigh, (True, True)),
    "dawid_skene": (by_crew(dawid_skene), (True, False, False)),
    "one_coin": (by_crew(one_coin), (True, False, False)),
    "glad": (by_crew(glad), (True, False, True)),
    "bradley_terry": (compare, (False, False)),
    "borda": (rank, (False,)),
}
JITTED = {name: jax.jit(run) for name, (run, _) in AGGREGATORS.items()}


def draw(seed):
    rng = np.random.default_rng(seed)
    answers = jnp.asarray(rng.integers(0, OPTIONS, (ITEMS, PEOPLE)), jnp.int32)
    return answers, jnp.asarray(rng.random((ITEMS, PEOPLE)) < 0.8)


def assert_close(left, right):
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("name", AGGREGATORS)
def test_estimates_are_the_same_plain_as_in_a_mapped_scan(name):
    aggregate, _ = AGGREGATORS[name]
    crowds = [draw(seed) for seed in range(4)]
    stacked = jax.tree.map(
        lambda *x: jnp.stack(x).reshape(2, 2, ITEMS, PEOPLE), *crowds
    )

    def run(rounds):
        return jax.lax.scan(lambda _, data: (None, aggregate(*data)), None, rounds)[1]

    together = jax.jit(jax.vmap(run))(stacked)
    for i, crowd in enumerate(crowds):
        assert_close([x[i // 2, i % 2] for x in together], JITTED[name](*crowd))
    assert_close(aggregate(*crowds[0]), JITTED[name](*crowds[0]))


@pytest.mark.parametrize("name", AGGREGATORS)
def test_items_in_another_order_give_the_same_estimates_in_that_order(name):
    _, has_rows = AGGREGATORS[name]
    data = draw(2)
    order = np.random.default_rng(3).permutation(ITEMS)
    plain = JITTED[name](*data)
    moved = JITTED[name](*(leaf[order] for leaf in data))
    expected = [
        x[order] if rows else x for x, rows in zip(plain, has_rows, strict=True)
    ]
    assert_close(moved, expected)


@pytest.mark.parametrize("name", [n for n in AGGREGATORS if n != "borda"])
def test_what_stands_where_nobody_answered_changes_nothing(name):
    answers, is_answered = draw(4)
    if name == "bradley_terry":
        is_answered = is_answered.at[:, 1:3].set(is_answered[:, :1])
    for junk in (-1, 1):
        moved = jnp.where(is_answered, answers, junk)
        assert_close(
            JITTED[name](moved, is_answered), JITTED[name](answers, is_answered)
        )


@pytest.mark.parametrize("name", AGGREGATORS)
def test_without_any_answer_everything_is_finite(name):
    answers, is_answered = draw(5)
    for leaf in JITTED[name](answers, is_answered & False):
        assert np.isfinite(leaf).all()
