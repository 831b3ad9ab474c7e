"""Ratings, marks and preferences are held against people left out."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import make_design, preferences

from hitl_sim.participants.validating.predict import validate_grades
from hitl_sim.report.validation import grades_to_markdown, say_gains, write_validation


def verdicts(found):
    return {(gain.where, gain.rival): gain.verdict for gain in found.gains}


def test_what_people_differ_in_is_gained_over_bradley_terry(tmp_path):
    found = validate_grades(preferences()[0], "preference")
    said = verdicts(found)
    assert said["cells", "pooled answers"] == "gain"
    assert said["cells", "Bradley-Terry"] == "gain"
    assert said["other people, other items", "pooled answers"] == "gain"
    write_validation(tmp_path, found)
    page = (tmp_path / "validation.md").read_text().splitlines()
    assert page == grades_to_markdown(found)
    assert all(f"- {sentence}" in page for sentence in say_gains(found.gains))


@pytest.mark.slow
def test_ratings_that_follow_gold_are_gained_over_the_pooled_answers():
    rng = np.random.default_rng(0)
    record = make_design(repeats=0)
    truth = rng.integers(0, 5, record.num_items)
    lean, seen = rng.normal(0.0, 1.0, record.num_people), rng.normal(size=truth.size)
    felt = (truth - 2)[record.item] + lean[record.person] + seen[record.item]
    level = np.digitize(felt + rng.logistic(size=felt.size), [-2, -0.7, 0.7, 2])
    record = replace(record, num_options=5, answer=level, truth=truth)
    said = verdicts(validate_grades(record, "rating"))
    assert set(said.values()) <= {"gain", "even"}
    assert said["other people, other items", "pooled answers"] == "gain"
    assert said["cells", "pooled answers"] == "gain"


@pytest.mark.slow
def test_marks_are_gained_over_the_pooled_answers():
    rng = np.random.default_rng(0)
    record = make_design(20, 60, 10, 0)
    worth, parts = rng.standard_normal((60, 8)), 8
    bar = 1.0 + rng.normal(0.0, 0.8, 20)
    noise = rng.logistic(0, 1, (record.person.size, parts))
    marks = 1.5 * worth[record.item] - bar[record.person][:, None] + noise > 0
    record = replace(record, marks=marks, num_parts=np.full(60, parts))
    said = verdicts(validate_grades(record, "marks"))
    assert said["other people, other items", "pooled answers"] == "gain"
    assert said["cells", "pooled answers"] == "gain"


def test_ratings_without_gold_are_refused_before_any_work():
    record = make_design(repeats=0)
    blind = replace(record, truth=np.full(record.num_items, -1))
    with pytest.raises(ValueError, match="must have gold"):
        validate_grades(blind, "rating")


def test_labels_are_refused():
    with pytest.raises(ValueError, match="`kind` must be one of"):
        validate_grades(make_design(repeats=0), "label")
