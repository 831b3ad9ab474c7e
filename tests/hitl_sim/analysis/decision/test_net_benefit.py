import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import CostSample, resample
from hitl_sim.analysis.decision.net_benefit import (
    Line,
    Pair,
    acceptability,
    probability,
)

NAMES = ("train", "paid_s")


def amounts(rows, reached=None):
    rows = np.asarray(rows, float)
    done = np.ones(len(rows), bool) if reached is None else np.asarray(reached)
    return CostSample(rows, done, names=NAMES)


@pytest.fixture
def pair():
    return Pair(amounts([[4.0, 2.0]] * 8), amounts([[10.0, 0.0]] * 8))


def test_net_benefit_is_the_control_s_bill_less_the_arm_s(pair):
    prices = np.array([[2.0, 1.0], [1.0, 5.0]])
    np.testing.assert_allclose(pair.net(prices), [20.0 - 10.0, 10.0 - 14.0])


def test_runs_that_fail_are_paid_for_by_those_that_reach():
    reached = [True, False] * 4
    pair = Pair(amounts([[4.0, 0.0]] * 8, reached), amounts([[10.0, 0.0]] * 8))
    np.testing.assert_allclose(pair.net(np.ones((2, 1))), [10.0 - 8.0])


def test_the_mean_pseudo_value_is_the_net_benefit():
    rng = np.random.default_rng(0)
    arm = amounts(rng.lognormal(size=(9, 2)), rng.random(9) < 0.7)
    control = amounts(rng.lognormal(size=(9, 2)))
    prices = np.array([[2.0, 0.1], [0.3, 4.0]])
    pair = Pair(arm, control)
    np.testing.assert_allclose(pair.by_run(prices).mean(axis=0), pair.net(prices))


def test_each_resample_in_a_world_of_its_own_is_the_diagonal_of_all():
    rng = np.random.default_rng(1)
    pair = Pair(
        amounts(rng.lognormal(size=(9, 2))), amounts(rng.lognormal(size=(9, 2)))
    )
    weights = resample(9, 0)[:50]
    prices = rng.lognormal(size=(2, 50))
    np.testing.assert_allclose(
        pair.paired_draws(prices, weights), np.diag(pair.draws(prices, weights))
    )


def test_an_arm_that_never_reaches_pays_at_no_price():
    lost = amounts([[1.0, 1.0]] * 8, np.zeros(8, bool))
    pair = Pair(lost, amounts([[10.0, 0.0]] * 8))
    net = pair.draws(np.ones((2, 3)), resample(8, 0))
    assert np.isneginf(net).all()
    assert probability(net[:, 0]) == 0.0


def test_where_neither_reaches_nobody_pays():
    lost = amounts([[1.0, 1.0]] * 8, np.zeros(8, bool))
    net = Pair(lost, lost).draws(np.ones((2, 1)), resample(8, 0))
    assert probability(np.concatenate([net[:, 0], [1.0]])) == pytest.approx(1 / 2001)


def test_an_unknown_price_leaves_the_probability_unknown(pair):
    net = pair.draws(np.array([[1.0], [np.nan]]), resample(8, 0))
    assert np.isnan(probability(net[:, 0]))


def test_acceptability_is_the_normal_curve_of_a_normal_net_benefit():
    draws = np.random.default_rng(2).normal(3.0, 1.0, 40_000)
    line = Line(draws, np.full(40_000, -1.0))
    found = acceptability(line, [0.0, 3.0, 4.0])
    tolerance = 4.0 * 0.5 / np.sqrt(40_000)
    np.testing.assert_allclose(found, [0.99865, 0.5, 0.15866], atol=tolerance)


def test_a_certain_crossing_is_a_step():
    line = Line(np.full(100, 6.0), np.full(100, -2.0))
    np.testing.assert_array_equal(acceptability(line, [2.9, 3.1]), [1.0, 0.0])
