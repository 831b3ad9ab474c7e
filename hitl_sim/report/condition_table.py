"""Every condition of a study in one table, and the bills of those that matter most."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult, best
from hitl_sim.analysis.decision.sensitivity import Verdict
from hitl_sim.cost import MEASURES, Measure
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.ledger import Group
from hitl_sim.energy import Quantity, Scope
from hitl_sim.energy.display import format_value
from hitl_sim.report.first_screen import name_of
from hitl_sim.report.number import (
    UNKNOWN,
    break_even_text,
    digits,
    duration,
    percent,
    plain_joules,
    ratio_text,
)
from hitl_sim.report.page_data import Cell, PageData, PageTable, Row
from hitl_sim.report.provenance import (
    PER_SUCCESS,
    RATIO,
    TEST_ACCURACY,
    Number,
    finding_numbers,
    ledger_numbers,
    size_name,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.task_table import HEADINGS, size_column

_HEADINGS = (
    "condition",
    "task",
    *HEADINGS,
    "pays in energy",
    "in money",
    "in carbon",
    "test accuracy",
)
_GROUPS: tuple[Group, ...] = ("device", "waiting", "facility", "people", "labels")
_MACHINES: Group = "machines"
"""A group that stands on a bill where a machine is among the annotators."""
_UNITS: Mapping[Measure, str] = {"joules": "J", "usd": "USD", "kgco2e": "kgCO2e"}


class Place(NamedTuple):
    """Where a condition stands in a result."""

    task: TaskResult
    finding: Finding
    key: str


def places_of(result: StudyResult) -> list[Place]:
    """List all conditions with the keys of their rows, the control of a task first."""
    return [
        Place(task, finding, f"{index}.{number}")
        for index, task in enumerate(result.tasks)
        for number, finding in enumerate((task.control, *task.findings))
    ]


def condition_table(
    result: StudyResult, verdicts: Sequence[Verdict], data: PageData
) -> PageTable:
    """Lay out every condition, a row each, and take in the numbers behind it."""
    pays = {
        (verdict.decision.task.base, arm.finding.condition): arm.pays_here
        for verdict in verdicts
        for arm in verdict.decision.arms
    }
    rows = []
    for task, finding, key in places_of(result):
        data.add(key, finding_numbers(finding) | ledger_numbers(finding.ledger))
        chances = pays.get((task.base, finding.condition), {})
        told = name_of(task, result, is_short=True)
        cells = (Cell(finding.label), Cell(told), *_cells(finding, chances))
        rows.append(Row(cells, key, _kind(finding)))
    notes = [say("page.results"), say("page.pays")]
    return PageTable("every condition", _HEADINGS, rows, notes, is_sorted=True)


def _kind(finding: Finding) -> str:
    is_saving = finding.role == "arm" and finding.ratio.high < 1.0
    return "saving" if is_saving else finding.role


def _cells(finding: Finding, chances: Mapping[Measure, float]) -> Iterator[Cell]:
    """Write what was found of a condition, under the headings from rho on."""
    is_control, is_compared = finding.role == "control", finding.role == "arm"
    worked_s = float(finding.usage.worked_s)
    reach = finding.reach
    if is_control:
        yield Cell(digits(1.0), 1.0)
    else:
        yield Cell(ratio_text(finding.ratio), finding.ratio.value, RATIO)
    yield Cell(f"{reach.hits}/{reach.trials}", reach.hits / max(reach.trials, 1))
    joules = finding.joules.value
    yield Cell(plain_joules(joules), joules, PER_SUCCESS)
    yield Cell(duration(worked_s), worked_s) if finding.has_people else Cell("none", 0)
    if finding.over_machine:
        size = finding.over_machine[-1]
        name = size_name("best arm without people", size.trainings)
        yield Cell(size_column(size), size.joules.value, name)
    else:
        yield Cell("")
    for one in finding.break_even:
        if is_compared:
            name = f"{one.axis}: M*"
            yield Cell(break_even_text(one), one.multiple.value, name)
        else:
            yield Cell("")
    for measure in MEASURES:
        share = chances.get(measure)
        if share is None:
            yield Cell("")
        else:
            yield Cell(UNKNOWN if math.isnan(share) else percent(share), share)
    accuracy = finding.test_accuracy
    yield Cell(digits(accuracy.value), accuracy.value, TEST_ACCURACY)


def bill_table(result: StudyResult, data: PageData) -> PageTable:
    """Lay out the bills of control, best with people and best without, per success."""
    groups = _groups(result)
    headings = (
        "condition",
        "task",
        *(f"{group}, J" for group in groups),
        "all, J",
        "all, USD",
        "all, kgCO2e",
        "final fit only",
        "all training",
        "whole loop",
    )
    rows = []
    for task, finding, key in places_of(result):
        shown = (task.control, best(task.with_people), best(task.without_people))
        if any(finding is one for one in shown):
            numbers = _bill(finding, groups)
            own = data.add(f"b{key}", numbers)
            cells = [
                Cell(_short(one), _order(one), name) for name, one in numbers.items()
            ]
            named = (Cell(finding.label), Cell(name_of(task, result, is_short=True)))
            rows.append(Row((*named, *cells), own, _kind(finding)))
    return PageTable("bills per success", headings, rows, [say("page.bill")])


def _groups(result: StudyResult) -> tuple[Group, ...]:
    """List the groups of lines that any bill of a result has."""
    findings = (place.finding for place in places_of(result))
    is_asked = any(_has_machines(finding) for finding in findings)
    return (*_GROUPS, _MACHINES) if is_asked else _GROUPS


def _has_machines(finding: Finding) -> bool:
    return any(line.group == _MACHINES for line in finding.ledger.lines)


def _bill(finding: Finding, groups: Sequence[Group]) -> dict[str, Number]:
    """Name the sums of a condition's bill."""
    ledger = finding.ledger
    has = _has_machines(finding)
    none = exactly(0.0, "J", "no machine is asked", Scope.NODE)
    numbers: dict[str, Number] = {
        f"{group}: J": none
        if group == _MACHINES and not has
        else ledger.total("joules", groups=(group,))
        for group in groups
    }
    for measure, unit in _UNITS.items():
        numbers[f"whole bill: {unit}"] = ledger.total(measure)
    scopes = finding.scopes
    return numbers | {
        "final fit only: J": scopes.final_fit,
        "all training: J": scopes.all_training,
        "whole loop: J": scopes.whole_loop,
    }


def _short(number: Number) -> str:
    """Write a number without its intervals, which stand behind it."""
    quantity = number.quantity if isinstance(number, Estimate) else number
    if quantity.value is None:
        return UNKNOWN
    text = format_value(quantity.value, quantity.unit)
    return f"\N{GREATER-THAN OR EQUAL TO} {text}" if quantity.is_partial else text


def _order(number: Number) -> float:
    quantity = number if isinstance(number, Quantity) else number.quantity
    return math.nan if quantity.value is None else float(quantity.value)
