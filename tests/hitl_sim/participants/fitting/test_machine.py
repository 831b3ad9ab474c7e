"""A machine is fitted to its answers: what it is comes back, or is told as unknown."""

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.participants.answers import FIELDS, Answers
from hitl_sim.participants.fitting.machine import (
    MIN_ANSWERS,
    fit_machine,
    machine_text,
    source_of,
)
from oracles.machine import answer_items, build_machine
from oracles.machines import MachineSource, parse_machines

CONFUSION = ((0.9, 0.05, 0.05), (0.2, 0.7, 0.1), (0.1, 0.3, 0.6))
ITEMS = 600
_answer = jax.jit(answer_items, static_argnames=("copy", "occasion"))


def judge(**numbers):
    source = MachineSource(
        "judge",
        "",
        "assumed",
        "a test",
        0.6,
        0.9,
        confusion=CONFUSION,
        confidence=0.8,
    )
    return source.with_numbers(**numbers)


def answers_of(source, seed=0, copies=2, looks=2, items=ITEMS, has_confidence=True):
    """What copies of a machine say of items, some of them twice."""
    machine, names = build_machine(source, 3), np.array(["a", "b", "c"])
    truth = np.random.default_rng(seed).integers(0, 3, ITEMS)
    found = {name: [] for name in FIELDS}
    for copy in range(copies):
        for look in range(looks):
            said = _answer(
                jax.random.key(seed),
                machine,
                jnp.arange(ITEMS),
                jnp.asarray(truth),
                jnp.ones(ITEMS, bool),
                copy=copy,
                occasion=look,
            )
            sure = 1.0 / (1.0 + np.exp(-np.asarray(said.confidence)))
            found["annotator"] += [f"copy {copy}"] * items
            found["item"] += [f"item {i}" for i in range(items)]
            found["kind"] += ["label"] * items
            found["answer"] += names[np.asarray(said.label)[:items]].tolist()
            found["gold"] += names[truth[:items]].tolist()
            found["is_repeat"] += [look > 0] * items
            found["confidence"] += (
                sure[:items].tolist() if has_confidence else [None] * items
            )
    num = len(found["item"])
    columns = [
        pa.array(found[name] or [None] * num, kind) for name, kind in FIELDS.items()
    ]
    return Answers(pa.table(columns, names=list(FIELDS)), "a test")


def test_what_a_machine_is_comes_back_in_intervals_that_hold_it():
    truth = {"shared_error": 0.6, "repeatability": 0.9, "confidence": 0.8}
    truth["accuracy"] = float(np.mean([row[k] for k, row in enumerate(CONFUSION)]))
    fits = [fit_machine(answers_of(judge(), seed)) for seed in range(12)]
    held = [
        fit.number(name).low <= value <= fit.number(name).high
        for fit in fits
        for name, value in truth.items()
    ]
    # of 48 intervals of 95 %, 40 or fewer hold once in 1,500 tests
    assert sum(held) > 40
    # bias: mean of 12 within what their spread allows, 4 standard errors
    for name, value in truth.items():
        seen = np.array([fit.number(name).value for fit in fits])
        assert abs(seen.mean() - value) < 4 * seen.std(ddof=1) / np.sqrt(12)
    mean = np.mean([fit.confusion for fit in fits], axis=0)
    error = np.sqrt(0.25 / (12 * ITEMS * 2 / 3))
    # two copies err together, so that they count for less than two
    assert np.abs(mean - CONFUSION).max() < 4.5 * error * np.sqrt(2)


def test_a_machine_that_always_says_the_same_repeats_itself():
    fit = fit_machine(answers_of(judge(repeatability=1.0)))
    found = fit.number("repeatability")
    assert found.value == found.high == 1.0
    assert found.is_identified


def test_copies_that_share_nothing_are_told_from_those_that_do():
    apart = fit_machine(answers_of(judge(shared_error=0.0))).number("shared_error")
    assert apart.low < 0.05
    assert apart.high < 0.3


def test_what_one_copy_that_is_asked_once_cannot_tell_is_said_and_assumed():
    fit = fit_machine(answers_of(judge(), copies=1, looks=1, has_confidence=False))
    for name, why in (
        ("shared_error", "no two copies"),
        ("repeatability", "not asked the same items again"),
        ("confidence", "it gives no confidence"),
    ):
        number = fit.number(name)
        assert not number.is_identified
        assert why in number.note
    source = source_of(fit, "judge", "a test")
    assert source.confidence is None
    assert source.shared_error == 0.5
    assert "shared_error is not: no two copies" in source.source


def test_confidence_that_is_higher_where_it_is_wrong_is_of_no_use():
    given = answers_of(judge())
    place = given.table.column_names.index("confidence")
    turned = pa.array([1.0 - v for v in given.table["confidence"].to_pylist()])
    table = given.table.set_column(place, "confidence", turned)
    number = fit_machine(Answers(table, "a test")).number("confidence")
    assert number.value == 0.5
    assert "below one half (0." in number.note


def test_the_file_is_read_back_as_it_was_fitted():
    source = source_of(fit_machine(answers_of(judge())), "judge", 'the "pilot"')
    (found,) = parse_machines(machine_text(source), "judge.toml").values()
    np.testing.assert_allclose(found.rows(3), source.rows(3), atol=2e-5)
    assert found.with_numbers(confidence=None).classes == ("a", "b", "c")
    for name in ("shared_error", "repeatability", "confidence", "source", "intervals"):
        assert getattr(found, name) == getattr(source, name)


def test_few_answers_are_refused():
    with pytest.raises(ValueError, match=f"at least {MIN_ANSWERS} labels .*got 20"):
        fit_machine(answers_of(judge(), copies=1, looks=1, items=20))
