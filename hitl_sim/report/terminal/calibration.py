"""A calibration and an audit, for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from hitl_sim.energy.display import format_value
from hitl_sim.energy.repeat import Repeated
from hitl_sim.report.table import Table, to_grid

if TYPE_CHECKING:
    from hitl_sim.study.audited import Audit, Verdict
    from hitl_sim.study.calibration import Calibration


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


def print_audit(console: Console, found: Audit) -> None:
    """Print billed ÷ measured: of each arm, and of all runs with its interval."""
    rows = []
    arms = dict.fromkeys((run.task, run.arm) for run in found.runs)
    for task, arm in arms:
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
    if verdict.sample is None:
        return f"billed ÷ measured is {verdict.ratio}"
    sample = verdict.sample
    return (
        f"billed ÷ measured = {verdict.ratio}; the sample of runs alone "
        f"[{sample.low:.3f}, {sample.high:.3f}]"
    )


def _cost(found: Repeated, unit: str) -> str:
    return format_value(found.value, unit, (found.low, found.high))
