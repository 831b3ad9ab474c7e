import json
import sys

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hitl_sim.energy import Kind, Quantity, Scope, exact, total, unavailable


def joules(value=812.0, interval=(800.0, 830.0), **changes):
    fields = {
        "kind": Kind.MEASURED_COUNTER,
        "scope": Scope.BOARD,
        "source": "board counter",
        "of": "host/gpu0",
    } | changes
    return Quantity(
        value, "J", fields.pop("kind"), fields.pop("scope"), interval, **fields
    )


def assumed(value=500.0, interval=(200.0, 900.0)):
    return joules(
        value,
        interval,
        kind=Kind.ASSUMED,
        scope=Scope.PACKAGE,
        source="guess",
        of="host/cpu0",
    )


def price(value=2.0, interval=(1.0, 4.0), source="tariff"):
    return Quantity(value, "USD/J", Kind.ASSUMED, Scope.CONSTANT, interval, source)


NO_CPU = unavailable("J", Scope.PACKAGE, "no permission", of="host/cpu0")


@st.composite
def quantities(draw):
    kind = draw(st.sampled_from(Kind))
    scope = draw(st.sampled_from([Scope.BOARD, Scope.PACKAGE, Scope.DRAM]))
    of = draw(st.sampled_from(["host/a", "host/b"]))
    if kind is Kind.UNAVAILABLE:
        return unavailable("J", scope, draw(st.sampled_from(["why", "how"])), of=of)
    value = draw(st.floats(0.0, 1e6))
    interval = draw(
        st.none()
        | st.tuples(st.floats(0.0, 1.0), st.floats(1.0, 5.0)).map(
            lambda ends: (value * ends[0], value * ends[1])
        )
    )
    source = draw(st.sampled_from(["counter", "constant", "paper"]))
    return Quantity(value, "J", kind, scope, interval, source, of=of)


@given(quantities(), quantities())
def test_mixing_never_raises_a_kind(one, other):
    for mixed in (one + other, one.times(other, unit="J2")):
        assert mixed.kind <= one.kind
        assert mixed.kind <= other.kind


@given(quantities())
def test_unavailable_never_becomes_zero(quantity):
    lost = unavailable("J", Scope.BOARD, "lost")
    for result in (
        lost,
        lost.scaled(0.0),
        lost.times(quantity, unit="J2"),
        quantity.times(lost, unit="J2"),
        quantity - lost,
    ):
        assert result.value is None
        assert result.reason
    partial = quantity + lost
    assert not partial.is_known
    assert partial.value == quantity.value


@given(quantities(), quantities(), quantities())
def test_sums_are_associative_in_value_interval_and_kind(a, b, c):
    left, right = (a + b) + c, a + (b + c)
    assert left.kind is right.kind
    assert (left.value is None) == (right.value is None)
    assert (left.interval is None) == (right.interval is None)
    if left.value is not None:
        assert left.value == pytest.approx(right.value)
    if left.interval is not None:
        # an end is a difference of the values, each rounded to an ulp of its own
        largest = max(abs(q.value or 0.0) for q in (a, b, c))
        rounding = 8 * sys.float_info.epsilon * largest
        assert left.interval == pytest.approx(right.interval, abs=rounding)


@given(quantities(), quantities(), st.floats(0.0, 1e3))
def test_json_brings_back_the_same_quantity(one, other, factor):
    for quantity in (one, one + other, (one + other).scaled(factor)):
        again = Quantity.from_json(json.loads(json.dumps(quantity.to_json())))
        assert again == quantity
        assert str(again) == str(quantity)


def test_json_keeps_arrays_and_parts():
    quantity = (joules() + NO_CPU).scaled(np.array([1.0, 2.0]))
    again = Quantity.from_json(json.loads(json.dumps(quantity.to_json())))
    np.testing.assert_array_equal(again.value, [812.0, 1624.0])
    assert [part.kind for part in again.parts] == [
        Kind.MEASURED_COUNTER,
        Kind.UNAVAILABLE,
    ]


def test_equality_sees_every_field():
    assert joules() == joules()
    assert joules() != joules(source="another counter")
    assert joules() != joules(interval=None)


def test_different_sources_combine_in_quadrature_and_one_source_linearly():
    a = joules(100.0, (97.0, 103.0), source="a")
    b = joules(100.0, (96.0, 104.0), source="b")
    assert (a + b).interval == (195.0, 205.0)
    same = joules(100.0, (96.0, 104.0), source="a")
    assert (a + same).interval == (193.0, 207.0)


def test_parts_scaled_from_one_price_err_together():
    exact_parts = [
        exact(value, "J", Kind.SIMULATED, Scope.BOARD, source)
        for value, source in ((1.0, "x"), (3.0, "y"))
    ]
    bill = total(part.times(price(), unit="USD") for part in exact_parts)
    assert bill.value == 8.0
    assert bill.interval == (4.0, 16.0)


def test_a_sum_with_one_unknown_error_has_no_interval():
    assert (joules() + joules(5.0, None)).interval is None


def test_an_exact_number_adds_no_error():
    count = exact(10.0, "J", Kind.SIMULATED, Scope.BOARD, "count")
    assert count.interval == (10.0, 10.0)
    assert (joules() + count).interval == (810.0, 840.0)


def test_a_partial_sum_prints_as_a_lower_bound_with_the_reason():
    assert str(joules() + NO_CPU) == (
        "≥ 812 J [800, 830] (host/gpu0 measured counter;"
        " host/cpu0 unavailable: no permission)"
    )


def test_a_mixed_sum_prints_its_composition():
    text = str(joules(750.0, (750.0, 750.0)) + assumed(250.0, (250.0, 250.0)))
    assert text == "1.00 kJ [1.00, 1.00] (75 % measured counter, 25 % assumed)"


def test_a_missing_interval_is_said():
    assert str(joules(5.0, None)) == "5.00 J (measured counter, no interval)"


def test_an_unavailable_quantity_prints_its_reason():
    assert str(NO_CPU) == "unavailable: no permission"


def test_shares_follow_the_value_by_kind():
    mixed = joules(75.0, None) + assumed(25.0, None)
    assert mixed.shares() == {Kind.MEASURED_COUNTER: 0.75, Kind.ASSUMED: 0.25}


def test_a_sum_names_several_scopes_and_the_common_place():
    mixed = joules() + assumed()
    assert (mixed.scope, mixed.of) == (Scope.SEVERAL, "host")
    assert mixed.source == "board counter; guess"


def test_units_are_not_mixed():
    with pytest.raises(ValueError, match="`unit` must be J, got USD/J"):
        joules() + price()
    with pytest.raises(ValueError, match="`unit` must be J, got USD/J"):
        joules() - price()


def test_overlapping_scopes_do_not_add_unless_devices_differ():
    wall = joules(scope=Scope.WALL, of="host")
    with pytest.raises(ValueError, match=r"`scope`.*wall of host.*board of host/gpu0"):
        wall + joules()
    assert (joules(scope=Scope.WALL, of="other") + joules()).value == 1624.0


def test_overlap_is_found_inside_sums():
    node = joules(scope=Scope.NODE, of="host")
    with pytest.raises(ValueError, match="`scope` must be disjoint"):
        (joules(of="elsewhere/gpu0") + assumed()) + node


def test_one_scope_adds_over_windows():
    assert (joules() + joules()).value == 1624.0
    assert len((joules() + joules()).parts) == 1


def test_devices_stay_apart_in_a_sum_although_all_else_is_equal():
    parts = (joules() + joules(of="host/gpu1")).parts
    assert [part.of for part in parts] == ["host/gpu0", "host/gpu1"]


def test_idle_is_taken_from_gross_although_scopes_are_equal():
    idle = joules(300.0, (290.0, 310.0), source="idle")
    marginal = joules() - idle
    assert marginal.value == 512.0
    assert marginal.interval == pytest.approx(
        (512 - np.hypot(12, 10), 512 + np.hypot(18, 10))
    )


def test_the_same_error_cancels_in_a_difference():
    constant = joules(10.0, (5.0, 20.0), source="constant")
    assert (constant.scaled(3.0) - constant).interval == (10.0, 40.0)


def test_scaling_moves_value_parts_interval_and_unit():
    kwh = (joules() + assumed()).scaled(0.5, unit="halfJ")
    assert (kwh.value, kwh.unit) == (656.0, "halfJ")
    assert [part.value for part in kwh.parts] == [406.0, 250.0]
    low, high = joules(10.0, (5.0, 20.0)).scaled(-1.0).interval
    assert (low, high) == (-20.0, -5.0)


def test_a_partial_sum_cannot_become_an_upper_bound():
    with pytest.raises(ValueError, match="`factor` must be >= 0 for a partial sum"):
        (joules() + NO_CPU).scaled(-1.0)


def test_a_product_takes_the_weakest_kind_and_both_errors():
    bill = joules(10.0, (5.0, 20.0)).times(price(), unit="USD", scope=Scope.MONEY)
    ratio = np.exp(np.hypot(np.log(2), np.log(2)))
    assert (bill.kind, bill.unit, bill.scope) == (Kind.ASSUMED, "USD", Scope.MONEY)
    assert bill.interval == pytest.approx((20.0 / ratio, 20.0 * ratio))


def test_a_product_of_a_partial_sum_stays_partial():
    bill = (joules() + NO_CPU).times(price(), unit="USD")
    assert bill.is_partial
    assert bill.value == 1624.0


def test_a_product_with_a_partial_rate_is_unavailable():
    rate = price() + unavailable("USD/J", Scope.CONSTANT, "no tariff at night")
    bill = joules().times(rate, unit="USD")
    assert bill.value is None
    assert bill.reason == "no tariff at night"


def test_a_quotient_cancels_what_is_shared_and_refuses_zero():
    base = joules(10.0, (5.0, 20.0))
    ratio = base.scaled(3.0).over(base, unit="1")
    assert ratio.value == 3.0
    assert ratio.interval == (3.0, 3.0)
    with pytest.raises(ValueError, match="`other` must be > 0 J"):
        base.over(joules(1.0, (0.0, 2.0)), unit="1")


def test_require_measured_raises_rather_than_falling_back():
    assert joules().require("measured").value == 812.0
    modelled = joules(kind=Kind.MODELLED_ANALYTIC)
    assert modelled.require("modelled") is modelled
    with pytest.raises(ValueError, match="must be measured, got 812 J"):
        modelled.require("measured")
    with pytest.raises(ValueError, match="must be modelled, got ≥ 812 J"):
        (joules() + NO_CPU).require("modelled")
    with pytest.raises(ValueError, match="one of 'measured', 'modelled', got 'good'"):
        joules().require("good")


def test_arrays_broadcast():
    counts = np.array([0.0, 1.0, 3.0])
    bill = joules(10.0, (5.0, 20.0)).scaled(counts) + joules(1.0, (1.0, 1.0))
    low, high = bill.interval
    assert (bill.value[2], low[2], high[2]) == (31.0, 16.0, 61.0)


def test_array_values_cannot_be_changed_from_outside():
    values = np.array([1.0, 2.0])
    quantity = joules(values, None)
    values[0] = 7.0
    assert quantity.value[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        quantity.value[0] = 7.0


def test_total_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one quantity"):
        total([])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": float("nan")}, "`value` must be finite, got nan"),
        ({"value": float("inf")}, "`value` must be finite, got inf"),
        ({"interval": (820.0, 830.0)}, "`interval` must hold the value 812.0 J"),
        ({"interval": (0.0, float("inf"))}, "`interval` must be finite"),
        ({"source": ""}, "`source` must be a text"),
        ({"value": None, "interval": None}, "`value` must be None exactly when"),
        ({"kind": Kind.UNAVAILABLE}, "`reason` must be given exactly when"),
        ({"reason": "tired"}, "`reason` must be given exactly when"),
        (
            {"kind": Kind.UNAVAILABLE, "reason": "lost"},
            "`value` must be None exactly when",
        ),
        (
            {"kind": Kind.UNAVAILABLE, "reason": "lost", "value": None},
            "`interval` must be None where the value is",
        ),
        ({"value": np.array([])}, "`value` must hold at least one number"),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        joules(**changes)


def test_a_sum_cannot_claim_a_stronger_kind_than_its_parts():
    data = (joules() + assumed()).to_json() | {"kind": "measured_counter"}
    with pytest.raises(ValueError, match="`kind` must be assumed"):
        Quantity.from_json(data)
