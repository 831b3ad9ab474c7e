"""What a study claims, and what failures would undo."""

import math

import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.chance.claim import Effect, Held, Spent, find_side, find_sides
from hitl_sim.analysis.chance.interval import CostSample, ratio_interval, resample
from hitl_sim.analysis.condition.break_even import Answer

CAP = 3.3
NUM = 32


def runs(mean, num_failed=0, seed=0, sd=0.1):
    rng = np.random.default_rng(seed)
    reached = np.arange(NUM) >= num_failed
    spent = mean * np.exp(rng.normal(0.0, sd, NUM))
    return CostSample(np.where(reached, spent, CAP), reached, np.full(NUM, CAP))


def held(arm, control, num_alike=1):
    alike = [np.ones(NUM, bool)] * (num_alike - 1)
    return Held(find_side(arm.is_reached, *alike), find_side(control.is_reached))


def claim(arm, control, num_alike=1):
    weights = resample(NUM, 0)
    low, high = ratio_interval(arm, control, weights)
    return held(arm, control, num_alike).claim(low, high, (arm, control), weights, 0.05)


def test_a_saving_that_one_failure_more_would_undo_is_withheld():
    found = claim(runs(0.84), runs(1.0, seed=1))
    assert found.by_interval is Effect.SAVES
    assert found.effect is Effect.TOO_FEW_FAILURES
    assert found.survived < 1 / NUM < found.may_fail


def test_the_same_saving_stands_where_ten_arms_never_fail():
    found = claim(runs(0.84), runs(1.0, seed=1), num_alike=10)
    assert found.effect is Effect.SAVES
    assert found.may_fail <= found.survived < 1 / NUM


def test_the_share_that_a_saving_survives_is_where_its_interval_meets_the_limit():
    arm, control = runs(0.5), runs(1.0, seed=1)
    survived = claim(arm, control).survived
    odds = survived / (1 - survived)
    dearer = CostSample(arm.spent + CAP * odds, arm.is_reached, arm.if_failed)
    _, high = ratio_interval(dearer, control, resample(NUM, 0))
    assert high == pytest.approx(0.95, abs=0.002)


def test_a_loss_hangs_on_the_control_s_failures_and_arms_do_not_vouch_for_it():
    found = claim(runs(1.25), runs(1.0, seed=1), num_alike=10)
    assert found.by_interval is Effect.COSTS_MORE
    assert found.effect is Effect.TOO_FEW_FAILURES
    assert found.hangs_on == "control"
    assert claim(runs(2.0), runs(1.0, seed=1)).effect is Effect.COSTS_MORE


def test_no_difference_hangs_on_both():
    found = claim(runs(1.0, sd=0.01), runs(1.0, seed=1, sd=0.01), num_alike=10)
    assert found.by_interval is Effect.NO_DIFFERENCE
    assert found.effect is Effect.TOO_FEW_FAILURES


@pytest.mark.parametrize(
    ("num_failed", "is_guarded"), [(0, False), (2, True), (9, False)]
)
def test_a_side_that_failed_a_few_times_counts_with_as_few_as_may_be(
    num_failed, is_guarded
):
    """Of 32 that failed twice .4 % may fail: spent per success is 1.01, not 1.2."""
    one = runs(1.0, num_failed, sd=0.0)
    weights = resample(NUM, 0)
    drawn = one.draws(weights)
    reached, at_cap = np.ones_like(drawn), np.full_like(drawn, CAP)
    side = find_side(one.is_reached)
    found = side.guarded(Spent(drawn, reached, at_cap)).per_success
    expected = 1.0 + CAP * side.least / (1.0 - side.least)
    np.testing.assert_allclose(found, expected if is_guarded else drawn)
    assert not is_guarded or found[0] < drawn.mean() / 1.1


def test_a_withheld_claim_says_how_many_replicates_would_do():
    found = claim(runs(0.75), runs(1.0, seed=1))
    assert found.effect is Effect.TOO_FEW_FAILURES
    assert found.enough > NUM
    again = find_side(np.ones(found.enough, bool))
    assert again.may_fail <= found.survived


def test_an_interval_that_claims_nothing_survives_nothing():
    found = claim(runs(1.0, sd=0.3), runs(1.0, seed=1, sd=0.3))
    assert found.effect is Effect.UNDETERMINED
    assert math.isnan(found.survived)


def test_the_same_runs_as_the_control_s_are_no_different_whatever_may_fail():
    assert claim(runs(1.0), runs(1.0)).effect is Effect.NO_DIFFERENCE


def test_conditions_that_are_the_same_runs_count_once():
    arm, control = runs(0.8), runs(1.0, seed=1)
    alone = {"control": ("control", control), "one": ("arm", arm)}
    twice = {**alone, "again": ("arm", runs(0.8))}
    apart = {**alone, "again": ("arm", runs(0.8, seed=2))}
    bounds = [find_sides(some)["one"].may_fail for some in (alone, twice, apart)]
    assert bounds[0] == bounds[1] > bounds[2]


def test_the_control_is_like_its_copies_and_not_like_arms():
    some = {f"arm {seed}": ("arm", runs(0.8, seed=seed)) for seed in range(5)}
    control = {"control": ("control", runs(1.0, seed=9))}
    copy = {"copy": ("null", runs(1.0, seed=8))}
    assert len(find_sides(some | control)["control"].alike) == 0
    assert len(find_sides(some | control | copy)["control"].alike) == 1
    assert len(find_sides(some | control)["arm 0"].alike) == 4


def test_people_are_not_said_to_pay_where_unseen_failures_would_undo_it(
    synthetic, analysed, prices
):
    """Free people who save a little: the order of the bills hangs on failures."""
    free = msgspec.structs.replace(prices, boundary="device_only")
    little = synthetic.relevance(0.8, wait_s=0.0)
    much = synthetic.relevance(0.3, wait_s=0.0)
    answers = [
        analysed([arm], prices=free, num_replicates=16, sd=0.05).tasks[0].findings[0]
        for arm in (little, much)
    ]
    assert answers[0].ratio.high < 1.0
    assert answers[0].at("joules").pays_here is Answer.UNDETERMINED
    assert answers[1].at("joules").pays_here is Answer.YES
