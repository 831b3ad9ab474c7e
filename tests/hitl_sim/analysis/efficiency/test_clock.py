import numpy as np
import pytest

from hitl_sim.analysis.efficiency.clock import ClockPolicy, Clocks, clock_policies
from hitl_sim.energy.clock import default_shares


@pytest.fixture(scope="module")
def result(analysed):
    return analysed()


@pytest.fixture(scope="module")
def clocks(result):
    return Clocks(result.work, result.profile)


@pytest.fixture(scope="module")
def control(result):
    return result.tasks[0].control


def test_at_the_highest_clock_runs_take_what_they_were_billed(clocks, control):
    (top,) = (clocks.choose(ClockPolicy("top", most_time=1.0), control),)
    assert top.share == 1.0
    found = clocks.finding(control, control, top, "top", 0)
    np.testing.assert_allclose(
        found.cost_sample.spent, control.cost_sample.spent, rtol=1e-9
    )
    np.testing.assert_allclose(clocks.spread(1.0), 1.0)


def test_the_chosen_clock_takes_least_energy_of_those_in_time(clocks, control):
    def joules(share):
        point = clocks.choose(ClockPolicy("x"), control)
        at = type(point)(point.policy, share, 1.0)
        found = clocks.finding(control, control, at, "x", 0)
        return found.cost_sample.per_success

    free = clocks.choose(ClockPolicy("free"), control)
    assert joules(free.share) < min(joules(free.share + d) for d in (-0.05, 0.05))
    bound = clocks.choose(ClockPolicy("bound", most_time=1.1), control)
    assert bound.time <= 1.1
    assert free.share < bound.share < 1.0


def test_a_cap_is_kept_by_the_highest_clock_that_keeps_it(clocks, control):
    """static + (1 - static) s^3 = cap."""
    static = default_shares().static_frac.value
    point = clocks.choose(ClockPolicy("cap", cap_frac=0.7), control)
    assert static + (1 - static) * point.share**3 == pytest.approx(0.7)
    assert clocks.choose(ClockPolicy("cap", cap_frac=static / 2), control) is None


def test_what_is_assumed_of_static_power_widens_rho(clocks, control):
    point = clocks.choose(ClockPolicy("free"), control)
    found = clocks.finding(control, control, point, "free", 0).ratio
    assert found.low < found.value - 0.05
    assert found.high > found.value + 0.05


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0.9, 0.7), "`most_time` must be >= 1, got 0.9"),
        ((1.1, 0.0), "`power_cap` must be > 0 and <= 1, got 0.0"),
        ((1.1, 1.5), "`power_cap` must be > 0 and <= 1, got 1.5"),
    ],
)
def test_impossible_limits_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        clock_policies(*settings)
