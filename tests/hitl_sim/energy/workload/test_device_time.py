"""Device seconds and joules of operations and of hours."""

import pytest

from hitl_sim.energy import Kind, load_profile
from hitl_sim.energy.workload import (
    Stated,
    cost_of_hours,
    cost_of_operations,
    quantity_of,
)


def share(number, name="utilisation"):
    return quantity_of(number, "1", name)


def test_seconds_are_operations_over_the_peak_that_is_reached():
    a100 = load_profile("a100")
    cost = cost_of_operations(3.12e17, a100, "bfloat16", share(0.5))
    assert cost.seconds.value == pytest.approx(2000)
    assert cost.joules.value == pytest.approx(2000 * 300)
    low, high = cost.joules.interval
    assert (low, high) == pytest.approx((2000 * 150, 2000 * 400))


def test_an_interval_of_the_utilisation_is_one_of_the_joules():
    given = Stated(value=0.5, low=0.25, high=1.0)
    watts = quantity_of(300, "W", "watts")
    cost = cost_of_operations(
        3.12e17, load_profile("a100"), "bfloat16", share(given), watts
    )
    assert cost.joules.interval == pytest.approx((1000 * 300, 4000 * 300))


def test_tf32_is_faster_than_float32_where_the_device_has_it():
    cost = {
        p: cost_of_operations(1e15, load_profile("a100"), p, share(0.5)).seconds.value
        for p in ("float32", "tf32")
    }
    assert cost["float32"] / cost["tf32"] == pytest.approx(156 / 19.5)


def test_a_precision_that_the_device_lacks_is_refused():
    with pytest.raises(ValueError, match=r"'float16', 'int8'\), got 'bfloat16'"):
        cost_of_operations(1e15, load_profile("v100"), "bfloat16", share(0.5))


@pytest.mark.parametrize("number", [0.0, 1.2, Stated(value=0.9, high=1.1)])
def test_a_utilisation_above_one_is_refused(number):
    with pytest.raises(ValueError, match="`utilisation` must be > 0 and at most 1"):
        cost_of_operations(1e15, load_profile("a100"), "bfloat16", share(number))


def test_hours_in_which_nothing_is_computed_are_idle():
    a100 = load_profile("a100")
    hours = quantity_of(10, "h", "hours")
    full = cost_of_hours(hours, a100)
    half = cost_of_hours(hours, a100, share(0.5, "busy"))
    assert full.joules.value == pytest.approx(36_000 * 300)
    assert half.joules.value == pytest.approx(18_000 * (300 + 55))
    assert full.seconds.value == half.seconds.value == 36_000


def test_what_somebody_measured_is_told_from_what_is_stated():
    kinds = [
        quantity_of(number, "1", "x").kind
        for number in (0.5, Stated(value=0.5), Stated(value=0.5, kind="measured"))
    ]
    assert kinds == [Kind.ASSUMED, Kind.ASSUMED, Kind.MEASURED_SAMPLED]


def test_an_interval_must_hold_its_value():
    with pytest.raises(ValueError, match="`hours` must hold finite numbers"):
        quantity_of(Stated(value=0.5, low=0.6), "h", "hours")


def test_two_numbers_of_one_source_do_not_err_together():
    def given(value, unit, name):
        number = Stated(value=value, low=value / 2, high=value * 2, source="a paper")
        return quantity_of(number, unit, name)

    a100 = load_profile("a100")
    watts, reached = given(400.0, "W", "watts"), given(0.4, "1", "utilisation")
    cost = cost_of_operations(1e18, a100, "bfloat16", reached, watts)
    # both are halved or doubled at worst, in quadrature on the log scale
    spread = 2 ** (2**0.5)
    low, high = cost.joules.interval
    assert low == pytest.approx(cost.joules.value / spread)
    assert high == pytest.approx(cost.joules.value * spread)
    assert watts.source == "a paper"
