"""How often 95 % intervals hold the truth, over 2,000 synthetic studies per case."""

import numpy as np
import pytest

from hitl_sim.analysis.chance.crossing import find_crossing
from hitl_sim.analysis.chance.fieller import fieller
from hitl_sim.analysis.chance.interval import CostSample, ratio_interval, resample
from hitl_sim.analysis.condition.break_even import find_break_evens
from hitl_sim.analysis.decision.net_benefit import Pair
from hitl_sim.analysis.run.sample import Split
from hitl_sim.energy import Kind, Quantity, Scope, exact

STUDIES = 2_000
SD = 0.25
CAP = 3.3
"""As studies have it, beside what a run of the control spends."""
HOURS = 5.0
NAMES = ("train", "paid_s")
SAVED = np.array([[1.0], [0.0]])
SPENT = np.array([[0.0], [1.0]])
FREE = exact(0.0, "J", Kind.ASSUMED, Scope.NODE, "labels are free")

pytestmark = pytest.mark.slow


def draw(rng, num, mean, reach, shared):
    """Lognormal joules to the target, the cap where it is not reached."""
    spent = mean * np.exp(shared + rng.normal(0.0, SD, num) - SD**2)
    is_reached = rng.random(num) < reach
    return np.where(is_reached, spent, CAP), is_reached


def draw_pair(rng, num, ratio, reach, control_reach):
    shared = rng.normal(0.0, SD, num)
    control, control_reached = draw(rng, num, 1.0, control_reach, shared)
    arm, arm_reached = draw(rng, num, ratio, reach, shared)
    hours = HOURS * np.exp(rng.normal(0.0, 0.1, num) - 0.005)
    return Pair(
        amounts(arm, hours, arm_reached), amounts(control, 0.0 * hours, control_reached)
    )


def amounts(spent, hours, is_reached):
    rows = np.stack([spent, hours], axis=1)
    at_cap = np.stack([np.full_like(spent, CAP), hours], axis=1)
    return CostSample(rows, is_reached, at_cap, NAMES)


def per_success(mean, reach):
    return (mean * reach + CAP * (1.0 - reach)) / reach


def saving(ratio, reach, control_reach):
    return per_success(1.0, control_reach) - per_success(ratio, reach)


def share(hits):
    return sum(hits) / STUDIES


CASES = [
    (16, 0.7, 1.0, 1.0),
    (32, 0.7, 1.0, 1.0),
    (16, 1.0, 1.0, 1.0),
    (32, 1.0, 1.0, 1.0),
    (32, 0.7, 0.875, 1.0),
    (32, 0.4, 0.8, 1.0),
    (16, 0.7, 0.8, 1.0),
    (32, 0.7, 0.4, 1.0),
    (32, 0.5, 0.8, 0.9),
]
"""Replicates, ratio of the means, chances of arm and control to reach.

In the third and fourth the saving is 0. Where fewer than three runs are expected to
fail, and some may, less is held: a study is then likely to see none, and an interval
makes no allowance for what was never seen. There the claim is withheld instead, as
experiments/rho_coverage.md shows by the cell. With 16 replicates of which half fail
more is held: 97.4 %.
"""
SAVING = [case for case in CASES if saving(*case[1:]) >= 0.0]
"""Where M* is a number or nothing is saved; "never" would be held by any set."""
PRICES = np.array([-60.0, 60.0])


@pytest.mark.parametrize(("num", "ratio", "reach", "control"), CASES)
def test_the_interval_of_rho_holds_it_in_93_to_97_of_100(num, ratio, reach, control):
    rng = np.random.default_rng(1)
    truth = per_success(ratio, reach) / per_success(1.0, control)
    hits = []
    for _ in range(STUDIES):
        pair = draw_pair(rng, num, ratio, reach, control)
        low, high = ratio_interval(
            cost_sample(pair.arm), cost_sample(pair.control), resample(num, 0)
        )
        hits.append(low <= truth <= high)
    assert 0.93 <= share(hits) <= 0.97


def cost_sample(spent):
    return spent.priced(SAVED[:, 0])


@pytest.mark.parametrize(("num", "ratio", "reach", "control"), SAVING)
def test_the_interval_of_m_star_holds_it_in_93_to_97_of_100(num, ratio, reach, control):
    rng = np.random.default_rng(2)
    saved = saving(ratio, reach, control)
    hits = []
    for _ in range(STUDIES):
        pair = draw_pair(rng, num, ratio, reach, control)
        (found,) = find_break_evens(
            "joules", split(pair.arm), split(pair.control), [FREE], resample(num, 0)
        )
        if saved:
            truth = HOURS / reach / saved
            hits.append(found.multiple.low <= truth <= found.multiple.high)
        else:
            hits.append(found.is_undetermined)
    assert 0.93 <= share(hits) <= 0.97


def split(used):
    whole = used.pooled
    trained, stood_beside = (
        CostSample(spent, used.is_reached, at_cap)
        for spent, at_cap in zip(used.spent.T, used.if_failed.T, strict=True)
    )

    def joules(value):
        scope = Scope.NODE
        return Quantity(value, "J", Kind.MODELLED_ANALYTIC, scope, None, "synthetic")

    return Split(
        joules(whole[0]),
        joules(whole[1]),
        trained,
        stood_beside,
        labelled=trained.times(0.0),
    )


@pytest.mark.parametrize(("num", "ratio", "reach", "control"), CASES)
def test_the_set_of_a_break_even_price_holds_it_in_93_to_97_of_100(
    holds, num, ratio, reach, control
):
    rng = np.random.default_rng(3)
    worth = 100.0
    wage = worth * saving(ratio, reach, control) * reach / HOURS
    ends = np.array([[worth, worth], PRICES])
    hits = []
    for _ in range(STUDIES):
        pair = draw_pair(rng, num, ratio, reach, control)
        found = pair.crossing(PRICES, ends, resample(num, 0))
        hits.append(holds(found, wage))
    assert 0.93 <= share(hits) <= 0.97


@pytest.mark.parametrize("num", [16, 32])
def test_the_set_of_a_break_even_quality_holds_it_in_93_to_97_of_100(holds, num):
    """Rho falls from 1.2 to .6 along accuracies of .5, .75 and 1."""
    rng = np.random.default_rng(4)
    settings, ratios = np.array([0.5, 0.75, 1.0]), np.array([1.2, 0.9, 0.6])
    truth = 0.5 + 0.25 * (1.2 - 1.0) / (1.2 - 0.9)
    hits = []
    for _ in range(STUDIES):
        shared = rng.normal(0.0, SD, num)
        control, _ = draw(rng, num, 1.0, 1.0, shared)
        arms = [draw(rng, num, ratio, 1.0, shared)[0] for ratio in ratios]
        net = np.stack([control - arm for arm in arms], axis=1)
        draws = resample(num, 0) @ net / num
        hits.append(holds(find_crossing(settings, net.mean(axis=0), draws, num), truth))
    assert 0.93 <= share(hits) <= 0.97


@pytest.mark.parametrize(("num", "ratio", "reach", "control"), CASES)
def test_joules_saved_per_hour_are_held_in_93_to_99_of_100_or_87_where_few_fail(
    holds, num, ratio, reach, control
):
    """Failures at 3.3 times the price are skewed, and Fieller's set is a normal one's.

    With 3 to 7 failures expected it holds 89 to 93 %. Where both fail and nothing is
    saved, it is wider than it need be.
    """
    rng = np.random.default_rng(5)
    truth = saving(ratio, reach, control) * reach / HOURS
    hits = []
    for _ in range(STUDIES):
        pair = draw_pair(rng, num, ratio, reach, control)
        found = fieller(pair.by_run(SAVED)[:, 0], -pair.by_run(SPENT)[:, 0])
        hits.append(holds(found, truth))
    fails = num * (2.0 - reach - control)
    assert (0.87 if 0.0 < fails < 10.0 else 0.93) <= share(hits) <= 0.99
