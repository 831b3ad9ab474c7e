"""Studies: what a plan would do, what a folder holds, how runs ended; two compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape

from hitl_sim.report.number import (
    RHO,
    break_even_text,
    digits,
    ratio_text,
    rough_time,
    span,
)
from hitl_sim.report.table import Table, to_grid
from hitl_sim.unit import S_PER_MIN

if TYPE_CHECKING:
    from hitl_sim.analysis.condition.versus import Comparison, Confirmation
    from hitl_sim.study.probe import Probe
    from hitl_sim.study.runner import DryRun, StudyRun
    from hitl_sim.study.tune import Tuning
    from hitl_sim.study.verify import Verification

_ORDER = ("first", "second")


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
    sizes = [f"{num} at a time" for num in found.options]
    rows = [
        (group.name, str(group.runs), *(f"{1e3 * s:.3g} ms" for s in group.run_s))
        for group in found.groups
    ]
    rows.append(("all runs, one worker", "", *map(rough_time, found.study_s)))
    console.print(to_grid(Table(("program", "runs", *sizes), rows), right=sizes))
    console.print(
        f"Measured once, on {found.platform}. Written into {escape(str(file))}: "
        f"vmap_size = {found.best}. Records keep the number, and other numbers may "
        "give "
        "other last digits.",
        soft_wrap=True,
    )


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


def print_confirmations(console: Console, found: Sequence[Confirmation]) -> None:
    """Print what was found of each task, what was found again, and what was gone."""
    if not found:
        console.print("No condition with people was there to confirm.")
        return
    numbers = (f"{RHO} when chosen", f"{RHO} again [95 %]", "shrinkage of log")
    rows = [
        (
            one.task,
            one.label,
            ratio_text(one.first),
            ratio_text(one.again),
            "-" if math.isnan(one.shrinkage_frac) else f"{one.shrinkage_frac:.0%}",
        )
        for one in found
    ]
    table = Table(("task", "condition", *numbers), rows, "Winners on fresh seeds")
    console.print(to_grid(table, fold=("condition",), right=numbers))
    seeds = ", ".join(sorted({f"{c.seed} ({c.replicates} replicates)" for c in found}))
    console.print(f"Fresh seed: {seeds}. Quote the second column, not the first.")


def print_comparison(console: Console, found: Comparison, one: str, other: str) -> None:
    """Print what two studies, by their names, set differently, and what that did."""
    console.print(f"First: {escape(one)}. Second: {escape(other)}.", soft_wrap=True)
    if found.settings:
        settings = [
            (name, *("-" if value is None else str(value) for value in pair))
            for name, pair in found.settings.items()
        ]
        table = Table(("setting", *_ORDER), settings, "What was set differently")
        console.print(to_grid(table, fold=table.headings, box=box.SIMPLE_HEAD))
    else:
        console.print("Both studies set the same.")
    if found.shared:
        _print_shared(console, found)
    else:
        console.print("No condition is in both studies.")
    for name, left in ((one, found.only_one), (other, found.only_other)):
        if left:
            console.print(f"Only in {escape(name)}: {escape('; '.join(left))}.")


def _print_shared(console: Console, found: Comparison) -> None:
    """Print rho and M* of the conditions that both studies have."""
    numbers = [f"{RHO}, {name}" for name in _ORDER]
    numbers += ["second over first [95 %]", *(f"M*, {name}" for name in _ORDER)]
    rows = [
        (
            versus.words,
            *(ratio_text(finding.ratio) for finding in (versus.one, versus.other)),
            f"{digits(versus.value)} {span(versus.low, versus.high)}",
            *(
                break_even_text(finding.at("joules")) if finding.role == "arm" else ""
                for finding in (versus.one, versus.other)
            ),
        )
        for versus in found.shared
    ]
    kinds = ["apart" if versus.is_told_apart else "" for versus in found.shared]
    title = f"{RHO} and M* in energy"
    table = Table(("condition", *numbers), rows, title, kinds)
    console.print(
        to_grid(table, fold=("condition",), right=numbers, box=box.SIMPLE_HEAD)
    )
    console.print(_pairing(found), soft_wrap=True)
    console.print(
        f"{kinds.count('apart')} of {len(kinds)} shared conditions can be told apart"
        f" by {RHO}; by chance alone about one in twenty would."
    )


def _pairing(found: Comparison) -> str:
    """Say whether replicates were paired, and what that saved."""
    from hitl_sim.analysis.chance.interval import MIN_REPLICATES  # noqa: PLC0415 - is slow

    if not found.shares_seed:
        return "The studies do not share a seed: their runs count as independent."
    paired = [versus for versus in found.shared if versus.num_paired]
    if not paired:
        return (
            "The studies have one seed but share fewer than"
            f" {MIN_REPLICATES} replicates: their runs count as independent."
        )
    num = _range([f"{end(v.num_paired for v in paired)}" for end in (min, max)])
    told = (
        f"The studies have one seed: {num} replicates are compared pair by pair, in"
        f" {len(paired)} of {len(found.shared)} conditions."
    )
    saved = [v.variance_saved_frac for v in paired if v.variance_saved_frac is not None]
    if not saved:
        return told
    return (
        f"{told} Pairing saved"
        f" {_range([f'{100 * end(saved):.0f} %' for end in (min, max)])} of the"
        " variance of the ratio's logarithm."
    )


def _range(ends: Sequence[str]) -> str:
    return " to ".join(dict.fromkeys(ends))
