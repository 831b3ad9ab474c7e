"""A pilot of few people predicts what redundancy buys with everybody else."""

import numpy as np
import pytest
from known_crowd import answer_design, make_design
from pilot import draw_numbers, run_pilot

from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.validating.synthetic import draw_annotators

DRAWS = 300


@pytest.fixture(scope="module")
def crowd():
    """The answers of a crowd of known traits: record, skills, paces."""
    return answer_design(make_design())


@pytest.fixture(scope="module")
def fitted(crowd):
    """The fit to that crowd's answers."""
    return fit_record(crowd[0], "label", ("no", "yes"))


@pytest.fixture(scope="module")
def found():
    record, *_ = answer_design(make_design(40, 160, 20, 0))
    return run_pilot(record, ("no", "yes"), num_crowds=4)


@pytest.mark.slow
def test_people_of_the_pilot_are_held_out_of_what_is_foretold(found):
    assert found.num_people == 10
    assert found.num_others == 30
    assert found.num_answers > 100


@pytest.mark.slow
def test_a_crowd_of_the_model_is_foretold_within_a_tenth(found):
    assert {point.method for point in found.curve} == {"majority", "dawid_skene"}
    assert all(abs(point.real - point.simulated) < 0.1 for point in found.curve)


@pytest.mark.parametrize("num_people", [2, 11])
def test_a_pilot_of_another_size_is_refused(num_people):
    record, *_ = answer_design(make_design(40, 60, 10, 0))
    with pytest.raises(ValueError, match=f"`num_people` must be .* got {num_people}"):
        run_pilot(record, ("no", "yes"), num_people=num_people)


def mean_skills(fitted, crowd, is_in_doubt):
    """Draw crowds of 400 like the fitted 40 people: the mean skill of each crowd."""
    rng = np.random.default_rng(0)
    design = make_design(400, 400, 4, 0)
    return [
        np.mean(
            draw_annotators(
                rng,
                fitted,
                crowd[0],
                design,
                rng.choice(40, 40) if is_in_doubt else None,
            ).skill
        )
        for _ in range(DRAWS)
    ]


@pytest.mark.slow
def test_numbers_in_doubt_spread_as_far_as_they_are_unknown(fitted):
    rng, fit = np.random.default_rng(0), fitted.quality
    drawn = np.array([draw_numbers(rng, fit).shared for _ in range(DRAWS)])
    sd = float(fit.sd("shared"))
    # 4 standard errors of the mean, and of a standard deviation
    assert abs(drawn.mean() - float(fit.quality.shared)) < 4 * sd / np.sqrt(DRAWS)
    assert abs(drawn.std() / sd - 1.0) < 4 / np.sqrt(2 * DRAWS)


@pytest.mark.slow
def test_people_stay_who_they_are_when_numbers_are_drawn(fitted):
    drawn = draw_numbers(np.random.default_rng(0), fitted.quality)
    assert drawn.mean == fitted.quality.quality.mean
    np.testing.assert_array_equal(drawn.skill, fitted.quality.quality.skill)


@pytest.mark.slow
def test_a_crowd_in_doubt_may_be_of_other_people(fitted, crowd):
    sure, doubted = (mean_skills(fitted, crowd, doubt) for doubt in (False, True))
    # forty people drawn anew: their mean has a standard error of a 1 / sqrt(40)
    error = np.std(fitted.quality.skill) / np.sqrt(40)
    assert np.std(sure) < 0.6 * error
    assert 0.8 * error < np.std(doubted) < 1.3 * error
