"""A sweep for the terminal: what a plan would do, what a folder holds, how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from hitl_sim.report.number import rough_time
from hitl_sim.report.table import Table, to_grid
from hitl_sim.unit import S_PER_MIN

if TYPE_CHECKING:
    from hitl_sim.study.probe import Probe
    from hitl_sim.study.runner import DryRun, StudyRun
    from hitl_sim.study.status import Status
    from hitl_sim.study.tune import Tuning
    from hitl_sim.study.verify import Verification


def print_dry_run(console: Console, plan: DryRun) -> None:
    """Print what a study would do."""
    console.print(
        f"{plan.conditions} conditions, {plan.runs} runs, {plan.runs_left} of them "
        f"still to do, {plan.programs} programs to compile."
    )
    console.print(
        f"Work left: {plan.flops:.3g} operations, roughly "
        f"{plan.seconds_one_core / S_PER_MIN:.1f} minutes of one core (assumed rates) "
        f"and {plan.joules:.2g} J (as if this machine were the study's device), "
        f"{plan.worker_mib:.0f} MiB per worker. `--probe` measures the time."
    )
    console.print(
        f"With {plan.replicates} replicates a difference between two arms is known to "
        f"about {plan.half_width:.2f} standard deviations of one run (95 %)."
    )
    for field, reason in plan.inert.items():
        console.print(f"[yellow]inert:[/yellow] {escape(field)}: {escape(reason)}.")
    if plan.runs_inert:
        console.print(
            f"[yellow]inert:[/yellow] {plan.runs_inert} of {plan.runs} runs differ "
            "from others along inert axes alone. `axis.arms` names the arms that an "
            "axis is for."
        )
    for note in plan.notes:
        console.print(f"[yellow]note:[/yellow] {escape(note)}.")
    if plan.others:
        console.print(
            f"{plan.others} finished runs in this folder are not part of this form of "
            "the study: their records are kept, and results.parquet leaves them out."
        )


def print_outcome(console: Console, found: StudyRun) -> None:
    """Print what went wrong in a sweep that is over; nothing where all went well."""
    for path in found.set_aside:
        console.print(f"[yellow]damaged, set aside:[/yellow] {escape(str(path))}")
    for message in sorted(set(found.messages)):
        console.print(f"[red]a chunk failed:[/red] {escape(message)}")


def print_probe(console: Console, found: Probe) -> None:
    """Print what each program was seen to take, and what is left."""
    headings = ("program", "compile", "set-up", "per run", "runs left")
    rows = [
        (
            group.name,
            f"{group.compile_s:.1f} s",
            f"{group.setup_s:.1f} s",
            f"{1e3 * group.run_s:.3g} ms",
            str(group.runs_left),
        )
        for group in found.groups
    ]
    console.print(to_grid(Table(headings, rows), fold=headings))
    console.print(
        f"What is left takes {rough_time(found.seconds)} with {found.workers} "
        f"workers of {found.peak_mib:.0f} MiB each. The probed runs are kept."
    )


def print_tuning(console: Console, found: Tuning, file: Path) -> None:
    """Print what each program took with several runs mapped together."""
    lanes = [f"{num} lane{'s' if num > 1 else ''}" for num in found.options]
    rows = [
        (group.name, str(group.runs), *(f"{1e3 * s:.3g} ms" for s in group.run_s))
        for group in found.groups
    ]
    rows.append(("all runs, one worker", "", *map(rough_time, found.study_s)))
    console.print(to_grid(Table(("program", "runs", *lanes), rows), right=lanes))
    console.print(
        f"Measured once, on {found.platform}. Written into {escape(str(file))}: "
        f"lanes = {found.best}. Records keep the number, and other numbers may give "
        "other last digits.",
        soft_wrap=True,
    )


def print_status(console: Console, found: Status) -> None:
    """Print what a results folder holds, and what it lacks."""
    console.print(f"[bold]{escape(found.question)}[/bold]")
    console.print(f"{found.done} of {found.total} runs are finished.")
    rows = [(arm.task, arm.arm, str(arm.done), str(arm.total)) for arm in found.arms]
    console.print(to_grid(Table(("task", "arm", "finished", "runs"), rows)))
    for failure in found.failures:
        console.print(
            f"[red]failed:[/red] {failure.runs} runs in {failure.chunks} chunks: "
            f"{escape(failure.message)} The next `hitl-sim run` tries them again."
        )
    for path in found.damaged:
        console.print(
            f"[red]damaged:[/red] {escape(str(path))}. The next `hitl-sim run` sets it "
            "aside and computes its runs again."
        )
    if found.set_aside:
        console.print(f"{found.set_aside} damaged files were set aside before.")
    if found.others:
        console.print(
            f"{found.others} finished runs belong to another form of the study; they "
            "are kept."
        )
    if found.done and not found.is_reported:
        console.print("results.parquet does not hold all of them yet.")


def print_verification(console: Console, found: Verification) -> None:
    """Print whether a second computation gave the same bytes."""
    console.print(
        f"{found.files} of {found.total} record files ({found.runs} runs) were "
        f"computed again: {found.files - len(found.unlike)} have the same bytes."
    )
    for name in found.unlike:
        console.print(f"[red]other bytes:[/red] {escape(name)}")
    if found.strange:
        console.print(
            f"{found.strange} record files belong to another form of the study and "
            "were left out."
        )
