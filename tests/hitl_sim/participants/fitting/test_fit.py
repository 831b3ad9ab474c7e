"""What a crowd of known traits has answered gives its traits back."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from known_crowd import (
    CONFLICT,
    LEAN_SPREAD,
    OWN,
    PACE_SPREAD,
    PAUSE,
    POWER,
    PRACTICE,
    SHARED,
    SKILL_SPREAD,
    SPREAD,
    answer_design,
    make_design,
)

from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.fitting.model_file import (
    NORMAL,
    PEOPLE,
    carried,
    populations_of,
    write_population,
)
from hitl_sim.participants.record import select
from oracles import build_population, describe_population, sample_annotators


@pytest.fixture(scope="module")
def crowd():
    """The answers of a crowd of known traits: record, skills, paces."""
    return answer_design(make_design())


@pytest.fixture(scope="module")
def fitted(crowd):
    """The fit to that crowd's answers."""
    return fit_record(crowd[0], "label", ("no", "yes"))


def near(number, true: float, standard_errors=4.0) -> bool:
    """Whether a number is within four standard errors of the truth."""
    half = (number.high - number.low) / 2.0 / 1.96
    return abs(number.value - true) < standard_errors * half


def test_skill_and_its_spread_are_recovered(crowd, fitted):
    _, skill, _ = crowd
    assert near(fitted.number("skill"), skill.mean())
    assert near(fitted.number("skill_spread"), SKILL_SPREAD)
    z = (fitted.quality.skill - skill) / fitted.quality.skill_sd
    assert np.mean(np.abs(z) < 1.64) > 0.75  # .9 less four standard errors of 40


def test_what_all_people_share_is_not_run_to_a_boundary(fitted):
    number = fitted.number("shared_error")
    assert number.is_identified
    assert near(number, 1.0 - SHARED**2)
    assert number.low > 0.3


def test_second_looks_show_what_a_person_repeats(fitted):
    number = fitted.number("repeatability")
    assert number.is_identified
    assert near(number, 1.0 - (SHARED * OWN) ** 2)


def test_the_accuracy_is_that_of_the_answers(crowd, fitted):
    record, *_ = crowd
    seen = (record.answer == record.truth[record.item]).mean()
    assert fitted.number("accuracy").value == pytest.approx(seen, abs=0.02)


def test_times_are_taken_apart(crowd, fitted):
    for name, true in (
        ("pace_spread", PACE_SPREAD),
        ("pause", PAUSE),
        ("practice", PRACTICE),
        ("practice_power", POWER),
    ):
        assert near(fitted.number(name), true), name
    assert fitted.number("spread").value == pytest.approx(SPREAD, abs=0.06)
    assert fitted.number("conflict").value == pytest.approx(CONFLICT, abs=0.25)
    found = fitted.timing.pace
    assert np.corrcoef(found, crowd[2])[0, 1] > 0.98


@pytest.fixture(scope="module")
def bare(crowd):
    """The fit to first looks at twenty items, without gold or times."""
    record, *_ = crowd
    few = select(record, (record.occasion == 0) & (record.item < 20))
    few = replace(few, seconds=None, truth=np.full(20, -1))
    few = replace(few, size=few.size[:20])
    return fit_record(few, "label", ("no", "yes"))


def test_without_second_looks_or_times_nothing_is_guessed(bare):
    for name in ("repeatability", "seconds", "skip share"):
        number = bare.number(name)
        assert not number.is_identified
        assert np.isnan(number.value)
        assert number.note


def test_a_fit_says_no_more_than_the_answers_can_identify(bare):
    for name in ("accuracy", "skill"):
        assert not bare.number(name).is_identified
        assert "20 items are shared, fewer than 25" in bare.number(name).note


@pytest.mark.slow
def test_people_with_few_answers_are_shrunk(crowd):
    record, *_ = crowd
    first = record.occasion == 0
    few = record.person < 8
    turn = np.cumsum(first & few)
    kept = first & (~few | (turn % 12 == 0))
    found = fit_record(
        replace(select(record, kept), seconds=None), "label", ("no", "yes")
    )
    skill, mean = found.quality.skill, float(found.quality.quality.mean)
    assert np.abs(skill[:8] - mean).mean() < 0.6 * np.abs(skill[8:] - mean).mean()
    assert found.quality.skill_sd[:8].min() > found.quality.skill_sd[8:].max()


@pytest.mark.slow
def test_without_gold_the_same_skills_come_out(crowd, fitted):
    record, skill, _ = crowd
    first = select(record, record.occasion == 0)
    blind = replace(first, seconds=None, truth=np.full(record.num_items, -1))
    found = fit_record(blind, "label", ("no", "yes")).quality
    assert np.corrcoef(found.skill, skill)[0, 1] > 0.8
    assert abs(found.skill.mean() - skill.mean()) < 0.8


def test_a_study_can_name_what_was_fitted(fitted, tmp_path):
    path = tmp_path / "people.toml"
    write_population(path, "pilot", fitted, "nobody (2026)")
    population = build_population(str(path), "label", 2)
    assert float(population.skill_spread) == pytest.approx(
        fitted.number("skill_spread").value, rel=1e-4
    )
    assert float(population.shared) == pytest.approx(SHARED, abs=0.15)
    text = path.read_text()
    assert "nobody (2026)" in text
    assert 'status = "calibrated"' in text
    # what `validate` tests is what a study draws that names the file
    named = {
        NORMAL: population,
        PEOPLE: build_population(f"{path}:pilot_resampled", "label", 2),
    }
    for way, built in populations_of(fitted).items():
        jax.tree.map(np.testing.assert_array_equal, built, named[way])
    assert len(named[PEOPLE].joint.edge) == 8


def test_seconds_are_the_best_guess_before_they_are_anybody_elses(fitted):
    vague = [
        replace(n, is_identified=n.is_identified and n.name != "seconds")
        for n in fitted.numbers
    ]
    found = {n.name: n.value for n in carried(replace(fitted, numbers=tuple(vague)))}
    assert found["seconds"] == fitted.number("seconds").value


def test_options_and_citations_may_hold_any_character(fitted, tmp_path):
    odd = ('a "no"', "\N{GRINNING FACE}\\\x7f")
    path = tmp_path / "people.toml"
    named = replace(fitted, joint=replace(fitted.joint, options=odd))
    write_population(path, "pilot", named, odd[1])
    source = describe_population(str(path))
    assert source.joint["label"].options == odd
    assert odd[1] in source.status["label"]


def test_people_of_the_file_are_like_those_it_was_fitted_to(crowd, fitted):
    """Leanings, skill and pace: means and spreads, whichever way people are drawn."""
    for built in populations_of(fitted).values():
        people = sample_annotators(jax.random.key(1), built, 4000)
        gained = np.asarray(people.confusion)[:, 0, 1]
        # of forty people a standard deviation is known to a ninth, to four errors
        assert people.skill.std() == pytest.approx(SKILL_SPREAD, rel=0.45)
        assert gained.std() == pytest.approx(LEAN_SPREAD, rel=0.45)
        assert people.pace.std() == pytest.approx(PACE_SPREAD, rel=0.45)
        assert people.skill.mean() == pytest.approx(crowd[1].mean(), abs=0.45)


def test_a_rating_has_its_own_spread_and_shared_noise():
    rng = np.random.default_rng(0)
    num_people, num_items = 15, 120
    person, item = np.divmod(np.arange(num_people * num_items), num_items)
    truth = rng.integers(0, 5, num_items)
    lean = rng.normal(0.0, 0.8, num_people)
    seen = rng.normal(0.0, 1.0, num_items)
    felt = (truth - 2)[item] + lean[person] + seen[item]
    level = np.digitize(felt + rng.logistic(0, 1, item.size), [-2, -0.7, 0.7, 2])
    record = make_design(num_people, num_items, num_people, 0)
    record = replace(
        record, num_options=5, person=person, item=item, answer=level, truth=truth
    )
    found = fit_record(record, "rating", tuple("12345")).quality
    assert np.corrcoef(found.lean[:, 0], lean)[0, 1] > 0.9
    assert float(found.spread.lean) > 0.3


def test_marks_give_criteria_back():
    rng = np.random.default_rng(0)
    num_people, num_items, parts = 20, 30, 10
    record = make_design(num_people, num_items, num_people, 0)
    worth = rng.standard_normal((num_items, parts))
    bar = 1.0 + rng.normal(0.0, 0.8, num_people)
    noise = rng.logistic(0, 1, (record.person.size, parts))
    marks = 1.5 * worth[record.item] - bar[record.person][:, None] + noise > 0
    record = replace(record, marks=marks, num_parts=np.full(num_items, parts))
    found = fit_record(record, "marks", ("left", "marked"))
    assert np.corrcoef(found.quality.lean[:, 0], bar)[0, 1] > 0.9
    assert found.number("mark_share").value == pytest.approx(marks.mean(), abs=0.06)
    assert near(found.number("skill"), 1.5)
