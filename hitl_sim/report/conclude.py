"""From records to the answer: the last step of a run, and all of `hitl-sim report`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from hitl_sim.analysis import weigh
from hitl_sim.report.page import write_report
from hitl_sim.report.terminal.answer import (
    print_own_energy,
    render_terminal,
    write_findings,
)
from hitl_sim.study.conclude import analyse_folder


def conclude(
    console: Console, folder: Path, device: str | None, rerun_command: str
) -> Path:
    """Bill a study's records, print the answer, and write the report.

    Args:
        console: where to print.
        folder: results folder.
        device: a device profile in place of the study's own; nothing is retrained.
        rerun_command: what to type to get this again.

    Returns:
        Path of the report.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no such device profile.
    """
    result = analyse_folder(folder, device)
    verdicts = weigh(result)
    render_terminal(result, console, verdicts)
    print_own_energy(console, folder)
    write_findings(result, verdicts, folder, rerun_command)
    page = write_report(
        result,
        folder,
        verdicts=verdicts,
        rerun_command=rerun_command,
        title=f"Study {folder.resolve().name}",
    )
    console.print(f"Report: {page}", soft_wrap=True)
    return page
