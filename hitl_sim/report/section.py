"""Parts of the page that tell about a decision, and about growth with size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hitl_sim.analysis import StudyResult, TaskResult, Verdict
from hitl_sim.analysis.scaling import find_scalings
from hitl_sim.report.caption import DECISION_FIGURES
from hitl_sim.report.decision_table import (
    EVEN_HEADINGS,
    INPUT_HEADINGS,
    SURE_HEADINGS,
    WORTH_HEADINGS,
    even_rows,
    frontier_table,
    input_rows,
    sure_rows,
    worth_rows,
)
from hitl_sim.report.html import Markup, element, listing, table
from hitl_sim.report.provenance import Sources
from hitl_sim.report.scale import GROWTH_HEADINGS, growth_note, growth_rows
from hitl_sim.report.words import TaskWords


def slug(text: str) -> str:
    """Write a name as letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def figure_name(kind: str, task: TaskResult, index: int) -> str:
    """Name the file of a task's figure."""
    return f"{index + 1}-{slug(task.task) or 'task'}-{kind}"


def drawn_figure(svg: str, caption: str) -> Markup:
    """Lay out a figure over its caption."""
    drawing = Markup(svg.replace("<svg ", '<svg role="img" ', 1))
    return element("figure", drawing, element("figcaption", caption))


def folded_table(
    title: str,
    headings: Sequence[str],
    cells: Iterable[Sequence[str]],
    notes: Iterable[str] = (),
) -> Markup:
    """Fold a table, and notes beneath it, under a title."""
    folded = element("div", table(headings, cells), class_="results")
    told = [element("p", note, class_="note") for note in notes]
    return element("details", element("summary", title), folded, *told)


def decision_section(
    index: int,
    task: TaskResult,
    spoken: TaskWords,
    verdict: Verdict,
    figures: Mapping[str, str],
    sources: Sources,
) -> Iterator[Markup]:
    """Lay out what a decision about people would rest on."""
    if not spoken.decision:
        return
    yield element("h3", "The decision")
    yield listing(spoken.decision)
    drawn = [
        drawn_figure(figures[name], caption)
        for kind, (_, caption) in DECISION_FIGURES.items()
        if (name := figure_name(kind, task, index)) in figures
    ]
    yield element("div", *drawn, class_="figures")
    decision, sensitivity = verdict
    yield folded_table(
        "what was drawn as the world", INPUT_HEADINGS, input_rows(decision, sources)
    )
    yield folded_table("how surely each pays", SURE_HEADINGS, sure_rows(decision))
    yield folded_table("break-evens", EVEN_HEADINGS, even_rows(decision))
    yield folded_table("frontier, per success", *frontier_table(decision))
    if sensitivity is not None:
        yield folded_table(
            "sensitivity and value of information",
            WORTH_HEADINGS,
            worth_rows(sensitivity),
            [f"Held as in the reference: {note}." for note in sensitivity.left_out],
        )


def growth_section(result: StudyResult) -> Iterator[Markup]:
    """Lay out how training grows with the sizes that were swept, if any were."""
    scalings = find_scalings(result)
    if scalings:
        yield element("h3", "Growth with size")
        yield element("p", growth_note(scalings), class_="note")
        yield table(GROWTH_HEADINGS, growth_rows(scalings))
