"""What a results folder holds, in a terminal; loads nothing that analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from hitl_sim.report.terminal.show import print_table, print_text

if TYPE_CHECKING:
    from hitl_sim.study.status import Status


def print_status(console: Console, found: Status) -> None:
    """Print what a results folder holds, and what it lacks."""
    print_text(console, "terminal.finished", found=found)
    rows = [(arm.task, arm.arm, str(arm.done), str(arm.total)) for arm in found.arms]
    print_table(console, ("task", "arm", "finished", "runs"), rows)
    print_text(console, "terminal.unfinished", found=found)
