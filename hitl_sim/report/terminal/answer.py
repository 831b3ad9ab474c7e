"""The result in a terminal: words first, then one table per task, 100 columns wide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from hitl_sim.analysis import Finding, StudyResult, TaskResult, Verdict
from hitl_sim.energy import Quantity
from hitl_sim.report.number import digits
from hitl_sim.report.row import result_table
from hitl_sim.report.sentence import say
from hitl_sim.report.table import new_grid
from hitl_sim.report.terminal.page import WIDTH, write_page
from hitl_sim.report.words import TaskWords, tell

_ASIDE = ("control", "control crowd", "null", "null crowd")
_WAYS = ("final fit only", "all training", "whole loop")


def render_terminal(
    result: StudyResult, console: Console, verdicts: Sequence[Verdict] = ()
) -> None:
    """Print the answer in words and a table per task.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        console: where to print; wider ones are used up to 100 columns.
        verdicts: of `hitl_sim.analysis.weigh`; none: no decision is told.
    """
    words = tell(result, verdicts)
    width = min(console.width, WIDTH)
    console.print(Text(words.caution, style="bold"), width=width)
    if words.question:
        console.print(Text(words.question, style="italic"), width=width)
    if words.note:
        console.print(Text(words.note), width=width)
    for task, spoken in zip(result.tasks, words.tasks, strict=True):
        console.print()
        _print_task(task, spoken, console, width)
    for note in words.notes:
        console.print(Text(note), width=width)


def _print_task(
    task: TaskResult, spoken: TaskWords, console: Console, width: int
) -> None:
    console.print(Text(f"{spoken.task}: {spoken.answer}", style="bold"), width=width)
    opening = (spoken.ceiling, spoken.rho, spoken.break_even)
    for line in (*opening, *spoken.checks, *spoken.decision):
        console.print(Padding(Text(line), (0, 0, 0, 2)), width=width)
    console.print()
    console.print(build_table(task), width=width)
    console.print(Text(say("page.results"), style="dim"), width=width)
    bills = build_bills(task)
    if bills is not None:
        console.print()
        console.print(bills, width=width)
        console.print(Text(say("page.bills"), style="dim"), width=width)


def build_bills(task: TaskResult) -> Grid | None:
    """Lay out what a condition costs beside the control by three ways of counting.

    Returns:
        The table, of the kinds of arm of which one throws fits away; None where none
        does, since all three then say much the same.
    """
    wasteful = {
        finding.kind
        for finding in task.findings
        if finding.scopes.final_fit.value != finding.scopes.all_training.value
    }
    if not wasteful:
        return None
    table = new_grid(
        *("condition", *_WAYS),
        fold=("condition",),
        right=_WAYS,
        whole=_WAYS,
        is_compact=True,
    )
    for finding in task.findings:
        if finding.kind not in wasteful:
            continue
        pairs = zip(finding.scopes, task.control.scopes, strict=True)
        table.add_row(finding.label, *(_share(*pair, finding) for pair in pairs))
    return table


def _share(own: Quantity, control: Quantity, finding: Finding) -> str:
    if not finding.is_per_success:
        return "∞"
    if own.value is None or not control.value:
        return "unknown"
    return digits(float(own.value) / float(control.value))


def build_table(task: TaskResult) -> Grid:
    """Lay out a task's conditions; carbon, and what is unknown, is left to the page."""
    found = result_table(task, without=("M* carbon",))
    first, *rest = found.headings
    grid = new_grid(
        first, *rest, fold=(first,), right=rest, whole=rest, is_compact=True
    )
    for (name, *cells), kind in found.marked():
        style = "bold" if "saving" in kind else "dim" if kind in _ASIDE else ""
        shown = Padding(Text(name), (0, 0, 0, 2)) if "crowd" in kind else Text(name)
        grid.add_row(shown, *(Text(cell) for cell in cells), style=style)
    return grid


def print_own_energy(console: Console, folder: Path) -> None:
    """Say what the last call of the sweep itself burned; no arm is billed for it."""
    path = folder / "sidecar" / "sweep.json"
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


def write_findings(
    result: StudyResult,
    verdicts: Sequence[Verdict],
    folder: Path,
    rerun_command: str,
) -> None:
    """Keep the answer and its table as a page to lay beside the study file."""
    write_page(
        folder / "findings.md",
        result.question,
        rerun_command,
        lambda console: render_terminal(result, console, verdicts),
    )
