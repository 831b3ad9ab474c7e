"""Skill that changes with practice: seen within people, where work is ordered."""

from dataclasses import replace

import numpy as np
import pytest

from hitl_sim.participants.fitting.learning import fit_learning, mean_practice
from hitl_sim.participants.record import Record, places
from oracles.timing import LEARNING_TRIALS

PEOPLE, EACH, ITEMS = 150, 40, 300
SKILL = np.log(4.0)


def taught(seed, learning, *, spread=0.6, is_shuffled=True):
    """Ask people two-option questions in a random order, or all in the same."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), EACH)
    order = [
        rng.permutation(ITEMS)[:EACH] if is_shuffled else np.arange(EACH)
        for _ in range(PEOPLE)
    ]
    item, truth = np.concatenate(order), rng.integers(0, 2, ITEMS)
    skill = SKILL + spread * rng.standard_normal(PEOPLE)
    practised = np.log10((1.0 + places(person)) / LEARNING_TRIALS)
    gained = skill[person] + learning * practised
    is_right = rng.random(person.size) < 1.0 / (1.0 + np.exp(-gained))
    record = Record(
        name="taught",
        num_options=2,
        person=person,
        item=item,
        occasion=np.zeros(person.size, int),
        answer=np.where(is_right, truth[item], 1 - truth[item]),
        truth=truth,
        size=np.ones(ITEMS),
        is_ordered=True,
    )
    return record, (1.0 / (1.0 + np.exp(-skill)))[person]


def fit(record, right):
    return fit_learning(record, right, np.ones(PEOPLE))


@pytest.mark.parametrize("learning", [-0.8, 1.0])
def test_learning_and_fatigue_are_recovered(learning):
    found = fit(*taught(1, learning))
    assert found.is_identified
    half = 0.5 * (found.high - found.low)
    # a Newton step from no change falls a little short; 4 of 1.96 standard errors
    assert abs(found.value - learning) < 0.1 * abs(learning) + 4.0 / 1.96 * half


def test_where_nobody_learns_the_interval_holds_no_change():
    found = [fit(*taught(100 + seed, 0.0)) for seed in range(200)]
    held = sum(not number.is_identified for number in found)
    # 95 % of 200 are 190 +- 3.1; four standard errors below
    assert held >= 178
    assert all(number.low < number.value < number.high for number in found)


def test_people_of_a_fixed_kind_say_nothing():
    record, right = taught(2, 1.0)
    is_half = np.arange(PEOPLE) % 2 == 0
    kept = fit_learning(record, right, is_half * 1.0)
    # those who are left out do the opposite
    turned = np.where(is_half[record.person], record.answer, 1 - record.answer)
    again = fit_learning(replace(record, answer=turned), right, is_half * 1.0)
    assert again == kept


@pytest.mark.parametrize(
    ("change", "why"),
    [({"is_ordered": False}, "no order"), ({}, "one order")],
)
def test_what_cannot_be_seen_is_said(change, why):
    record, right = taught(3, 1.0, is_shuffled=bool(change))
    found = fit(replace(record, **change), right)
    assert np.isnan(found.value)
    assert why in found.note


def test_practice_is_of_each_person_alike():
    record, _ = taught(4, 0.0)
    kept = places(record.person) < np.where(record.person % 2, 10, EACH)
    few = replace(
        record, **{n: getattr(record, n)[kept] for n in ("person", "item", "answer")}
    )
    each = [np.log10(np.arange(1, n + 1) / LEARNING_TRIALS).mean() for n in (10, EACH)]
    assert mean_practice(few) == pytest.approx(np.mean(each))
