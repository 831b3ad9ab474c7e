"""Meters, measurements, calibrations and audits; what energy buys in human time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from hitl_sim.cost import BOUNDARIES, equivalents_of, published_runs
from hitl_sim.energy import Quantity
from hitl_sim.energy.display import format_value
from hitl_sim.energy.meters import Capability, Measurement, SelfTest
from hitl_sim.energy.repeat import Repeated
from hitl_sim.report.table import Table, to_grid
from hitl_sim.unit import S_PER_H

if TYPE_CHECKING:
    from hitl_sim.study.audited import Audit, Verdict
    from hitl_sim.study.calibration import Calibration

_STYLES = {"passed": "green", "failed": "bold red", "not tried": "dim"}
_STOPPED = {
    "target": "known as well as was asked for",
    "sensor": "the sensor's own error is above the target; more runs would not help",
    "max_repeats": "not known as well as was asked for: the most runs were made",
    "max_s": "not known as well as was asked for: the time was over",
    "nothing to read": "nothing can be measured here; more runs would not help",
    "failed": "a run failed, so no more were made",
}


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
    found = Table(
        ("an hour of a person is", "human time", source),
        [(name, _in_hours(time), time.source) for name, time in bought.items()],
        "What energy buys in human time",
    )
    console.print(
        f"A budget of {format_value(joules, 'J', None)}, spent on people instead:"
    )
    console.print(to_grid(found, fold=(source,)))
    for published in published_runs():
        times = published.joules.value
        if isinstance(times, float):
            console.print(
                f"{published.name} was trained on {times / joules:,.3g} such budgets "
                f"({published.joules.kind.words}; {published.joules.source})."
            )


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
    headings = ("unit", "regime", "seconds", "joules", "windows")
    title = f"Units of work on {found.profile.name}, 95 % intervals"
    console.print(to_grid(Table(headings, rows, title), fold=("unit",)))
    if found.is_interrupted:
        console.print("Interrupted: what was measured enough is kept.")
    disturbed = sum(result.num_disturbed for result in found.results)
    if disturbed:
        windows = sum(result.seconds.num_repeats for result in found.results)
        how = next(r.disturbance for r in found.results if r.disturbance)
        console.print(
            f"[yellow]disturbed:[/yellow] other programs used this machine in "
            f"{disturbed} of {windows} windows ({how}). Where they had its core, "
            "seconds are this program's own processor time, which shared caches and "
            "clocks still lengthen: measure again on a quiet machine."
        )
    for name in found.skipped:
        console.print(f"[yellow]not measured:[/yellow] {escape(name)}")
    if found.no_joules:
        console.print(
            "Seconds are measured. Joules are modelled from them and the base "
            f"profile's watts, since none could be measured: {escape(found.no_joules)}."
        )
    console.print(
        f"Took {found.elapsed_s:.0f} s. Bill a finished study with it:\n"
        f"  hitl-sim report DIR --device {escape(str(path))}",
        soft_wrap=True,
    )


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
    headings = ("task", "arm", "runs", "billed", "measured", "billed ÷ measured")
    title = f"Runs by themselves, billed by {found.profile}"
    console.print(to_grid(Table(headings, rows, title)))
    for name, verdict in (("seconds", found.seconds), ("joules", found.joules)):
        console.print(f"{name}: {escape(_verdict(verdict))}", soft_wrap=True)
    if found.disturbance:
        word = "disturbed" if found.is_evidence else "no evidence"
        console.print(f"[yellow]{word}:[/yellow] {escape(found.disturbance)}")
    if found.ruled_frac > 0.0:
        console.print(
            f"[yellow]not measured:[/yellow] {100 * found.ruled_frac:.0f} % of the "
            "billed seconds are of units that the profile did not measure, but has a "
            "rule for: measure this study's own with `hitl-sim profile --study`."
        )
    same = sum(run.is_same_curve for run in found.runs)
    aside = sum(run.aside_s for run in found.runs) / len(found.runs)
    console.print(
        f"{same} of {len(found.runs)} reruns learned what their record says. Making "
        f"the task and answering for people took {format_value(aside, 's')} per run, "
        "which is billed to nobody and left out."
    )


def _verdict(verdict: Verdict) -> str:
    sample = verdict.sample
    if sample is None:
        return f"billed ÷ measured is {verdict.ratio}"
    return (
        f"billed ÷ measured = {verdict.ratio}; the sample of runs alone "
        f"[{sample.low:.3f}, {sample.high:.3f}]"
    )


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
    table = Table(headings, rows, "Energy meters of this machine")
    console.print(to_grid(table, fold=(why,)))
    if not any(meter.is_available for meter in found):
        console.print(
            "Nothing can be measured here: every joule of a study will be modelled "
            "from counted operations, and says so."
        )


def print_measurement(console: Console, measurement: Measurement) -> None:
    """Print the energy of one run: gross, idle and marginal, device by device."""
    repeated = measurement.repeated
    reading = repeated.reading
    runs = "1 run" if repeated.num_repeats == 1 else f"{repeated.num_repeats} runs"
    seconds = repeated.seconds_per_call
    console.print(
        f"{escape(' '.join(measurement.argv))}: {float(seconds.value or 0.0):.3g} s a"
        f" run, {runs}, exit code {measurement.return_code}"
    )
    if not measurement.is_measured:
        console.print("Nothing was measured: no counter of this machine can be read.")
    if not any(energy.value is not None for energy in reading.gross):
        for seen in measurement.capabilities:
            console.print(f"{seen.device or seen.backend}: {escape(seen.reason)}")
        return
    table = _energy_table(measurement)
    console.print(to_grid(table, fold=table.headings))
    for check in reading.checks:
        if check.label not in ("agree", "one view"):
            console.print(f"{check.of}: {check.label}: {escape(check.note)}")
    if repeated.num_repeats > 1 or repeated.stopped == "failed":
        console.print(f"{_STOPPED[repeated.stopped].capitalize()}.")
    # what cannot be measured, unless a row of the table says so
    said = {energy.reason for energy in reading.gross}
    for seen in measurement.capabilities:
        if not seen.is_available and seen.reason not in said:
            device = seen.device or seen.backend
            console.print(f"not measured: {device}: {escape(seen.reason)}")


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
    headings = ("device", "expected", "outcome", "detail")
    table = Table(headings, rows, "Self-test of the meters")
    console.print(to_grid(table, fold=("detail",)))
    num_failed = sum(trial.outcome == "failed" for trial in result.trials)
    if num_failed:
        console.print(f"{num_failed} failed: do not trust joules of those devices.")
    elif result.has_meter:
        console.print("Nothing failed.")
    else:
        console.print(
            "The arithmetic holds, and there is no counter here to try it on."
        )
