import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.crossing import Payback, find_crossing
from hitl_sim.analysis.chance.interval import percentile_interval, resample


def solve(knots, means, num=20, sd=0.1, seed=0, lost=()):
    """Solve for runs whose mean is exactly this at each knot."""
    noise = np.random.default_rng(seed).normal(0.0, sd, (num, len(means)))
    net = np.asarray(means) + noise - noise.mean(axis=0)
    draws = resample(num, 0) @ net / num
    mean = net.mean(axis=0)
    for knot in lost:
        mean[knot], draws[:, knot] = -np.inf, -np.inf
    return find_crossing(knots, mean, draws, num), draws


def test_a_line_crosses_where_it_is_solved_by_hand():
    found, _ = solve([0.0, 10.0], [3.0, -2.0])
    assert found.course is Payback.UP_TO
    assert found.roots == pytest.approx((6.0,))
    assert found.brackets == ((0.0, 10.0),)


def test_the_set_ends_where_the_interval_of_the_net_benefit_leaves_zero():
    found, draws = solve([0.0, 10.0], [3.0, -2.0], sd=0.5)
    ((low, high),) = found.region
    for value, end in ((low, 0), (high, 1)):
        net = draws[:, 0] + value / 10.0 * (draws[:, 1] - draws[:, 0])
        interval = percentile_interval(net, 20)
        assert interval[end] == pytest.approx(0.0, abs=0.02)
    assert low < 6.0 < high


def test_never_in_this_range_is_an_answer():
    found = solve([0.0, 1.0], [-5.0, -3.0])[0]
    assert found.course is Payback.NEVER
    assert found.roots == ()
    assert found.region == ()
    assert not found.is_open


def test_always_in_this_range_is_an_answer():
    assert solve([0.0, 1.0], [5.0, 3.0])[0].course is Payback.ALWAYS


def test_a_crossing_is_bracketed_by_the_two_settings_around_it():
    found = solve([0.5, 0.7, 0.9, 1.0], [-4.0, -1.0, 1.0, 2.0])[0]
    assert found.course is Payback.FROM
    assert found.brackets == ((0.7, 0.9),)
    assert found.roots == pytest.approx((0.8,))
    ((low, high),) = found.region
    assert 0.7 < low < 0.8 < high < 0.9


def test_a_course_that_turns_twice_has_two_crossings():
    found = solve([0.0, 1.0, 2.0], [-1.0, 1.0, -1.0])[0]
    assert found.course is Payback.SEVERAL
    assert found.roots == pytest.approx((0.5, 1.5))
    assert len(found.region) == 2


def test_a_crossing_into_runs_that_never_reach_is_bracketed_only():
    found, _ = solve([0.0, 1.0, 2.0], [2.0, 1.0, 0.0], lost=[2])
    assert found.course is Payback.UP_TO
    assert math.isnan(found.roots[0])
    assert found.brackets == ((1.0, 2.0),)
    assert found.region == ((1.0, 2.0),)
    assert found.is_open


def test_what_cannot_be_told_from_zero_at_an_end_is_open_beyond_it(holds):
    found = solve([0.0, 1.0], [2.0, 0.01], sd=0.5)[0]
    assert found.is_open
    assert holds(found, 1.3)
    assert not holds(found, -1.0)


def test_an_unknown_net_benefit_has_an_unknown_crossing(holds):
    found = find_crossing([0.0, 1.0], np.full(2, np.nan), np.full((9, 2), np.nan), 9)
    assert found.course is Payback.UNKNOWN
    assert holds(found, 0.3)


def test_few_runs_bound_nothing():
    found = solve([0.0, 1.0], [1.0, -1.0], num=3)[0]
    assert found.region == ((0.0, 1.0),)


def test_knots_that_do_not_increase_are_refused():
    with pytest.raises(ValueError, match="knots"):
        find_crossing([1.0, 1.0], np.zeros(2), np.zeros((9, 2)), 9)


def test_picojoules_are_solved_as_joules_are():
    plain, draws = solve([0.0, 1.0], [3.0, -2.0])
    tiny = find_crossing([0.0, 1e-14], [3e-30, -2e-30], draws * 1e-30, 20)
    assert tiny.roots[0] == pytest.approx(1e-14 * plain.roots[0])
    assert tiny.region[0] == pytest.approx([1e-14 * end for end in plain.region[0]])
