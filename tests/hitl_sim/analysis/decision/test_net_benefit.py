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


def test_a_turn_that_is_searched_for_is_where_all_values_show_it():
    rng = np.random.default_rng(3)
    ends = [np.inf, -np.inf, np.nan, 0.0, 1.0]
    intercept, slope = rng.normal(size=(2, 4000))
    intercept[::7], slope[::5] = rng.choice(ends, 572), rng.choice(ends, 800)
    numbers = np.concatenate([[0.0], np.logspace(-2.0, 2.0, 33)])
    with np.errstate(invalid="ignore"):
        net = intercept[:, None] + slope[:, None] * numbers
    net[:, 0] = intercept
    found = acceptability(Line(intercept, slope), numbers)
    np.testing.assert_array_equal(found, (net > 0.0).mean(axis=0))


def test_a_slope_that_is_unknown_leaves_known_what_it_does_not_move():
    line = Line(np.ones(10), np.full(10, np.nan))
    np.testing.assert_array_equal(acceptability(line, [0.0, 1.0]), [1.0, np.nan])


def test_a_control_that_keeps_its_draws_is_drawn_as_any_other():
    rng = np.random.default_rng(4)
    reached = rng.random(9) < 0.7
    control = amounts(rng.lognormal(size=(9, 2)), reached)
    kept, prices = control.keeping(), np.ones((2, 1))
    spent = control.priced(prices[:, 0])
    keeps_spent = spent.keeping()
    for seed in (0, 1, 0):
        weights = resample(9, seed)
        arm = amounts(rng.lognormal(size=(9, 2)))
        np.testing.assert_array_equal(
            Pair(arm, kept).draws(prices, weights),
            Pair(arm, control).draws(prices, weights),
        )
        np.testing.assert_array_equal(keeps_spent.means(weights), spent.means(weights))
    # the same runs under another name are drawn alike
    assert not Pair(control, kept).draws(prices, weights).any()
    assert kept.select(np.arange(3)).draws(np.ones((1, 3))).shape == (1, 2)
