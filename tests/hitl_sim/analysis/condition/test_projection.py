"""E* beside a training that was described: by hand and at every edge."""

import math
from dataclasses import replace

import pytest

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import Estimate, infinite, unknown
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.condition.projection import Projection
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.energy import Kind, Quantity, Scope, exact, unavailable

CONTROL_J = 10.0
PEOPLE = exact(600.0, "J", Kind.SIMULATED, Scope.WORKSTATION, "people")
SAVED = exact(6.0, "J", Kind.MODELLED_ANALYTIC, Scope.CHIP, "saved")


def joules(value, low, high, constants=None):
    kind, scope = Kind.MODELLED_ANALYTIC, Scope.SEVERAL
    return Estimate(Quantity(value, "J", kind, scope, constants, "E*"), low, high)


def size(found, payback=Payback.FROM):
    return TrainingSize(
        "the control", 1, PEOPLE, SAVED, found, CONTROL_J, payback, False
    )


def training(value, low, high):
    kind, scope = Kind.ASSUMED, Scope.SEVERAL
    return Quantity(value, "J", kind, scope, (low, high), "a workload")


def project(found, onto, beta=0.0, payback=Payback.FROM):
    return Projection("digits", "relevance", size(found, payback), onto, beta, 2.0)


KNOWN = joules(1000.0, 800.0, 1500.0)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((3000.0, 1501.0, 4000.0), Answer.YES),
        ((3000.0, 1499.0, 4000.0), Answer.UNDETERMINED),
        ((500.0, 300.0, 801.0), Answer.UNDETERMINED),
        ((500.0, 300.0, 799.0), Answer.NO),
    ],
)
def test_people_pay_back_where_no_interval_says_otherwise(ends, expected):
    assert project(KNOWN, training(*ends)).pays is expected
    mirrored = {Answer.YES: Answer.NO, Answer.NO: Answer.YES}
    up_to = project(KNOWN, training(*ends), payback=Payback.UP_TO)
    assert up_to.pays is mirrored.get(expected, expected)


def test_the_wider_of_chance_and_constants_decides():
    wide = joules(1000.0, 900.0, 1100.0, constants=(700.0, 1600.0))
    found = project(wide, training(1550.0, 1550.0, 1550.0))
    assert (found.break_even.low, found.break_even.high) == (700.0, 1600.0)
    assert found.pays is Answer.UNDETERMINED
    narrow = replace(found, size=size(joules(1000.0, 900.0, 1100.0)))
    assert narrow.pays is Answer.YES


@pytest.mark.parametrize(
    ("found", "payback", "expected"),
    [
        (infinite("J", Scope.CHIP, "none", math.inf), Payback.NEVER, Answer.NO),
        (infinite("J", Scope.CHIP, "none", 9.0), Payback.NEVER, Answer.UNDETERMINED),
        # they take less than nothing; by chance they may take something
        (joules(-5.0, 0.0, 0.0), Payback.ALWAYS, Answer.YES),
        (joules(-5.0, 0.0, 2e3), Payback.ALWAYS, Answer.UNDETERMINED),
        (
            unknown(unavailable("J", Scope.CHIP, "none reached")),
            Payback.UNKNOWN,
            Answer.UNKNOWN,
        ),
    ],
)
def test_edges_have_answers_of_their_own(found, payback, expected):
    onto = training(1e4, 1e3, 1e5)
    assert project(found, onto, payback=payback).pays is expected


def test_a_training_of_unknown_size_has_no_answer():
    found = project(KNOWN, unavailable("J", Scope.SEVERAL, "no power is known"))
    assert found.pays is Answer.UNKNOWN
    assert not found.is_sized


def test_hours_grow_by_the_power_and_e_star_with_them():
    # M = 1e5: hours by its root; at E* of 100 controls what is saved, 6 M, is
    # 6 * 100 * root of M where M = 100 ** 2
    found = project(KNOWN, training(1e6, 1e6, 1e6), beta=0.5)
    assert found.multiple == pytest.approx(1e5)
    assert found.decades == pytest.approx(5.0)
    assert found.hours_there == pytest.approx(2.0 * 1e5**0.5)
    assert found.break_even.value == pytest.approx(CONTROL_J * 100.0**2)
    multiple = found.break_even.value / CONTROL_J
    assert 6.0 * multiple == pytest.approx(600.0 * multiple**0.5)


def test_what_is_told_is_hypothetical_and_names_the_growth():
    found = project(KNOWN, training(1e6, 1e6, 1e6), beta=0.25).quantity
    assert found.kind is Kind.HYPOTHETICAL
    assert "hours growing by 0.25" in found.source
    assert found.interval[0] < found.value < found.interval[1]
    never = infinite("J", Scope.CHIP, "none", 9.0)
    assert project(never, training(1e6, 1e6, 1e6)).quantity is None
