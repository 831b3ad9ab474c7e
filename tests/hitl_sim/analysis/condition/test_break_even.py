import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.interval import CostSample, resample
from hitl_sim.analysis.condition.break_even import Answer, find_break_evens
from hitl_sim.analysis.run.sample import Split
from hitl_sim.energy import Kind, Quantity, Scope, unavailable

NUM = 12
WEIGHTS = resample(NUM, 0)
FREE = Quantity(0.0, "J", Kind.ASSUMED, Scope.PERSON, (0.0, 0.0), "sunk")


def joules(value, spread=0.1):
    ends = sorted((value * (1 - spread), value * (1 + spread)))
    return Quantity(value, "J", Kind.ASSUMED, Scope.PACKAGE, tuple(ends), f"a {value}")


def split(training, beside=0.0, *, reached=NUM, labels=0.0, noise=0.0):
    """Make a condition whose runs all spend the same, give or take noise."""
    is_reached = np.arange(NUM) < reached
    share = NUM / max(reached, 1)
    wobble = 1.0 + noise * np.linspace(-1.0, 1.0, NUM)
    spent = training * wobble
    stood, used = np.full(NUM, beside), np.full(NUM, labels)
    return Split(
        training=joules(training * share),
        beside=joules(beside * share),
        trained=CostSample(spent, is_reached, spent),
        stood_beside=CostSample(stood, is_reached, stood),
        labelled=CostSample(used, is_reached, used),
    )


def find(arm, control, label=FREE):
    (found,) = find_break_evens("joules", arm, control, [label], WEIGHTS)
    return found


def test_the_multiple_is_what_people_take_over_what_is_saved():
    found = find(split(60.0, beside=4000.0), split(100.0))
    assert found.payback is Payback.FROM
    assert found.multiple.value == pytest.approx(100.0)
    assert found.pays_here is Answer.NO


def test_people_pay_here_where_they_take_less_than_is_saved():
    found = find(split(60.0, beside=10.0), split(100.0))
    assert found.multiple.value == pytest.approx(0.25)
    assert found.pays_here is Answer.YES


def test_nothing_saved_is_never_paid_back():
    found = find(split(120.0, beside=10.0), split(100.0))
    assert found.payback is Payback.NEVER
    assert found.multiple.value == math.inf
    assert not found.is_undetermined


def test_a_saving_that_costs_nobody_pays_at_once():
    found = find(split(60.0), split(100.0))
    assert found.payback is Payback.ALWAYS
    assert found.multiple.value == 0.0
    assert found.pays_here is Answer.YES


def test_a_saving_that_cannot_be_told_from_none_is_undetermined():
    found = find(split(99.0, beside=10.0, noise=0.5), split(100.0))
    assert found.payback is Payback.FROM
    assert found.is_undetermined
    assert found.multiple.high == math.inf
    assert found.multiple.low < found.multiple.value


def test_failures_raise_both_sides_per_success():
    found = find(split(30.0, beside=1000.0, reached=6), split(100.0))
    # 2 runs per success: 60 J of training and 2,000 J of people.
    assert found.saved.value == pytest.approx(40.0)
    assert found.multiple.value == pytest.approx(50.0)


def test_labels_saved_pay_up_to_the_multiple_at_which_training_eats_them():
    label = joules(1.0)
    arm, control = split(120.0, labels=500.0), split(100.0, labels=1000.0)
    found = find(arm, control, label)
    assert found.payback is Payback.UP_TO
    assert found.multiple.value == pytest.approx(25.0)
    assert found.pays_here is Answer.YES


def test_equal_labels_cancel_even_at_an_unknown_price():
    label = unavailable("J", Scope.PERSON, "nobody knows")
    arm, control = split(60.0, 40.0, labels=10.0), split(100.0, labels=10.0)
    assert find(arm, control, label).multiple.value == pytest.approx(1.0)


def test_an_unknown_label_price_makes_the_multiple_unknown_not_zero():
    label = unavailable("J", Scope.PERSON, "nobody knows")
    arm, control = split(60.0, 40.0, labels=5.0), split(100.0, labels=10.0)
    found = find(arm, control, label)
    assert found.payback is Payback.UNKNOWN
    assert math.isnan(found.multiple.value)
    assert "nobody knows" in found.multiple.quantity.reason


def test_an_arm_that_never_reaches_never_pays():
    found = find(split(60.0, 40.0, reached=0), split(100.0))
    assert found.payback is Payback.NEVER
    assert found.pays_here is Answer.NO


def test_without_success_of_the_control_nothing_is_known():
    found = find(split(60.0, 40.0), split(100.0, reached=0))
    assert found.payback is Payback.UNKNOWN
    assert found.pays_here is Answer.UNKNOWN


def test_constants_that_could_turn_the_saving_leave_no_constant_interval():
    arm, control = split(95.0, beside=10.0), split(100.0)
    found = find(arm, control)
    assert found.saved.interval[0] < 0.0
    assert found.multiple.quantity.interval is None
    assert found.multiple.value == pytest.approx(2.0)


def test_chance_and_constants_stay_apart():
    found = find(split(60.0, beside=4000.0), split(100.0))
    assert (found.multiple.low, found.multiple.high) == pytest.approx((100.0, 100.0))
    low, high = found.multiple.quantity.interval
    assert low < 90.0
    assert high > 110.0
