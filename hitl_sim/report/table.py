"""The result in a terminal: words first, then one table per task, 100 columns wide."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hitl_sim.analysis import Finding, StudyResult, TaskResult, Verdict
from hitl_sim.energy import Quantity
from hitl_sim.report.number import digits
from hitl_sim.report.row import FOOTNOTE, HEADINGS, NOBODY, columns, table_rows
from hitl_sim.report.words import TaskWords, tell

WIDTH = 100
_CROWD = 1
_BILLS = (
    "Joules per success beside the control's, by what is counted: the fit that made the"
    " final weights, every fit, or everything with choosing, scoring and validation."
)


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
    console.print(Text(FOOTNOTE, style="dim"), width=width)
    bills = build_bills(task)
    if bills is not None:
        console.print()
        console.print(bills, width=width)
        console.print(Text(_BILLS, style="dim"), width=width)


def build_bills(task: TaskResult) -> Table | None:
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
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("condition", overflow="fold")
    for name in ("final fit only", "all training", "whole loop"):
        table.add_column(name, justify="right", no_wrap=True)
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


def build_table(task: TaskResult) -> Table:
    """Lay out a task's conditions, the crowds of an arm beneath its name.

    Carbon, and what nobody knows, is left to the page.
    """
    rows = table_rows(task)
    kept = [c for c in columns(rows) if c > _CROWD and HEADINGS[c] != "M* carbon"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("arm, and who is asked", overflow="fold")
    for column in kept:
        table.add_column(HEADINGS[column], justify="right", no_wrap=True)
    arm = ""
    for row in rows:
        name, crowd = row.cells[0], row.cells[_CROWD]
        has_crowd = crowd != NOBODY
        if has_crowd and name != arm:
            table.add_row(Text(name))
        arm = name
        style = "bold" if row.is_saving else "dim" if row.role != "arm" else ""
        first = Padding(Text(crowd), (0, 0, 0, 2)) if has_crowd else Text(name)
        table.add_row(first, *(Text(row.cells[c]) for c in kept), style=style)
    return table
