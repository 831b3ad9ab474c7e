"""What is left of the best of many where it is judged elsewhere."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.condition.confirmation import Confirmation, judged_apart
from hitl_sim.energy import Kind, Scope, exact


def confirmation(first, again):
    def ratio(value):
        kind, scope = Kind.SIMULATED, Scope.CONSTANT
        return Estimate(exact(value, "1", kind, scope, "a test"), value, value)

    return Confirmation("digits", "relevance", ratio(first), ratio(again), 8, 4)


@pytest.mark.parametrize(
    ("first", "again", "gone"),
    [(0.5, 0.5, 0.0), (0.25, 0.5, 0.5), (0.5, 1.0, 1.0), (0.5, 2.0, 2.0)],
)
def test_shrinkage_is_the_share_of_log_rho_that_is_gone(first, again, gone):
    assert confirmation(first, again).shrinkage_frac == pytest.approx(gone)


def test_nothing_can_shrink_where_nothing_was_found():
    assert math.isnan(confirmation(1.0, 0.9).shrinkage_frac)


def condition(spent, num_missing=0, reached=True):
    spent = np.asarray(spent, float)
    sample = CostSample(spent, np.full(len(spent), reached), spent)
    return SimpleNamespace(cost_sample=sample, num_missing=num_missing)


def test_the_best_of_many_equals_is_none_where_it_is_judged_apart():
    rng = np.random.default_rng(5)
    picked, apart = [], []
    for _ in range(200):
        control = condition(rng.gamma(20.0, 1.0, 16))
        arms = [condition(rng.gamma(20.0, 1.0, 16)) for _ in range(20)]
        mean = control.cost_sample.spent.mean()
        picked.append(min(arm.cost_sample.spent.mean() for arm in arms) / mean)
        apart.append(judged_apart(arms, control))
    # a saving where there is none, and none of it left
    assert np.mean(picked) < 0.92
    logs = np.log(apart)
    assert abs(logs.mean()) < 4 * logs.std(ddof=1) / np.sqrt(len(logs))


def test_a_real_saving_is_left():
    control = condition(np.full(8, 2.0))
    arms = [condition(np.full(8, joules)) for joules in (1.0, 1.9, 3.0)]
    assert judged_apart(arms, control) == pytest.approx(0.5)


def test_nothing_is_told_of_one_arm_or_of_runs_that_never_get_there():
    control, arm = condition(np.ones(8)), condition(np.ones(8))
    assert math.isnan(judged_apart([arm], control))
    lost = condition(np.ones(8), reached=False)
    assert math.isnan(judged_apart([lost, lost], control))
    assert math.isnan(judged_apart([arm, condition(np.ones(8), 1)], control))
