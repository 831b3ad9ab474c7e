"""From a results folder to its levers, side by side: all of `hitl-sim levers`."""

import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from hitl_sim.analysis.bill import price_units
from hitl_sim.analysis.finding import StudyResult
from hitl_sim.analysis.lever import LeverTable, tabulate_levers
from hitl_sim.analysis.standing import Standing, find_standings
from hitl_sim.report.lever import WIDTH, print_levers
from hitl_sim.study.conclude import analyse_folder
from hitl_sim.study.store import write_bytes


def show_levers(
    console: Console, folder: Path, device: str | None, rerun_command: str
) -> Path:
    """Print a study's levers, and keep the same as a page in its folder.

    Args:
        console: where to print.
        folder: results folder.
        device: a device profile in place of the study's own; nothing is retrained.
        rerun_command: what to type to get this again.

    Returns:
        Path of the page.

    Raises:
        RecordError: the folder holds no study.
        ValueError: no arm carries a lever, or there is no such device profile.
    """
    result = analyse_folder(folder, device)
    tables = tabulate_levers(result, price_units(result.work, result.profile))
    standings = find_standings(
        result.prices, lambda prices: analyse_folder(folder, device, prices)
    )
    _print(console, result, tables, standings)
    text = io.StringIO()
    _print(Console(file=text, width=WIDTH), result, tables, standings)
    lines = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    page = (
        f"# {result.question}\n\nWritten by `{rerun_command}`. Intervals are 95 %.\n\n"
        f"```text\n{lines}\n```\n"
    )
    path = folder / "levers.md"
    write_bytes(path, page.encode())
    return path


def _print(
    console: Console,
    result: StudyResult,
    tables: Sequence[LeverTable],
    standings: Sequence[Standing],
) -> None:
    print_levers(console, tables, standings, is_metered=result.is_measured)
