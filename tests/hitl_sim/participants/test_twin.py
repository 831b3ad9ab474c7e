"""Crowds in doubt differ by what the answers leave open, and not by luck alone."""

import numpy as np
from known_crowd import make_design

from hitl_sim.participants.twin import draw_numbers, draw_twins

DRAWS = 300


def mean_skills(fitted, crowd, is_in_doubt):
    """Draw crowds of 400 like the fitted 40 people: the mean skill of each crowd."""
    rng = np.random.default_rng(0)
    design = make_design(400, 400, 4, 0)
    return [
        np.mean(draw_twins(rng, fitted, crowd[0], design, is_in_doubt).skill)
        for _ in range(DRAWS)
    ]


def test_numbers_in_doubt_spread_as_far_as_they_are_unknown(fitted):
    rng, fit = np.random.default_rng(0), fitted.quality
    drawn = np.array([draw_numbers(rng, fit).shared for _ in range(DRAWS)])
    sd = float(fit.sd("shared"))
    # 4 standard errors of the mean, and of a standard deviation
    assert abs(drawn.mean() - float(fit.quality.shared)) < 4 * sd / np.sqrt(DRAWS)
    assert abs(drawn.std() / sd - 1.0) < 4 / np.sqrt(2 * DRAWS)


def test_people_stay_who_they_are_when_numbers_are_drawn(fitted):
    drawn = draw_numbers(np.random.default_rng(0), fitted.quality)
    assert drawn.mean == fitted.quality.quality.mean
    np.testing.assert_array_equal(drawn.skill, fitted.quality.quality.skill)


def test_a_crowd_in_doubt_may_be_of_other_people(fitted, crowd):
    sure, doubted = (mean_skills(fitted, crowd, doubt) for doubt in (False, True))
    # forty people drawn anew: their mean has a standard error of a 1 / sqrt(40)
    error = np.std(fitted.quality.skill) / np.sqrt(40)
    assert np.std(sure) < 0.6 * error
    assert 0.8 * error < np.std(doubted) < 1.3 * error
