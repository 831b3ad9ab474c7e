"""People of a population answer a recorded design as they answer a study."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import make_design

from hitl_sim.participants.validating import synthetic
from hitl_sim.participants.validating.synthetic import simulate_population
from oracles import build_population


@pytest.fixture(scope="module")
def design():
    """Forty people of whom the last does most, with times."""
    record = make_design(repeats=0)
    busy = np.nonzero(record.person < 39)[0]
    person = record.person.copy()
    person[busy[::3]] = 39
    order = np.argsort(person, kind="stable")
    columns = {"person": person, "item": record.item, "answer": record.answer}
    columns = {name: column[order] for name, column in columns.items()}
    return replace(record, **columns, seconds=np.ones(person.size))


def accuracy(record, rows=slice(None)):
    right = record.answer == record.truth[record.item]
    return right[rows].mean()


def test_they_are_as_often_right_as_the_population_says(design):
    people = build_population("typical", "label", 2, accuracy=0.8, shared_error=0.0)
    found = [
        simulate_population(seed, people, design, is_timed=True) for seed in range(8)
    ]
    shares = np.array([accuracy(one) for one in found])
    # people differ, so what is independent is one crowd
    assert abs(shares.mean() - 0.8) < 4 * shares.std(ddof=1) / np.sqrt(shares.size)
    assert np.all(found[0].seconds > 0)
    again = simulate_population(0, people, design, is_timed=True)
    np.testing.assert_array_equal(found[0].answer, again.answer)


def test_the_most_active_person_does_most(design):
    """With worse people busier, the busiest of many is among the worst."""
    people = build_population(
        "typical",
        "label",
        2,
        accuracy=0.75,
        skill_spread=1.5,
        activity_spread=1.0,
        skill_activity=-0.95,
    )
    gaps = []
    for seed in range(6):
        found = simulate_population(seed, people, design, is_timed=True)
        is_busy = found.person == 39
        gaps.append(accuracy(found, ~is_busy) - accuracy(found, is_busy))
    assert np.mean(gaps) - 4 * np.std(gaps, ddof=1) / np.sqrt(len(gaps)) > 0.0


def test_times_are_left_out_where_the_population_has_none_of_such_questions(design):
    people = build_population("typical", "label", 2)
    assert simulate_population(0, people, design, is_timed=False).seconds is None


def test_room_for_more_people_and_groups_changes_nobody(design, monkeypatch):
    people = build_population("typical", "label", 2, lean_spread=0.5)
    found = simulate_population(0, people, design, is_timed=True)
    monkeypatch.setattr(synthetic, "_fill", lambda population: population)
    monkeypatch.setattr(synthetic, "_rung", lambda num_people: num_people)
    plain = simulate_population(0, people, design, is_timed=True)
    np.testing.assert_array_equal(found.answer, plain.answer)
    # one program may round otherwise than the other
    np.testing.assert_allclose(found.times, plain.times, rtol=1e-5)
