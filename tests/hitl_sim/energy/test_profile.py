import msgspec
import pytest

from hitl_sim.energy import Kind, Scope, WorkUnit, total
from hitl_sim.energy.profile import (
    Constant,
    DeviceProfile,
    MeasuredCost,
)


def fixed(value, kind="modelled_analytic"):
    return Constant(value, value, value, kind, "datasheet")


def device(**changes):
    fields = {
        "name": "box",
        "description": "a box",
        "scope": "package",
        "idle_w": fixed(2.0, "assumed"),
        "launch_w": fixed(10.0),
        "active_w": fixed(100.0),
        "launch_s": fixed(1e-6),
        "peak_flop_per_s": {"float32": fixed(1e12), "bfloat16": fixed(4e12)},
        "bandwidth_b_per_s": fixed(1e10),
        "compute_efficiency_frac": fixed(0.5),
        "bandwidth_efficiency_frac": fixed(0.25),
    }
    return DeviceProfile(**fields | changes)


def work(flops=None, bytes_moved=0.0, num_kernels=0, name="train"):
    return WorkUnit(name, "train", flops or {}, bytes_moved, num_kernels)


def test_seconds_are_launches_and_the_slower_of_compute_and_memory():
    compute = device().unit_cost(work({"float32": 1e9}, 1e3, 5)).seconds
    memory = device().unit_cost(work({"float32": 1e3}, 1e7, 5)).seconds
    assert compute.value == pytest.approx(5e-6 + 1e9 / 0.5e12)
    assert memory.value == pytest.approx(5e-6 + 1e7 / 0.25e10)
    assert (compute.unit, compute.scope) == ("s", Scope.DEVICE_TIME)


def test_joules_take_launch_watts_while_launching_and_active_watts_while_busy():
    joules = device().unit_cost(work({"float32": 1e9}, 0.0, 5)).joules
    assert joules.value == pytest.approx(5e-6 * 10.0 + 2e-3 * 100.0)
    assert (joules.unit, joules.scope, joules.of) == ("J", Scope.PACKAGE, "box")


def test_each_type_has_its_own_rate_and_unlisted_ones_the_float32_rate():
    assert device().unit_cost(work({"bfloat16": 4e12})).seconds.value == 2.0
    assert device().unit_cost(work({"int8": 1e12})).seconds.value == 2.0
    mixed = work({"bfloat16": 4e12, "float32": 1e12})
    assert device().unit_cost(mixed).seconds.value == 4.0


def test_analytic_costs_are_modelled_and_name_what_is_assumed():
    cost = device(launch_s=fixed(1e-6, "assumed")).unit_cost(work({"float32": 1e9}))
    assert cost.joules.kind is Kind.MODELLED_ANALYTIC
    assert "assumed: idle_w, launch_s" in cost.joules.source
    assert device().idle_power.kind is Kind.ASSUMED


def test_intervals_come_from_the_constants():
    slow = device(
        compute_efficiency_frac=Constant(0.5, 0.25, 1.0, "assumed", "a guess")
    )
    seconds = slow.unit_cost(work({"float32": 1e12})).seconds
    assert seconds.value == 2.0
    assert seconds.interval == pytest.approx((1.0, 4.0))
    assert device().unit_cost(work({"float32": 1e12})).seconds.interval == (2.0, 2.0)


def test_costs_of_one_profile_err_together_when_added():
    watts = device(active_w=Constant(100.0, 50.0, 200.0, "assumed", "a guess"))
    train = watts.unit_cost(work({"float32": 1e12}, name="train")).joules
    score = watts.unit_cost(work({"float32": 3e12}, name="score")).joules
    bill = total([train.scaled(10.0), score])
    assert bill.value == pytest.approx(2600.0)
    assert bill.interval == pytest.approx((1300.0, 5200.0))


def test_a_measured_cost_goes_before_the_rule():
    measured = MeasuredCost(
        Constant(3.0, 2.9, 3.1, "measured_counter", "a clock"),
        Constant(40.0, 38.0, 43.0, "measured_counter", "a counter"),
    )
    profile = device(unit={"train": measured})
    cost = profile.unit_cost(work({"float32": 1e12}, name="train"))
    assert (cost.seconds.value, cost.joules.value) == (3.0, 40.0)
    assert cost.joules.interval == (38.0, 43.0)
    assert cost.joules.require("measured").scope is Scope.PACKAGE
    other = profile.unit_cost(work({"float32": 1e12}, name="score"))
    assert other.joules.kind is Kind.MODELLED_ANALYTIC


def test_a_measured_cost_must_have_been_measured():
    with pytest.raises(ValueError, match=r"`seconds\.kind` must be one of"):
        MeasuredCost(fixed(1.0), fixed(1.0, "measured_counter"))


TIMED = MeasuredCost(Constant(3.0, 2.7, 3.3, "measured_counter", "a clock"))


def test_measured_seconds_without_joules_take_the_watts_of_the_rule():
    """Half the modelled time launches at 10 W, half computes at 100 W."""
    step = work({"float32": 1e9}, num_kernels=2000)
    cost = device(unit={"train": TIMED}).unit_cost(step)
    assert cost.seconds.kind is Kind.MEASURED_COUNTER
    assert cost.joules.kind is Kind.MODELLED_ANALYTIC
    assert cost.joules.value == pytest.approx(3.0 * 55.0)
    assert cost.joules.interval == pytest.approx((2.7 * 55.0, 3.3 * 55.0))
    assert "measured seconds x modelled watts" in cost.joules.source


def test_modelled_joules_of_two_measured_units_share_the_error_of_the_watts():
    watts = Constant(100.0, 50.0, 200.0, "assumed", "a guess")
    exact = MeasuredCost(fixed(3.0, "measured_counter"))
    profile = device(active_w=watts, unit={"train": exact, "score": exact})
    work_each = {"float32": 1e12}
    bill = total(
        profile.unit_cost(work(work_each, name=name)).joules
        for name in ("train", "score")
    )
    assert bill.value == pytest.approx(600.0)
    assert bill.interval == pytest.approx((300.0, 1200.0))


def test_a_measured_unit_without_counts_takes_the_active_watts():
    cost = device(unit={"train": TIMED}).unit_cost(work())
    assert cost.joules.value == pytest.approx(300.0)


def test_the_hash_names_the_content():
    assert device().hash == device().hash
    assert len(device().hash) == 16
    assert device(description="another box").hash != device().hash
    peaks = {"bfloat16": fixed(4e12), "float32": fixed(1e12)}
    assert device(peak_flop_per_s=peaks).hash == device().hash


def test_the_hash_survives_a_round_trip():
    again = msgspec.convert(msgspec.to_builtins(device()), DeviceProfile)
    assert again.hash == device().hash


def test_no_work_costs_nothing():
    cost = device().unit_cost(work())
    assert (cost.seconds.value, cost.joules.value) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " "}, "`name` must be a text"),
        ({"peak_flop_per_s": {}}, "`peak_flop_per_s` must hold 'float32'"),
        ({"compute_efficiency_frac": fixed(1.5)}, "efficiency_frac.high` must be <= 1"),
    ],
)
def test_profiles_that_the_rule_cannot_use_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        device(**changes)


@pytest.mark.parametrize("ends", [(2.0, 3.0), (0.5, 0.9), (0.0, 2.0)])
def test_constants_must_lie_in_a_positive_interval(ends):
    with pytest.raises(ValueError, match="0 < low <= value <= high"):
        Constant(1.0, *ends, "assumed", "a guess")


def test_constants_must_name_a_source():
    with pytest.raises(ValueError, match="`source` must be a text"):
        Constant(1.0, 1.0, 1.0, "assumed", " ")
