"""The result in a terminal: words first, then one table per task, 100 columns wide."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.text import Text

from hitl_sim.analysis.condition.across import across_study
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.decision.sensitivity import Verdict
from hitl_sim.energy import Quantity
from hitl_sim.output import write_bytes
from hitl_sim.report.across import across_table
from hitl_sim.report.first_screen import first_screen
from hitl_sim.report.number import UNKNOWN, digits
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table, to_grid
from hitl_sim.report.task_table import result_table
from hitl_sim.report.terminal.markdown import MarkdownPage
from hitl_sim.report.terminal.show import print_indented, print_text
from hitl_sim.report.words import TaskWords, Words, tell

WIDTH = 100
"""Columns of a page, and the most that are used of a terminal."""
_WAYS = ("final fit only", "all training", "whole loop")


def render_first_screen(
    result: StudyResult,
    console: Console,
    words: Words,
    verdicts: Sequence[Verdict] = (),
) -> None:
    """Print the answer in one look, within 35 lines of 100 columns."""
    width = min(console.width, WIDTH)
    found = first_screen(result, verdicts)
    opening = (
        (words.question, "italic"),
        (found.warning, "bold red"),
        (words.changed, "bold"),
        (words.note, ""),
    )
    _print_opening(opening, console, width)
    for line in found.verdicts:
        console.print(Text(line, style="bold"), width=width)
    first, *rest = found.table.headings
    grid = to_grid(found.table, fold=(first,), right=rest, whole=rest, is_compact=True)
    console.print(grid, width=width)
    console.print(Text(found.legend, style="dim"), width=width)
    console.print(Text(found.turns), width=width)
    console.print(Text(found.caution), width=width)


def first_screen_text(
    result: StudyResult, words: Words, verdicts: Sequence[Verdict] = ()
) -> str:
    """Return the answer in one look as plain text of at most 100 columns."""
    text = io.StringIO()
    # in a notebook it would be shown there, and nothing be written
    console = Console(file=text, width=WIDTH, force_jupyter=False)
    render_first_screen(result, console, words, verdicts)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _print_opening(
    opening: Sequence[tuple[str, str]], console: Console, width: int
) -> None:
    """Print lines in their styles; nothing where one is empty."""
    for text, style in opening:
        if text:
            console.print(Text(text, style=style), width=width)


def render_terminal(
    result: StudyResult, console: Console, words: Words | None = None
) -> None:
    """Print the answer in words and a table per task, in up to 100 columns.

    Words are those of `report.words.tell`; default: without a decision.
    """
    words = words or tell(result)
    width = min(console.width, WIDTH)
    opening = (
        (words.caution, "bold"),
        (words.changed, "bold"),
        (words.question, "italic"),
        (words.note, ""),
    )
    _print_opening(opening, console, width)
    for task, spoken in zip(result.tasks, words.tasks, strict=True):
        console.print()
        _print_task(task, spoken, console, width)
    _print_across(result, console, width)
    for note in words.notes:
        console.print(Text(note), width=width)


def _print_task(
    task: TaskResult, spoken: TaskWords, console: Console, width: int
) -> None:
    console.print(Text(f"{spoken.task}: {spoken.answer}", style="bold"), width=width)
    opening = (
        *([spoken.pool] if spoken.pool else []),
        spoken.training_size,
        spoken.upper_bound,
        spoken.rho,
        *([spoken.targets] if spoken.targets else []),
        spoken.break_even,
    )
    for line in (*opening, *spoken.checks, *spoken.decision):
        print_indented(console, line, width)
    # carbon and energy's multiple, and what is unknown, are left to the page
    short = result_table(task, without=("M* energy", "M* carbon"))
    tables = [("page.results", short)]
    bills = _bills(task)
    if bills.rows:
        tables.append(("page.bills", bills))
    for note, table in tables:
        first, *rest = table.headings
        grid = to_grid(table, fold=(first,), right=rest, whole=rest, is_compact=True)
        console.print()
        console.print(grid, width=width)
        console.print(Text(say(note), style="dim"), width=width)


def _print_across(result: StudyResult, console: Console, width: int) -> None:
    """Print the tasks of the conditions that stand for their arms and have a mean."""
    found = [
        one
        for one in across_study(result)
        if one.is_reference and one.summary is not None
    ]
    if found:
        first, ratio, *rest = (table := across_table(found)).headings
        console.print()
        grid = to_grid(table, fold=(first, *rest), whole=(ratio,), is_compact=True)
        console.print(grid, width=width)
        console.print(Text(say("page.across"), style="dim"), width=width)
        console.print()


def _bills(task: TaskResult) -> Table:
    """Lay out what a condition costs beside the control by three ways of counting.

    Of the kinds of arm of which one throws fits away; of none all three ways say much
    the same.
    """
    wasteful = {
        finding.kind
        for finding in task.findings
        if finding.scopes.final_fit.value != finding.scopes.all_training.value
    }
    rows = [
        (
            finding.label,
            *(
                _share(own, control, finding)
                for own, control in zip(
                    finding.scopes, task.control.scopes, strict=True
                )
            ),
        )
        for finding in task.findings
        if finding.kind in wasteful
    ]
    return Table(("condition", *_WAYS), rows)


def _share(own: Quantity, control: Quantity, finding: Finding) -> str:
    if not finding.is_per_success:
        return "∞"
    if own.value is None or not control.value:
        return UNKNOWN
    return digits(float(own.value) / float(control.value))


def print_own_energy(console: Console, folder: Path) -> None:
    """Say what the last call of the sweep itself burned; no arm is billed for it."""
    path = folder / "sidecar" / "sweep.json"
    if not path.exists():
        return
    own = json.loads(path.read_text())
    seconds = Quantity.from_json(own["seconds"])
    joules = [Quantity.from_json(one) for one in own["gross"]]
    print_text(console, "terminal.own_energy", seconds=seconds, joules=joules)


def write_findings(
    result: StudyResult,
    words: Words,
    folder: Path,
    rerun_command: str,
    verdicts: Sequence[Verdict] = (),
    figures: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Keep the answer as a page to lay beside the study file: prose, tables, figures.

    Args:
        result: of the study.
        words: of `report.words.tell`.
        folder: where `findings.md` is written.
        rerun_command: what to type to get it again.
        verdicts: one per task.
        figures: captions of those that lie in its folder `figures`, by name.
    """

    def show(page: MarkdownPage) -> None:
        # the question is the page's title
        opening = replace(words, question="")
        render_first_screen(result, page, opening, verdicts)
        for name, caption in figures.items():
            page.picture(name, f"figures/{name}.svg", caption)
        page.head("Every condition and every reason")
        page.print(words.caution)
        for task, spoken in zip(result.tasks, words.tasks, strict=True):
            with page.folded(spoken.task):
                _print_task(task, spoken, page, WIDTH)
        _print_across(result, page, WIDTH)
        for note in words.notes:
            page.print(note)

    write_page(folder / "findings.md", result.question, rerun_command, show)


def write_page(
    path: Path,
    question: str,
    rerun_command: str,
    show: Callable[[MarkdownPage], None],
) -> None:
    """Write what a terminal shows as a page of Markdown.

    Args:
        path: of the page.
        question: its title.
        rerun_command: what to type to get it again.
        show: prints what the page holds.
    """
    page = MarkdownPage(WIDTH)
    show(page)
    text = (
        f"# {question}\n\nWritten by `{rerun_command}`. Intervals are 95 %.\n\n"
        f"{page.markdown}\n"
    )
    write_bytes(path, text.encode())
