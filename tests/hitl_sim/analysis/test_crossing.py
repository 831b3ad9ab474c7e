import math

import numpy as np
import pytest

from hitl_sim.analysis.crossing import Course, find_crossing
from hitl_sim.analysis.fieller import fieller


def spread(means, num=20, sd=0.1, seed=0):
    """Runs whose mean is exactly this at each knot."""
    noise = np.random.default_rng(seed).normal(0.0, sd, (num, len(means)))
    return np.asarray(means) + noise - noise.mean(axis=0)


def test_a_line_crosses_where_it_is_solved_by_hand():
    found = find_crossing([0.0, 10.0], spread([3.0, -2.0]))
    assert found.course is Course.UP_TO
    assert found.roots == pytest.approx((6.0,))
    assert found.brackets == ((0.0, 10.0),)


def test_the_set_of_a_line_is_fiellers():
    net = spread([3.0, -2.0], sd=0.5)
    slope = (net[:, 1] - net[:, 0]) / 10.0
    expected = fieller(net[:, 0], -slope)
    ((low, high),) = find_crossing([0.0, 10.0], net).region
    assert low == pytest.approx(expected.low)
    assert high == pytest.approx(expected.high)


def test_never_in_this_range_is_an_answer():
    found = find_crossing([0.0, 1.0], spread([-5.0, -3.0]))
    assert found.course is Course.NEVER
    assert found.roots == ()
    assert found.region == ()
    assert not found.is_open


def test_always_in_this_range_is_an_answer():
    assert find_crossing([0.0, 1.0], spread([5.0, 3.0])).course is Course.ALWAYS


def test_a_crossing_is_bracketed_by_the_two_settings_around_it():
    found = find_crossing([0.5, 0.7, 0.9, 1.0], spread([-4.0, -1.0, 1.0, 2.0]))
    assert found.course is Course.FROM
    assert found.brackets == ((0.7, 0.9),)
    assert found.roots == pytest.approx((0.8,))
    ((low, high),) = found.region
    assert 0.7 < low < 0.8 < high < 0.9


def test_a_course_that_turns_twice_has_two_crossings():
    found = find_crossing([0.0, 1.0, 2.0], spread([-1.0, 1.0, -1.0]))
    assert found.course is Course.SEVERAL
    assert found.roots == pytest.approx((0.5, 1.5))
    assert len(found.region) == 2


def test_a_crossing_into_runs_that_never_reach_is_bracketed_only():
    net = spread([2.0, 1.0, 0.0])
    net[:, 2] = -np.inf
    found = find_crossing([0.0, 1.0, 2.0], net)
    assert found.course is Course.UP_TO
    assert math.isnan(found.roots[0])
    assert found.brackets == ((1.0, 2.0),)
    assert found.region == ((1.0, 2.0),)
    assert found.is_open


def test_what_cannot_be_told_from_zero_at_an_end_is_open_beyond_it():
    found = find_crossing([0.0, 1.0], spread([2.0, 0.01], sd=0.5))
    assert found.is_open
    assert found.holds(1.3)
    assert not found.holds(-1.0)


def test_an_unknown_net_benefit_has_an_unknown_crossing():
    found = find_crossing([0.0, 1.0], np.full((10, 2), np.nan))
    assert found.course is Course.UNKNOWN
    assert found.holds(0.3)


def test_few_runs_bound_nothing():
    found = find_crossing([0.0, 1.0], spread([1.0, -1.0], num=3))
    assert found.region == ((0.0, 1.0),)


def test_knots_that_do_not_increase_are_refused():
    with pytest.raises(ValueError, match="knots"):
        find_crossing([1.0, 1.0], np.zeros((9, 2)))


def test_picojoules_are_solved_as_joules_are():
    net = spread([3.0, -2.0])
    plain, tiny = (
        find_crossing([0.0, 1.0], net),
        find_crossing([0.0, 1e-14], net * 1e-30),
    )
    assert tiny.roots[0] == pytest.approx(1e-14 * plain.roots[0])
    assert tiny.region[0][0] == pytest.approx(1e-14 * plain.region[0][0])
