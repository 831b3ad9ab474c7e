"""The ratio at every target, of courses that were made up."""

import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.condition.by_target import (
    SHARES,
    WAYS,
    Course,
    attainment,
    by_target,
    disagreeing,
)

R, C = 16, 101
CHANCE, PLATEAU = 0.1, 0.9
PLATEAUS = np.full(R, PLATEAU)


def course(rise, most=1.0, cost=1.0):
    """Runs that go a share of the way per checkpoint, up to the most."""
    way = np.minimum(np.arange(C) * rise, most)
    accuracy = CHANCE + way * (PLATEAU - CHANCE) + 1e-9
    joules = cost * np.arange(C, dtype=float)
    ones = np.ones((R, 1))
    return Course(ones * accuracy, ones * joules, np.ones(R, bool))


def held(arm, control, own=None, horizon=100.0):
    pair = arm, control
    own = own or tuple(one.at(0.95 * PLATEAUS) for one in pair)
    return by_target(
        "arm",
        has_people=True,
        pair=pair,
        own=own,
        horizon_j=horizon,
        targets=(PLATEAUS, CHANCE),
        seed=1,
    )


def test_an_arm_that_is_twice_as_quick_takes_half_at_every_target():
    found = held(course(0.02), course(0.01))
    assert found.ratio == pytest.approx(np.full(len(WAYS), 0.5), rel=0.03)
    assert (found.reached == R).all()
    assert found.turns == ()
    assert found.at(0.9).value == pytest.approx(0.5, rel=0.03)


def test_an_arm_that_stops_short_never_gets_to_the_last_targets():
    found = held(course(0.02, most=0.9), course(0.01))
    assert found.at(0.85).value == pytest.approx(0.5, rel=0.05)
    assert found.at(0.95).value == math.inf
    assert found.reached[-1] == 0
    (turn,) = found.turns
    assert 0.9 < turn < 0.92


def test_targets_are_attained_as_soon_as_runs_get_there():
    targets = PLATEAUS, CHANCE
    found = attainment("arm", course(0.01, cost=2.0), targets, has_people=True)
    assert found.share == 1.0
    # targets at 80 to 100 % of the way, of which a checkpoint of 2 J goes 1 %
    assert found.joules[0] == pytest.approx(160.0)
    assert found.joules[-1] == pytest.approx(200.0)
    middle = found.joules[SHARES == 0.5][0]
    assert middle == pytest.approx(180.0, abs=2.0)
    short = attainment("arm", course(0.01, most=0.9), targets, has_people=True)
    # eleven of 21 targets are up to 90 %
    assert short.share == 0.52
    assert np.isnan(short.joules[-1])
    assert short.joules[0] == pytest.approx(80.0)


def test_a_run_that_did_not_stay_finite_is_billed_to_the_cap():
    arm = course(0.02)
    is_ok = np.arange(R) % 2 == 0
    found = held(Course(arm.smoothed, arm.joules, is_ok), course(0.01))
    # half the runs take 50 j to the last target and half 100 without it
    assert found.at(1.0).value == pytest.approx((50 + 100) / 100, rel=0.03)


def test_other_readings_are_of_the_same_runs():
    is_reached = np.arange(R) < R // 2
    arm = CostSample(np.where(is_reached, 20.0, 90.0), is_reached)
    control = CostSample(np.full(R, 40.0), np.ones(R, bool))
    found = held(course(0.02), course(0.01), own=(arm, control), horizon=60.0)
    # 20 where it got there and the whole horizon where it did not
    assert found.restricted.value == pytest.approx((20 + 60) / 2 / 40)
    assert found.both.value == pytest.approx(20 / 40)
    assert found.num_both == R // 2
    rho = arm.per_success / control.per_success
    assert disagreeing(found, rho, 0.05) == ["restricted", "both"]
    assert disagreeing(found, 0.52, 0.05) == ["restricted"]
    # of an arm that nobody saw get there rho has no end
    assert disagreeing(found, math.inf, 0.05) == ["restricted", "both"]
    assert disagreeing(found, math.nan, 0.05) == []


def test_without_a_pair_that_both_reached_there_is_no_such_reading():
    nobody = CostSample(np.full(R, 50.0), np.zeros(R, bool))
    everybody = CostSample(np.full(R, 50.0), np.ones(R, bool))
    found = held(course(0.02), course(0.01), own=(nobody, everybody))
    assert math.isnan(found.both.value)
    assert found.num_both == 0
