"""What a results folder holds, in a terminal; loads nothing that analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from hitl_sim.report.table import Table, to_grid

if TYPE_CHECKING:
    from hitl_sim.study.status import Status


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
