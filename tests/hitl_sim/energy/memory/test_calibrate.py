import math

import msgspec
import pytest

from hitl_sim.energy import Kind, Scope, exact, load_profile
from hitl_sim.energy.memory import calibrate
from hitl_sim.energy.profile import Constant, MeasuredCost


def modelled(value):
    return exact(value, "J", Kind.MODELLED_ANALYTIC, Scope.CHIP, "model")


def measured(joules, error=0.1):
    def constant(value):
        ends = value / (1 + error), value * (1 + error)
        return Constant(value, *ends, "measured_counter", "test")

    return MeasuredCost(seconds=constant(1.0), joules=constant(joules))


def profile(**joules):
    units = {name: measured(value) for name, value in joules.items()}
    return msgspec.structs.replace(load_profile("laptop-cpu"), unit=units)


def test_without_a_measured_unit_nothing_is_calibrated():
    assert calibrate({"step": modelled(2.0)}, load_profile("laptop-cpu")) is None
    assert calibrate({"step": modelled(2.0)}, profile(other=3.0)) is None


def test_one_unit_gives_its_ratio_and_the_error_of_its_measurement():
    fit = calibrate({"step": modelled(2.0)}, profile(step=30.0))
    assert fit.factor.value == pytest.approx(15.0)
    assert fit.factor.interval == pytest.approx((15.0 / 1.1, 15.0 * 1.1))
    assert fit.num_units == 1


def test_several_units_give_the_mean_ratio_on_the_log_scale():
    ratios = {"a": 8.0, "b": 10.0, "c": 12.5}
    fit = calibrate(
        {name: modelled(2.0) for name in ratios},
        profile(**{name: 2.0 * ratio for name, ratio in ratios.items()}),
    )
    assert fit.factor.value == pytest.approx(10.0)
    spread = math.log(1.25) * math.sqrt(4 / 3)
    half = math.hypot(4.3027 * spread, math.log(1.1))
    assert math.log(fit.factor.interval[1] / 10.0) == pytest.approx(half, rel=0.01)


def test_two_units_span_what_was_seen():
    fit = calibrate({"a": modelled(1.0), "b": modelled(1.0)}, profile(a=5.0, b=20.0))
    assert fit.factor.value == pytest.approx(10.0)
    assert fit.factor.interval == pytest.approx((5.0 / 1.1, 20.0 * 1.1))


def test_calibrated_joules_take_the_scope_and_name_of_the_device():
    fit = calibrate({"step": modelled(2.0)}, profile(step=30.0))
    joules = fit.apply(modelled(4.0))
    assert joules.value == pytest.approx(60.0)
    assert joules.kind is Kind.MODELLED_CALIBRATED
    assert joules.scope is Scope.PACKAGE
    assert joules.of == "laptop-cpu"
    assert joules.interval[0] < 60.0 < joules.interval[1]
