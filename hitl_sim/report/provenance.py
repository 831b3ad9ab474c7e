"""Where every number of a report comes from: kind, scope, intervals, source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hitl_sim.analysis import Estimate, Finding, StudyResult, TaskResult
from hitl_sim.cost import Ledger, price_rates
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.query import query_batch
from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.energy.display import format_value
from hitl_sim.report.number import RHO, digits, plain_joules, span
from hitl_sim.report.table import Table

HEADINGS = (
    "number",
    "value",
    "chance, 95 %",
    "constants, 95 %",
    "kind",
    "scope",
    "source",
)


@dataclass
class Sources:
    """Sources in the order in which they are first cited, each told once.

    Attributes:
        numbers: number of each source; the first has number 1.
    """

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return a source's number, taking it in if it is new."""
        return self.numbers.setdefault(text, len(self.numbers) + 1)

    def cite(self, text: str) -> str:
        """Return the mark that stands for a source, taking it in if it is new."""
        return f"[{self.number(text)}]"


class Entry(NamedTuple):
    """One number and where it comes from.

    Attributes:
        name: what it is.
        value: the number with its unit; why it is unavailable, if it is.
        chance: its Monte-Carlo interval; empty where it has none.
        constants: the interval that constants leave; empty where it has none.
        kind: how it is known; for a sum, each kind with its share.
        scope: what it covers.
        sources: where it comes from.
    """

    name: str
    value: str
    chance: str
    constants: str
    kind: str
    scope: str
    sources: tuple[str, ...]

    def cells(self, sources: Sources) -> tuple[str, ...]:
        """Return the entry as cells under `HEADINGS`."""
        cited = " ".join(sources.cite(text) for text in self.sources)
        return (*self[:-1], cited)


def describe(name: str, quantity: Quantity) -> Entry:
    """Return the entry of a quantity."""
    return Entry(
        name=name,
        value=_value(quantity),
        chance="",
        constants=_constants(quantity),
        kind=_kind(quantity),
        scope=quantity.scope.value.replace("_", " "),
        sources=sources_of(quantity),
    )


def describe_estimate(name: str, estimate: Estimate) -> Entry:
    """Return the entry of an estimate, with its Monte-Carlo interval."""
    entry = describe(name, estimate.quantity)._replace(chance=_chance(estimate))
    if not estimate.is_infinite:
        return entry
    return entry._replace(value=f"∞ ({estimate.quantity.reason})", kind="")


def _chance(estimate: Estimate) -> str:
    """Write the Monte-Carlo interval under the prefix of the value, if it has one."""
    low, high = estimate.low, estimate.high
    if not (estimate.is_known or math.isfinite(low) or math.isfinite(high)):
        return ""
    is_finite = math.isfinite(estimate.value) and math.isfinite(high)
    if is_finite and math.isfinite(low):
        return _bracket(format_value(estimate.value, estimate.unit, (low, high)))
    if estimate.unit == "J" and math.isfinite(low):
        return f"[{format_value(max(low, 0.0), 'J')}, {plain_joules(high)}]"
    return span(low, high)


def _bracket(text: str) -> str:
    """Return the interval that stands at the end of a number."""
    return f"[{text.rpartition('[')[2]}"


def _value(quantity: Quantity) -> str:
    if quantity.value is None:
        return f"unavailable: {quantity.reason}"
    text = format_value(quantity.value, quantity.unit)
    return f"≥ {text}; {quantity.reason}" if quantity.is_partial else text


def _constants(quantity: Quantity) -> str:
    if quantity.interval is None or quantity.value is None:
        return ""
    low, high = float(quantity.interval[0]), float(quantity.interval[1])
    if low == high:
        return "exact"
    text = format_value(quantity.value, quantity.unit, quantity.interval)
    return _bracket(text)


def _kind(quantity: Quantity) -> str:
    """Write the kind; a sum says the share of each, and what is missing."""
    shares = {kind: share for kind, share in quantity.shares().items() if share > 0}
    if len(shares) < 2:
        return quantity.kind.words
    parts = ", ".join(
        f"{100 * share:.3g} % {kind.words}" for kind, share in shares.items()
    )
    gap = ", the rest unavailable" if quantity.is_partial else ""
    return f"{quantity.kind.words} ({parts}{gap})"


def sources_of(quantity: Quantity) -> tuple[str, ...]:
    """Return where what is known of a quantity comes from, part by part."""
    if quantity.value is None:
        return ()
    known = [part for part in quantity.parts if part.kind is not Kind.UNAVAILABLE]
    return tuple(dict.fromkeys(part.source for part in known))


def finding_entries(finding: Finding) -> list[Entry]:
    """List what was found about a condition, numbers first, then the ledger."""
    entries = [
        describe_estimate("expected joules per success", finding.joules),
        describe_estimate(f"{RHO}, beside the control", finding.ratio),
        describe_estimate("steps to the target, restricted mean", finding.steps),
        describe_estimate("joules to the target, restricted mean", finding.mean_joules),
        describe_estimate("test accuracy where runs stopped", finding.test_accuracy),
    ]
    if finding.role == "arm":
        for found in finding.break_even:
            entries += [
                describe(f"{found.axis}: beside training", found.beside),
                describe(f"{found.axis}: training saved", found.saved),
                describe_estimate(f"{found.axis}: M*", found.multiple),
            ]
    return entries


def ledger_entries(ledger: Ledger) -> list[Entry]:
    """List every measure of every line of a ledger."""
    return [
        describe(f"{line.name.replace('_', ' ')}, {line.standing}: {measure}", quantity)
        for line in ledger.lines
        for measure, quantity in (
            ("s", line.seconds),
            ("J", line.joules),
            ("USD", line.usd),
            ("kgCO2e", line.kgco2e),
        )
        if quantity is not None
    ]


def task_entries(task: TaskResult) -> list[Entry]:
    """List the numbers of a task's ceiling."""
    return [
        describe_estimate("ceiling: control's joules per success", task.ceiling.joules),
        describe("ceiling in workstation time", task.ceiling.workstation_s),
    ]


def constant_entries(result: StudyResult) -> list[Entry]:
    """List prices and the device's constants."""
    rates = price_rates(result.prices)
    named: Sequence[tuple[str, Quantity]] = (
        ("wage", rates.wage),
        ("overhead on the wage", rates.overhead),
        ("electricity", rates.electricity),
        ("having the device", rates.device),
        ("power usage effectiveness", rates.pue),
        ("carbon of electricity", rates.intensity),
        ("energy of an hour of a person", rates.human_energy),
        ("carbon of an hour of a person", rates.human_carbon),
        ("price of a label bought elsewhere", rates.label),
        ("time of a label by the study's crowd", result.label_s),
        ("items over the model's life", rates.life_queries),
        ("of these, items that one call answers", _query_batch(result)),
        ("idle power of the device", result.profile.idle_power),
    )
    return [describe(name, quantity) for name, quantity in named] + [
        Entry(
            f"device: {name}",
            digits(constant.value),
            "",
            span(constant.low, constant.high),
            Kind(constant.kind).words,
            result.profile.scope,
            (constant.source,),
        )
        for name, constant in result.profile.constants.items()
    ]


def _query_batch(result: StudyResult) -> Quantity:
    """Return how many items one call of the model in use answers."""
    given = result.prices.query_batch
    if given is not None:
        return exactly(float(given), "1", "study file, prices.query_batch")
    used = result.tasks[0].control.usage.work
    looking = next((line.unit for line in used if line.phase == "evaluate"), None)
    batch = None if looking is None else query_batch(looking, result.work)
    if batch is None:
        return unavailable("1", Scope.CONSTANT, "no unit of work tells its batch")
    return exactly(float(batch), "1", "as many as held-out items; no query_batch given")


def entry_table(title: str, entries: Iterable[Entry], sources: Sources) -> Table:
    """Lay entries out under a title, their sources taken in."""
    return Table(HEADINGS, [entry.cells(sources) for entry in entries], title)
