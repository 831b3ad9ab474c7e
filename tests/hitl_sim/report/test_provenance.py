import dataclasses

import msgspec
import pytest

from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.report.provenance import (
    Sources,
    constant_entries,
    describe,
    entry_table,
    finding_entries,
    ledger_entries,
    list_sources,
    task_entries,
)


def joules(value, kind, source, interval=None):
    return Quantity(value, "J", kind, Scope.PACKAGE, interval, source, of=source)


def test_unavailable_is_written_with_its_reason_and_never_as_zero():
    entry = describe("carbon", unavailable("kgCO2e", Scope.CONSTANT, "no region"))
    assert entry.value == "unavailable: no region"
    assert entry.kind == "unavailable"


def test_a_sum_with_an_unavailable_part_is_a_lower_bound_that_says_so():
    known = joules(2.0, Kind.ASSUMED, "a guess", (1.0, 3.0))
    gap = unavailable("J", Scope.WORKSTATION, "nobody knows")
    entry = describe("sum", known + gap)
    assert entry.value == "≥ 2.00 J; nobody knows"
    assert "unavailable" in entry.kind
    assert entry.sources == ("a guess",)


def test_a_mixed_sum_tells_the_share_of_each_kind_and_every_source():
    one = joules(3.0, Kind.MEASURED_COUNTER, "a counter", (3.0, 3.0))
    two = joules(1.0, Kind.ASSUMED, "a guess", (1.0, 1.0))
    entry = describe("sum", one + two)
    assert entry.kind == "assumed (75 % measured counter, 25 % assumed)"
    assert entry.sources == ("a counter", "a guess")


def test_chance_and_constants_have_columns_of_their_own(crowded):
    entry = describe("upper_bound", crowded.tasks[0].control.joules)
    assert entry.chance.startswith("[")
    assert entry.constants.startswith("[")
    assert entry.chance != entry.constants


def test_an_exact_number_says_so():
    entry = describe("people", joules(1.0, Kind.SIMULATED, "people", (1.0, 1.0)))
    assert entry.constants == "exact"


def test_sources_are_told_once_and_numbered_in_order():
    sources = Sources()
    assert [sources.cite(t) for t in ("a", "b", "a")] == ["[1]", "[2]", "[1]"]


def test_every_measure_of_every_line_of_the_ledger_is_listed(crowded):
    ledger = crowded.tasks[0].findings[0].ledger
    listed = {entry.name for entry in ledger_entries(ledger)}
    for line in ledger.lines:
        assert any(name.startswith(line.name.replace("_", " ")) for name in listed)
    measures = sum(
        quantity is not None
        for line in ledger.lines
        for quantity in (line.seconds, line.joules, line.usd, line.kgco2e)
    )
    assert len(ledger_entries(ledger)) == measures


@pytest.mark.parametrize("measure", ["energy", "money", "carbon"])
def test_each_arm_lists_rho_and_every_break_even(crowded, measure):
    arm = next(f for f in crowded.tasks[0].findings if f.role == "arm")
    names = [entry.name for entry in finding_entries(arm)]
    assert f"{measure}: M*" in names
    assert any("beside the control" in name for name in names)


def test_every_known_number_has_a_kind_and_a_source(crowded):
    task = crowded.tasks[0]
    entries = [*task_entries(task), *constant_entries(crowded)]
    for finding in (task.control, *task.findings):
        entries += finding_entries(finding) + ledger_entries(finding.ledger)
    for entry in entries:
        is_unknown = entry.value.startswith(("unavailable", "∞"))
        assert is_unknown or (entry.kind and entry.sources), entry


def test_the_devices_constants_are_listed_with_interval_and_source(crowded):
    entries = {entry.name: entry for entry in constant_entries(crowded)}
    idle = entries["device: idle_w"]
    assert idle.constants == "[1.00, 8.00]"
    assert idle.sources == (crowded.profile.idle_w.source,)


def test_entries_become_rows_under_the_headings(crowded):
    found = entry_table("upper_bound", task_entries(crowded.tasks[0]), Sources())
    assert {len(row) for row in found.rows} == {len(found.headings)}


def test_the_batch_that_a_life_is_billed_in_is_told(crowded):
    def told(result):
        entries = {entry.name: entry for entry in constant_entries(result)}
        return entries["of these, items that one call answers"].value

    assert told(crowded).startswith("unavailable")
    prices = msgspec.structs.replace(crowded.prices, query_batch=8)
    assert told(dataclasses.replace(crowded, prices=prices)).startswith("8")


def test_a_part_is_told_once_and_named_in_every_formula():
    told = list_sources(["wage x hours", "hours", "watts x hours / wage"])
    assert told.parts == ("wage", "hours", "watts")
    assert told.formulas == ("s1 x s2", "s2", "s3 x s2 / s1")


def test_a_term_of_a_sum_is_named_once_on_each_side_of_a_quotient():
    told = list_sources(["a x b; c; a x b / c; c"])
    assert told.formulas == ("s1 x s2; s3 / s3",)


def test_formulas_keep_the_order_that_numbers_are_cited_in():
    assert list_sources(["b", "a", "b"]).formulas == ("s1", "s2", "s1")
