"""Meters, measurements, calibrations and audits; what energy buys in human time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from hitl_sim.cost import BOUNDARIES, equivalents_of, published_runs
from hitl_sim.energy import Quantity
from hitl_sim.energy.display import format_value
from hitl_sim.energy.meters import Capability, Measurement, SelfTest
from hitl_sim.energy.repeat import Repeated
from hitl_sim.report.table import Table, to_grid
from hitl_sim.report.terminal.show import print_table, print_text
from hitl_sim.unit import S_PER_H

if TYPE_CHECKING:
    from hitl_sim.study.audited import Audit
    from hitl_sim.study.calibration import Calibration

_STYLES = {"passed": "green", "failed": "bold red", "not tried": "dim"}


def print_equivalents(console: Console, joules: float, boundary: str | None) -> None:
    """Print human time per boundary of an hour, for a budget and published runs.

    Args:
        console: where to print.
        joules: the budget, J; > 0.
        boundary: one boundary, or None for all.

    Raises:
        ValueError: the budget is not positive, or the boundary is unknown.
    """
    chosen = [name for name in BOUNDARIES if boundary in (None, name)]
    if not chosen:
        allowed = ", ".join(repr(b) for b in BOUNDARIES)
        raise ValueError(f"`boundary` must be one of {allowed}, got {boundary!r}.")
    bought = {name: equivalents_of(joules, name) for name in chosen}
    source = "source of the joules per hour"
    print_text(console, "terminal.budget", joules=joules)
    print_table(
        console,
        ("an hour of a person is", "human time", source),
        [(name, _in_hours(time), time.source) for name, time in bought.items()],
        "What energy buys in human time",
        fold=(source,),
    )
    known = [run for run in published_runs() if isinstance(run.joules.value, float)]
    print_text(console, "terminal.budgets", runs=known, joules=joules)


def _in_hours(seconds: Quantity) -> str:
    hours = seconds.scaled(1 / S_PER_H, unit="h")
    if hours.value is None:
        return f"no limit: {hours.reason}"
    return f"{format_value(hours.value, 'h', hours.interval)} ({hours.kind.words})"


def print_calibration(console: Console, found: Calibration, path: Path) -> None:
    """Print what each unit costs here, and what the file can be used for."""
    rows = [
        (
            result.name,
            result.regime,
            _cost(result.seconds, "s") + ("" if result.is_tight else " (wide)"),
            "modelled" if result.joules is None else _cost(result.joules, "J"),
            str(result.seconds.num_repeats),
        )
        for result in found.results
    ]
    print_table(
        console,
        ("unit", "regime", "seconds", "joules", "windows"),
        rows,
        f"Units of work on {found.profile.name}, 95 % intervals",
        fold=("unit",),
    )
    print_text(
        console,
        "terminal.calibrated",
        found=found,
        disturbed=sum(result.num_disturbed for result in found.results),
        windows=sum(result.seconds.num_repeats for result in found.results),
        how=next((r.disturbance for r in found.results if r.disturbance), ""),
    )
    print_text(console, "terminal.use", found=found, path=path, soft_wrap=True)


def _cost(found: Repeated, unit: str) -> str:
    return format_value(found.value, unit, (found.low, found.high))


def print_audit(console: Console, found: Audit) -> None:
    """Print billed ÷ measured: of each arm, and of all runs with its interval."""
    rows = []
    for task, arm in dict.fromkeys((run.task, run.arm) for run in found.runs):
        runs = [run for run in found.runs if (run.task, run.arm) == (task, arm)]
        billed = sum(float(run.billed_s.value or 0.0) for run in runs) / len(runs)
        measured = sum(run.measured_s for run in runs) / len(runs)
        cells = (format_value(billed, "s"), format_value(measured, "s"))
        rows.append((task, arm, str(len(runs)), *cells, f"{billed / measured:.2f}"))
    print_table(
        console,
        ("task", "arm", "runs", "billed", "measured", "billed ÷ measured"),
        rows,
        f"Runs by themselves, billed by {found.profile}",
    )
    print_text(console, "terminal.ratios", found=found, soft_wrap=True)
    same = sum(run.is_same_curve for run in found.runs)
    aside = sum(run.aside_s for run in found.runs) / len(found.runs)
    print_text(console, "terminal.audited", found=found, same=same, aside=aside)


def print_meters(console: Console, found: Sequence[Capability]) -> None:
    """Print each backend: what it covers, or why it cannot be read here."""
    rows = [
        (
            meter.backend,
            "yes" if meter.is_available else "no",
            meter.device or "-",
            meter.scope.value,
            "-"
            if meter.update_period_s is None
            else f"{meter.update_period_s * 1e3:.3g} ms",
            meter.note if meter.is_available else meter.reason,
        )
        for meter in found
    ]
    why = "note, or why not"
    headings = ("backend", "readable", "device", "scope", "update period", why)
    print_table(console, headings, rows, "Energy meters of this machine", fold=(why,))
    if not any(meter.is_available for meter in found):
        print_text(console, "terminal.unmeasured")


def print_measurement(console: Console, measurement: Measurement) -> None:
    """Print the energy of one run: gross, idle and marginal, device by device."""
    repeated = measurement.repeated
    reading = repeated.reading
    is_known = any(energy.value is not None for energy in reading.gross)
    told: dict[str, Any] = {
        "found": measurement,
        "repeated": repeated,
        "is_known": is_known,
    }
    print_text(console, "terminal.measured", **told)
    if is_known:
        table = _energy_table(measurement)
        console.print(to_grid(table, fold=table.headings))
        # what cannot be measured, unless a row of the table says so
        said = {energy.reason for energy in reading.gross}
        print_text(console, "terminal.checked", **told, said=said)


def _energy_table(measurement: Measurement) -> Table:
    """Lay out the energy of one run by device, and of all of several."""
    repeated = measurement.repeated
    idle = [one.scaled(1.0 / repeated.num_repeats) for one in repeated.reading.idle]
    devices = zip(repeated.per_call, idle, repeated.marginal_per_call, strict=True)
    rows = [
        (parts[0].of or "-", parts[0].scope.value, *map(str, parts))
        for parts in devices
    ]
    classes = [""] * len(rows)
    if len(rows) > 1:
        gross, marginal = measurement.gross_total, measurement.marginal_total
        whole = "not added: the devices overlap" if gross is None else str(gross)
        rest = "-" if marginal is None else str(marginal)
        rows.append(("all", "", whole, "-", rest))
        classes.append("total")
    headings = ("device", "scope", "gross", "idle", "marginal")
    return Table(headings, rows, "Energy of one run", classes)


def print_selftest(console: Console, result: SelfTest) -> None:
    """Print what was tried on the meters of this machine, and how it went."""
    rows = [
        (
            trial.of or "-",
            trial.name,
            Text(trial.outcome, style=_STYLES[trial.outcome]),
            trial.detail,
        )
        for trial in result.trials
    ]
    print_table(
        console,
        ("device", "expected", "outcome", "detail"),
        rows,
        "Self-test of the meters",
        fold=("detail",),
    )
    failed = sum(trial.outcome == "failed" for trial in result.trials)
    print_text(console, "terminal.tried", failed=failed, result=result)
