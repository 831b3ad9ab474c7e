import dataclasses

import msgspec
import pytest

from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.report.basis import Bases
from hitl_sim.report.provenance import (
    constant_numbers,
    describe,
    device_entries,
    finding_numbers,
    ledger_numbers,
)


def joules(value, kind, source, interval=None):
    return Quantity(value, "J", kind, Scope.PACKAGE, interval, source, of=source)


def told(name, number):
    """Return the entry of a number, its basis, and the texts of its sources."""
    bases = Bases()
    entry = describe(name, number, bases)
    basis, texts = list(bases.found)[entry.basis], list(bases.texts)
    return entry, basis, [texts[place] for place in basis.sources]


def test_unavailable_is_written_with_its_reason_and_never_as_zero():
    gap = unavailable("kgCO2e", Scope.CONSTANT, "no region")
    entry, basis, sources = told("carbon", gap)
    assert entry.value == "unavailable"
    assert (basis.kind, basis.reason, sources) == ("unavailable", "no region", [])


def test_a_sum_with_an_unavailable_part_is_a_lower_bound_that_says_so():
    known = joules(2.0, Kind.ASSUMED, "a guess", (1.0, 3.0))
    gap = unavailable("J", Scope.WORKSTATION, "nobody knows")
    entry, basis, sources = told("sum", known + gap)
    assert entry.value.endswith(" 2.00 J")
    assert entry.value != "2.00 J"
    assert basis.reason == "nobody knows"
    assert basis.kind == "unavailable"
    assert sources == ["a guess"]


def test_a_mixed_sum_tells_the_share_of_each_kind_and_every_source():
    one = joules(3.0, Kind.MEASURED_COUNTER, "a counter", (3.0, 3.0))
    two = joules(1.0, Kind.ASSUMED, "a guess", (1.0, 1.0))
    entry, basis, sources = told("sum", one + two)
    assert basis.kind == "assumed"
    assert entry.shares == ((Kind.MEASURED_COUNTER, 75.0), (Kind.ASSUMED, 25.0))
    assert sources == ["a counter", "a guess"]


def test_a_sum_of_one_kind_has_no_shares():
    one = joules(3.0, Kind.ASSUMED, "a", (3.0, 3.0))
    entry, _, _ = told("sum", one + joules(1.0, Kind.ASSUMED, "b", (1.0, 1.0)))
    assert entry.shares == ()


def test_chance_and_constants_have_columns_of_their_own(crowded):
    entry, _, _ = told("upper_bound", crowded.tasks[0].control.joules)
    assert entry.chance.startswith("[")
    assert entry.constants.startswith("[")
    assert entry.chance != entry.constants


def test_an_exact_number_says_so():
    number = joules(1.0, Kind.SIMULATED, "people", (1.0, 1.0))
    assert told("people", number)[0].constants == "exact"


def test_a_basis_and_a_text_stand_once_whatever_rests_on_them():
    bases = Bases()
    one = joules(1.0, Kind.ASSUMED, "wage x hours / wage", (1.0, 1.0))
    two = joules(2.0, Kind.ASSUMED, "wage; hours", (1.0, 3.0))
    other = joules(2.0, Kind.SIMULATED, "wage; hours", (1.0, 3.0))
    assert [bases.of(number) for number in (one, two, other)] == [0, 0, 1]
    assert list(bases.texts) == ["wage", "hours"]
    data = bases.as_data()
    assert data["sources"] == ["wage", "hours"]
    assert data["bases"][1] == ["J", "simulated", "package", (0, 1), ""]


def test_every_measure_of_every_line_of_the_ledger_is_named(crowded):
    ledger = crowded.tasks[0].findings[0].ledger
    named = ledger_numbers(ledger)
    for line in ledger.lines:
        assert any(name.startswith(line.name.replace("_", " ")) for name in named)
    measures = sum(
        quantity is not None
        for line in ledger.lines
        for quantity in (line.seconds, line.joules, line.usd, line.kgco2e)
    )
    assert len(named) == measures


@pytest.mark.parametrize("measure", ["energy", "money", "carbon"])
def test_each_arm_names_rho_and_every_break_even(crowded, measure):
    arm = next(f for f in crowded.tasks[0].findings if f.role == "arm")
    names = list(finding_numbers(arm))
    assert f"{measure}: M*" in names
    assert any("beside the control" in name for name in names)


def test_arms_with_people_name_their_break_even_training(crowded):
    asked = crowded.tasks[0].with_people[0]
    named = finding_numbers(asked)
    assert named["E*, beside the best arm without people"] is (
        asked.over_machine[0].joules
    )
    assert named["E*, beside the control"] is asked.over_control[0].joules


def test_every_known_number_has_a_kind_and_a_source(crowded):
    task = crowded.tasks[0]
    named = list(constant_numbers(crowded).items())
    for finding in (task.control, *task.findings):
        named += (finding_numbers(finding) | ledger_numbers(finding.ledger)).items()
    assert named
    for name, number in named:
        entry, basis, sources = told(name, number)
        is_unknown = entry.value in ("unavailable", "\N{INFINITY}")
        assert is_unknown or (basis.kind and sources), entry
        assert entry.value != "unavailable" or basis.reason, entry


def test_the_devices_constants_are_listed_with_interval_and_source(crowded):
    bases = Bases()
    entries = {entry.name: entry for entry in device_entries(crowded, bases)}
    idle = entries["device: idle_w"]
    assert idle.constants == "[1.00, 8.00]"
    basis, texts = list(bases.found)[idle.basis], list(bases.texts)
    said = "; ".join(texts[place] for place in basis.sources)
    assert said == crowded.profile.idle_w.source


def test_the_batch_that_a_life_is_billed_in_is_told(crowded):
    def batch(result):
        number = constant_numbers(result)["of these, items that one call answers"]
        return told("batch", number)[0].value

    assert batch(crowded) == "unavailable"
    prices = msgspec.structs.replace(crowded.prices, query_batch=8)
    assert batch(dataclasses.replace(crowded, prices=prices)).startswith("8")
