"""Where every number of a report comes from: kind, scope, intervals, source."""

import math
from typing import NamedTuple

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import Finding, StudyResult
from hitl_sim.cost import Ledger, price_rates
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.price import Rates
from hitl_sim.cost.query import query_batch
from hitl_sim.energy import Kind, Quantity, Scope, unavailable
from hitl_sim.energy.display import format_interval, format_value
from hitl_sim.report.basis import Bases
from hitl_sim.report.number import RHO, digits, plain_joules, span

Number = Quantity | Estimate
RATIO = f"{RHO}, beside the control"
PER_SUCCESS = "expected joules per success"
TEST_ACCURACY = "test accuracy where runs stopped"


class Entry(NamedTuple):
    """One number and where it comes from.

    Attributes:
        value: the number with its unit; why it is unavailable, if it is.
        chance: its Monte-Carlo interval; empty where it has none.
        constants: the interval that constants leave; empty where it has none.
        shares: of a sum, how much of it each kind of number makes, as percentages;
            empty where there is one kind.
        basis: place of what it rests on among `Bases`.
    """

    name: str
    value: str
    chance: str
    constants: str
    shares: tuple[tuple[Kind, float], ...]
    basis: int


def describe(name: str, number: Number, bases: Bases) -> Entry:
    """Return the entry of a quantity, or of an estimate with its chance.

    Why a number is unavailable, or but a lower bound, is told by its basis.
    """
    if isinstance(number, Estimate):
        entry = describe(name, number.quantity, bases)
        entry = entry._replace(chance=_chance(number))
        return entry._replace(value="∞") if number.is_infinite else entry
    value = "unavailable"
    if number.value is not None:
        value = format_value(number.value, number.unit)
        value = f"≥ {value}" if number.is_partial else value
    return Entry(
        name=name,
        value=value,
        chance="",
        constants=_constants(number),
        shares=_shares(number),
        basis=bases.of(number),
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


def _shares(quantity: Quantity) -> tuple[tuple[Kind, float], ...]:
    """Return the share of each kind in a sum; what is unavailable has none."""
    if not quantity.composition:
        return ()
    found = [(kind, 100 * share) for kind, share in quantity.shares().items() if share]
    return tuple(found) if len(found) > 1 else ()


def finding_numbers(finding: Finding) -> dict[str, Number]:
    """Name what was found about a condition."""
    named: dict[str, Number] = {
        PER_SUCCESS: finding.joules,
        RATIO: finding.ratio,
        "steps to the target, restricted mean": finding.steps,
        "joules to the target, restricted mean": finding.mean_joules,
        TEST_ACCURACY: finding.test_accuracy,
    }
    for beside, sizes in (
        ("best arm without people", finding.over_machine),
        ("control", finding.over_control),
    ):
        for size in sizes:
            named[size_name(beside, size.trainings)] = size.joules
    if finding.role == "arm":
        for found in finding.break_even:
            named[f"{found.axis}: beside training"] = found.beside
            named[f"{found.axis}: training saved"] = found.saved
            named[f"{found.axis}: M*"] = found.multiple
    return named


def size_name(beside: str, trainings: int) -> str:
    """Name a break-even size of training beside some arm."""
    shared = f", {trainings} trainings" if trainings > 1 else ""
    return f"E*, beside the {beside}{shared}"


def ledger_numbers(ledger: Ledger) -> dict[str, Number]:
    """Name every measure of every line of a ledger."""
    return {
        f"{line.name.replace('_', ' ')}, {line.purpose}: {measure}": quantity
        for line in ledger.lines
        for measure, quantity in (
            ("s", line.seconds),
            ("J", line.joules),
            ("USD", line.usd),
            ("kgCO2e", line.kgco2e),
        )
        if quantity is not None
    }


def constant_numbers(result: StudyResult) -> dict[str, Number]:
    """Name the prices of a study and the idle power of its device."""
    rates = price_rates(result.prices)
    return {
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
        **_machine_numbers(rates),
    }


def _machine_numbers(rates: Rates) -> dict[str, Number]:
    """Name what one answer takes of each machine that has a price."""
    return {
        f"{what} of an answer of machine {name}": quantity
        for name, rate in rates.machines.items()
        for what, quantity in (
            ("device time", rate.seconds),
            ("energy", rate.joules),
            ("price", rate.usd),
        )
        if quantity is not None
    }


def device_entries(result: StudyResult, bases: Bases) -> list[Entry]:
    """List the constants of the device's profile."""
    scope = result.profile.scope
    return [
        Entry(
            f"device: {name}",
            digits(constant.value),
            "",
            span(constant.low, constant.high),
            (),
            bases.take("", constant.kind, scope, (constant.source,)),
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
