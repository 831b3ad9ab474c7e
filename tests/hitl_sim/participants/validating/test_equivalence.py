"""The three verdicts on a statistic, and how often they err."""

import math

import numpy as np
import pytest

from hitl_sim.participants.describing.statistic import PLAIN, RATE, TIME, Statistic
from hitl_sim.participants.validating.equivalence import (
    DIFFERENT,
    EQUIVALENT,
    OPEN,
    judge,
    margin_of,
)


def logit(share):
    return math.log(share / (1.0 - share))


def test_margins_are_of_shares_ratios_and_differences():
    down, up = margin_of("accuracy", Statistic(RATE, 0.8))
    assert (down, up) == pytest.approx(
        (logit(0.75) - logit(0.8), logit(0.85) - logit(0.8))
    )
    assert margin_of("seconds, 50 %", Statistic(TIME, 9.0)) == pytest.approx(
        (-math.log(1.25), math.log(1.25))
    )
    assert margin_of("Cohen kappa", Statistic(PLAIN, 0.4)) == (-0.1, 0.1)


def test_a_name_that_begins_so_has_a_margin_of_its_own():
    _, up = margin_of("majority of 3", Statistic(RATE, 0.8))
    assert up == pytest.approx(logit(0.83) - logit(0.8))
    assert margin_of("seconds, 99 %", Statistic(TIME, 99.0))[1] == pytest.approx(
        math.log(1.5)
    )


def test_a_share_that_cannot_rise_so_far_has_no_end_there():
    assert margin_of("accuracy", Statistic(RATE, 0.97))[1] == math.inf
    assert margin_of("accuracy", Statistic(RATE, 0.02))[0] == -math.inf


@pytest.mark.parametrize(
    ("gap", "half", "verdict", "is_powered"),
    [
        (0.0, 0.02, EQUIVALENT, True),
        (0.2, 0.02, DIFFERENT, True),
        (0.1, 0.02, OPEN, True),
        (0.0, 0.2, OPEN, False),
        (0.5, 0.2, DIFFERENT, False),
        (-0.2, 0.02, DIFFERENT, True),
    ],
)
def test_an_interval_is_inside_outside_or_across_the_margin(
    gap, half, verdict, is_powered
):
    real = Statistic(PLAIN, 0.4)
    crowds = 0.4 + gap + np.array([-0.005, 0.005, 0.0])
    found = judge("Cohen kappa", real, crowds, half)
    assert (found.verdict, found.is_powered) == (verdict, is_powered)


def test_fewer_people_never_turn_a_difference_into_a_pass():
    """The error of a half is its own: of a smaller one it is larger."""
    real, crowds = Statistic(PLAIN, 0.4), np.array([0.59, 0.6, 0.61])
    found = [judge("Cohen kappa", real, crowds, half) for half in (0.02, 0.1, 0.5, 2.0)]
    assert EQUIVALENT not in [one.verdict for one in found]
    assert found[0].verdict == DIFFERENT
    assert found[-1].verdict == OPEN


def test_nothing_is_said_where_halves_or_crowds_lack_the_statistic():
    real = Statistic(PLAIN, 0.4)
    assert judge("Cohen kappa", real, np.array([0.4]), 0.1) is None
    assert judge("Cohen kappa", real, np.array([0.4, 0.5]), math.nan) is None


@pytest.mark.parametrize(
    ("gap", "verdict", "rate"),
    [(0.10, EQUIVALENT, 0.05), (0.10, DIFFERENT, 0.05), (0.0, EQUIVALENT, None)],
)
def test_errors_are_as_rare_as_they_should_be(gap, verdict, rate):
    """Means of 200 people: at the margin either claim is wrong in 5 % of the cases.

    4,000 trials of normal means; halves and crowds are drawn as they are for real
    people. With a margin of 3.5 errors, people who are alike are met in more than 80 %.
    """
    rng = np.random.default_rng(5)
    trials, people, crowds = 4000, 200, 12
    error = 0.1 / 3.5
    sd = error * math.sqrt(people)
    hits = 0
    for _ in range(trials):
        halves = rng.normal(0.0, sd / math.sqrt(people / 2), (60, 2))
        half_distance = float(np.sqrt(np.mean((halves[:, 0] - halves[:, 1]) ** 2)))
        real = Statistic(PLAIN, float(rng.normal(0.0, error)))
        drawn = rng.normal(gap, error, crowds)
        hits += judge("Cohen kappa", real, drawn, half_distance).verdict == verdict
    share = hits / trials
    if rate is None:
        assert share > 0.8
    else:
        # the larger of two errors is taken, so that claims are rarer than they may be
        assert 0.02 < share < rate + 4 * math.sqrt(rate * (1 - rate) / trials)
