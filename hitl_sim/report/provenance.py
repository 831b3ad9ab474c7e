"""Where every number of a report comes from: kind, scope, intervals, source."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.cost import Ledger, price_rates
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.query import query_batch
from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.energy.display import format_interval, format_value
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
_JOINT = re.compile(r"( x | / |; )")


@dataclass
class Sources:
    """Sources by their number, in the order in which they are first cited."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return a source's number, from 1 on, taking it in if it is new."""
        return self.numbers.setdefault(text, len(self.numbers) + 1)

    def cite(self, text: str) -> str:
        """Return the mark that stands for a source, taking it in if it is new."""
        return f"[{self.number(text)}]"


class SourceList(NamedTuple):
    """Sources and the parts that they are made of.

    Attributes:
        formulas: what each source is made of, as in "s1 x s2; s3".
        parts: texts of s1, s2 and so on, each once.
    """

    formulas: tuple[str, ...]
    parts: tuple[str, ...]


def list_sources(texts: Iterable[str]) -> SourceList:
    """Take sources apart, in the order in which they are numbered.

    The source of a product, a sum or a quotient is written out of those of its parts
    (`a x b; c / d`), and long ones hold the same parts many times. Here every part is
    told once, as s1, s2 and so on, and a source is a formula of parts.
    """
    numbers: dict[str, int] = {}

    def formula(text: str) -> str:
        pieces = _JOINT.split(text)
        for i in range(0, len(pieces), 2):
            pieces[i] = f"s{numbers.setdefault(pieces[i], len(numbers) + 1)}"
        sides = "".join(pieces).split(" / ")
        # a term of a sum is told once
        return " / ".join("; ".join(dict.fromkeys(s.split("; "))) for s in sides)

    formulas = tuple(map(formula, texts))
    return SourceList(formulas, tuple(numbers))


class Entry(NamedTuple):
    """One number and where it comes from.

    Attributes:
        value: the number with its unit; why it is unavailable, if it is.
        chance: its Monte-Carlo interval; empty where it has none.
        constants: the interval that constants leave; empty where it has none.
        kind: how it is known; for a sum, each kind with its share.
    """

    name: str
    value: str
    chance: str
    constants: str
    kind: str
    scope: str
    sources: tuple[str, ...]


def describe(name: str, number: Quantity | Estimate) -> Entry:
    """Return the entry of a quantity, or of an estimate with its chance."""
    if isinstance(number, Estimate):
        entry = describe(name, number.quantity)._replace(chance=_chance(number))
        if not number.is_infinite:
            return entry
        return entry._replace(value=f"∞ ({number.quantity.reason})", kind="")
    if number.value is None:
        value = f"unavailable: {number.reason}"
    else:
        value = format_value(number.value, number.unit)
        value = f"≥ {value}; {number.reason}" if number.is_partial else value
    return Entry(
        name=name,
        value=value,
        chance="",
        constants=_constants(number),
        kind=_kind(number),
        scope=number.scope.value.replace("_", " "),
        sources=sources_of(number),
    )


def _chance(estimate: Estimate) -> str:
    """Write the Monte-Carlo interval under the prefix of the value, if it has one."""
    low, high = estimate.low, estimate.high
    if not (estimate.is_known or math.isfinite(low) or math.isfinite(high)):
        return ""
    if math.isfinite(estimate.value + high) and math.isfinite(low):
        return format_interval(estimate.value, estimate.unit, (low, high))
    if estimate.unit == "J" and math.isfinite(low):
        return f"[{format_value(max(low, 0.0), 'J')}, {plain_joules(high)}]"
    return span(low, high)


def _constants(quantity: Quantity) -> str:
    if quantity.interval is None or quantity.value is None:
        return ""
    if float(quantity.interval[0]) == float(quantity.interval[1]):
        return "exact"
    return format_interval(quantity.value, quantity.unit, quantity.interval)


def _kind(quantity: Quantity) -> str:
    """Write the kind; a sum says the share of each, and what is missing."""
    if not quantity.composition:
        return quantity.kind.words
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
    if not quantity.composition:
        return (quantity.source,)
    known = [p for p in quantity.composition if p.kind is not Kind.UNAVAILABLE]
    return tuple(dict.fromkeys(part.source for part in known))


def finding_entries(finding: Finding) -> list[Entry]:
    """List what was found about a condition."""
    named: dict[str, Quantity | Estimate] = {
        "expected joules per success": finding.joules,
        f"{RHO}, beside the control": finding.ratio,
        "steps to the target, restricted mean": finding.steps,
        "joules to the target, restricted mean": finding.mean_joules,
        "test accuracy where runs stopped": finding.test_accuracy,
    }
    if finding.role == "arm":
        for found in finding.break_even:
            named[f"{found.axis}: beside training"] = found.beside
            named[f"{found.axis}: training saved"] = found.saved
            named[f"{found.axis}: M*"] = found.multiple
    return [describe(name, number) for name, number in named.items()]


def ledger_entries(ledger: Ledger) -> list[Entry]:
    """List every measure of every line of a ledger."""
    return [
        describe(f"{line.name.replace('_', ' ')}, {line.purpose}: {measure}", quantity)
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
    """List the numbers of a task's upper bound."""
    return [
        describe("upper bound: control's joules per success", task.control.joules),
        describe("upper bound in workstation time", task.workstation_s),
    ]


def constant_entries(result: StudyResult) -> list[Entry]:
    """List prices and the device's constants."""
    rates = price_rates(result.prices)
    named = {
        "wage": rates.wage,
        "overhead on the wage": rates.overhead,
        "electricity": rates.electricity,
        "having the device": rates.device,
        "power usage effectiveness": rates.pue,
        "carbon of electricity": rates.intensity,
        "energy of an hour of a person": rates.human_energy,
        "carbon of an hour of a person": rates.human_carbon,
        "price of a label bought elsewhere": rates.label,
        "time of a label by the study's crowd": result.label_s,
        "items over the model's life": rates.life_queries,
        "of these, items that one call answers": _query_batch(result),
        "idle power of the device": result.profile.idle_power,
    }
    return [describe(name, quantity) for name, quantity in named.items()] + [
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
    rows = [
        (*entry[:-1], " ".join(map(sources.cite, entry.sources))) for entry in entries
    ]
    return Table(HEADINGS, rows, title)
