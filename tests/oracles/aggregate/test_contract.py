"""What every aggregator of answers must do, inside programs and outside."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.part import builtin
from oracles.aggregate.borda import borda
from oracles.aggregate.votes import Votes
from oracles.part import Part

ITEMS, PEOPLE, OPTIONS = 30, 5, 3


def run_part(part: Part):
    aggregate = part(OPTIONS, PEOPLE)

    def run(answers, is_answered):
        people = jnp.broadcast_to(jnp.arange(PEOPLE)[None, :], answers.shape)
        return aggregate(jax.random.key(3), Votes(answers, is_answered, people), {})

    return run


def rank(answers, is_answered):
    return (borda(jnp.argsort(answers, axis=1), is_answered[:, 0]),)


PARTS = builtin("aggregation")
# What each returns, and which of the outputs have one row per item.
AGGREGATORS = {
    **{name: (run_part(part), (True, True)) for name, part in PARTS.items()},
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
    # of five who name one of two options, more name one: no tie is decided by the key
    answers, _ = draw(2)
    data = answers % 2, jnp.ones(answers.shape, bool)
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


def test_the_shipped_aggregations_are_these():
    of_numbers = {"mean", "median"}
    assert set(PARTS) == {"dawid_skene", "glad", "majority", "one_coin"} | of_numbers
    for name, part in PARTS.items():
        wanted = "regression" if name in of_numbers else "classification"
        assert part.problems == (wanted,)


@pytest.mark.parametrize("name", PARTS)
def test_a_label_is_a_class_and_its_confidence_a_share(name):
    answers, is_answered = draw(6)
    # nobody answered the first item, everybody answers the second alike
    is_answered = is_answered.at[0].set(False).at[1].set(True)
    label, confidence = JITTED[name](answers.at[1].set(2), is_answered)
    assert ((label >= 0) & (label < OPTIONS)).all()
    assert ((confidence >= 0) & (confidence <= 1 + 1e-6)).all()
    assert label[1] == 2
    assert confidence[1] > confidence[0]


@pytest.mark.parametrize(
    ("name", "option"),
    [("dawid_skene", "steps"), ("one_coin", "steps"), ("glad", "turns")],
)
@pytest.mark.parametrize("value", [0, True])
def test_a_number_of_steps_that_is_none_is_refused(name, option, value):
    with pytest.raises(ValueError, match=f"`{option}` must be a whole number >= 1"):
        PARTS[name](OPTIONS, PEOPLE, **{option: value})
