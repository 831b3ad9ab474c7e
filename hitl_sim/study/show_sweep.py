"""A sweep for the terminal: its progress, what a folder holds, what a plan would do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from hitl_sim.energy import Quantity
from hitl_sim.report import render_terminal

if TYPE_CHECKING:
    # what is shown of a folder alone must load no study
    from hitl_sim.results import Results
    from hitl_sim.study.probe import Probe
    from hitl_sim.study.runner import DryRun
    from hitl_sim.study.status import Status
    from hitl_sim.study.sweep import Progress
    from hitl_sim.study.tune import Tuning
    from hitl_sim.study.verify import Verification

_MOST_BARS = 6
_LOG_EVERY_S = 10.0
_MINUTE_S, _HOUR_S = 60.0, 3600.0


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Draw bars that follow a study's progress; in a log, write a line now and then."""
    if not console.is_terminal:
        yield _Log(console).show
        return
    columns: list[ProgressColumn] = [
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    ]
    with Bars(*columns, console=console, refresh_per_second=2) as bars:
        yield _Drawn(bars).show


def _time_left(state: Progress) -> str:
    """Say how long the rest takes, where anything is left and known."""
    if state.left_s is None or state.done + state.failed == state.total:
        return ""
    return f"{format_time(state.left_s)} left"


class _Drawn:
    """A bar for the whole, and one for each program that is under way."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._whole = bars.add_task("starting", total=None, left="")
        self._ids: dict[str, TaskID] = {}

    def show(self, state: Progress) -> None:
        text = "compiling" if state.is_compiling else "running"
        self._bars.update(
            self._whole,
            description=text,
            total=state.total,
            completed=state.done,
            left=_time_left(state),
        )
        if not 1 < len(state.groups) <= _MOST_BARS:
            return
        for group in state.groups:
            if group.name not in self._ids:
                bar = self._bars.add_task(escape(group.name), total=None, left="")
                self._ids[group.name] = bar
            bar = self._ids[group.name]
            self._bars.update(bar, total=group.total, completed=group.done)


class _Log:
    """A line of the whole, and one of each program that moved, now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = -_LOG_EVERY_S
        self._seen: dict[str, int] = {}

    def show(self, state: Progress) -> None:
        is_over = state.done + state.failed == state.total
        now = time.monotonic()
        if now - self._last < _LOG_EVERY_S and not is_over:
            return
        self._last = now
        text = "compiling" if state.is_compiling else "running"
        self._line(text, state.done, state.total, _time_left(state))
        moved = [g for g in state.groups if self._seen.get(g.name, 0) != g.done]
        for group in moved[:_MOST_BARS] if len(state.groups) > 1 else ():
            self._line(f"  {group.name}", group.done, group.total, "")
        self._seen = {group.name: group.done for group in state.groups}

    def _line(self, name: str, done: int, total: int, said: str) -> None:
        rest = f", {said}" if said else ""
        self._console.print(
            f"{name}: {done} of {total} runs{rest}", soft_wrap=True, markup=False
        )


def format_time(seconds: float) -> str:
    """Write a time in the largest unit that makes it at least 1."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.1f} min"
    return f"{seconds / _HOUR_S:.1f} h"


def print_dry_run(console: Console, plan: DryRun) -> None:
    """Print what a study would do."""
    console.print(
        f"{plan.conditions} conditions, {plan.runs} runs, {plan.runs_left} of them "
        f"still to do, {plan.programs} programs to compile."
    )
    console.print(
        f"Work left: {plan.flops:.3g} operations, roughly "
        f"{plan.seconds_one_core / _MINUTE_S:.1f} minutes of one core (assumed rates) "
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


def print_probe(console: Console, found: Probe) -> None:
    """Print what each program was seen to take, and what is left."""
    table = Table()
    for column in ("program", "compile", "set-up", "per run", "runs left"):
        table.add_column(column, overflow="fold")
    for group in found.groups:
        table.add_row(
            escape(group.name),
            f"{group.compile_s:.1f} s",
            f"{group.setup_s:.1f} s",
            f"{1e3 * group.run_s:.3g} ms",
            str(group.runs_left),
        )
    console.print(table)
    console.print(
        f"What is left takes {format_time(found.seconds)} with {found.workers} "
        f"workers of {found.peak_mib:.0f} MiB each. The probed runs are kept."
    )


def print_tuning(console: Console, found: Tuning, file: Path) -> None:
    """Print what each program took with several runs mapped together."""
    table = Table("program", "runs")
    for lanes in found.options:
        table.add_column(f"{lanes} lane{'s' if lanes > 1 else ''}", justify="right")
    for group in found.groups:
        per_run = (f"{1e3 * seconds:.3g} ms" for seconds in group.run_s)
        table.add_row(escape(group.name), str(group.runs), *per_run)
    whole = (format_time(seconds) for seconds in found.study_s)
    table.add_row("all runs, one worker", "", *whole)
    console.print(table)
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
    table = Table()
    for column in ("task", "arm", "finished", "runs"):
        table.add_column(column)
    for arm in found.arms:
        table.add_row(escape(arm.task), escape(arm.arm), str(arm.done), str(arm.total))
    console.print(table)
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


def print_results(console: Console, results: Results) -> None:
    """Print a study's answer, and what the last call of its sweep burned itself."""
    render_terminal(results.result, console, results.verdicts)
    path = results.folder / "sidecar" / "sweep.json"
    if not path.exists():
        return
    own = json.loads(path.read_text())
    seconds = Quantity.from_json(own["seconds"])
    console.print(
        f"The last sweep itself took {seconds}; its energy, apart from the bill:"
    )
    for joules in own["gross"]:
        quantity = Quantity.from_json(joules)
        console.print(f"  {quantity.of}: {quantity}")
