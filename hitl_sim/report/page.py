"""One self-contained report.html: words, table, figures, ledger with provenance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from hitl_sim import __version__
from hitl_sim.analysis import Finding, StudyResult, TaskResult, Verdict, weigh
from hitl_sim.energy import Quantity
from hitl_sim.energy.display import format_value
from hitl_sim.output import write_bytes, write_text
from hitl_sim.report.caption import (
    DECISION_FIGURES,
    DIAL_CAPTION,
    FIGURES,
    methods,
)
from hitl_sim.report.citation import bibtex, methods_paragraph
from hitl_sim.report.data_file import report_data
from hitl_sim.report.figure import draw_dial, styled, to_png, to_svg
from hitl_sim.report.html import Markup, element, escape, join, listing, table
from hitl_sim.report.provenance import (
    HEADINGS as NUMBER_HEADINGS,
)
from hitl_sim.report.provenance import (
    Entry,
    Sources,
    constant_entries,
    finding_entries,
    ledger_entries,
    rows,
    task_entries,
)
from hitl_sim.report.row import FOOTNOTE, HEADINGS, NOBODY, Row, columns, table_rows
from hitl_sim.report.scale import (
    inverted_headings,
    inverted_note,
    inverted_rows,
)
from hitl_sim.report.section import (
    decision_section,
    drawn_figure,
    figure_name,
    folded_table,
    growth_section,
    slug,
)
from hitl_sim.report.setup import HEADINGS as SETUP_HEADINGS
from hitl_sim.report.setup import setup_rows
from hitl_sim.report.source_list import list_sources
from hitl_sim.report.standing import standing_words, standings, swept_dials
from hitl_sim.report.words import TaskWords, Words, tell

SCOPES_NOTE = (
    "The same runs, counted narrowly and whole: the fit that made the final weights, "
    "every fit of the network, and the whole loop with choosing, scoring and "
    "validation. Every comparison above is of whole loops."
)


def write_report(
    result: StudyResult,
    out_dir: Path,
    *,
    rerun_command: str,
    title: str,
    verdicts: Sequence[Verdict] | None = None,
) -> Path:
    """Write the page, the figures as files, and the numbers as JSON.

    The same result gives the same bytes.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        out_dir: folder of the report; made if missing. Gets `report.html`,
            `report.json` and `figures/*.svg` and `*.png`.
        rerun_command: what to type to get the report again.
        title: of the page.
        verdicts: of `hitl_sim.analysis.weigh`; default worked out here.

    Returns:
        Path of the page.
    """
    weighed = weigh(result) if verdicts is None else verdicts
    folder = out_dir / "figures"
    drawn: dict[str, str] = {}
    for name, svg, png in _draw_all(result, weighed):
        write_text(folder / f"{name}.svg", svg)
        write_bytes(folder / f"{name}.png", png)
        drawn[name] = svg
    words = tell(result, weighed)
    data = json.dumps(report_data(result, words, weighed), indent=1, allow_nan=False)
    write_text(out_dir / "report.json", data + "\n")
    page = out_dir / "report.html"
    text = render_page(
        result, drawn, rerun_command=rerun_command, title=title, verdicts=weighed
    )
    write_text(page, text)
    return page


def _draw_all(
    result: StudyResult, verdicts: Sequence[Verdict]
) -> Iterator[tuple[str, str, bytes]]:
    """Draw every figure of every task: name, SVG, PNG."""
    for index, (task, verdict) in enumerate(zip(result.tasks, verdicts, strict=True)):
        for kind in (*FIGURES, *DECISION_FIGURES):
            name = figure_name(kind, task, index)
            with styled(name):
                figure = (
                    FIGURES[kind][0](task)
                    if kind in FIGURES
                    else DECISION_FIGURES[kind][0](verdict, result)
                )
            if figure is not None:
                yield name, to_svg(figure, name), to_png(figure, name)
    for dial in swept_dials(result):
        name = _dial_name(dial)
        with styled(name):
            figure = draw_dial(result.tasks, dial, standing_words(result))
        yield name, to_svg(figure, name), to_png(figure, name)


def _dial_name(dial: str) -> str:
    return "dial-" + slug(dial)


def render_page(
    result: StudyResult,
    figures: Mapping[str, str],
    *,
    rerun_command: str,
    title: str,
    verdicts: Sequence[Verdict],
) -> str:
    """Return the page as text.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        figures: SVG by name.
        rerun_command: what to type to get the report again.
        title: of the page.
        verdicts: of `hitl_sim.analysis.weigh`.
    """
    words = tell(result, verdicts)
    sources = Sources()
    sections = [
        _opening(words, title),
        *(
            _task(index, task, spoken, verdict, figures, sources)
            for index, (task, spoken, verdict) in enumerate(
                zip(result.tasks, words.tasks, verdicts, strict=True)
            )
        ),
        *_dials(result, figures),
        _study(result, words, rerun_command, sources),
    ]
    style = resources.files("hitl_sim.report") / "data" / "page.css"
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Markup(style.read_text(encoding="utf-8"))),
    )
    body = element("body", *sections)
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _opening(words: Words, title: str) -> Markup:
    said = (("question", words.question), ("note", words.note))
    return join(
        [
            element("p", words.caution, class_="caution"),
            element("h1", title),
            *(element("p", text, class_=name) for name, text in said if text),
        ]
    )


def _task(
    index: int,
    task: TaskResult,
    spoken: TaskWords,
    verdict: Verdict,
    figures: Mapping[str, str],
    sources: Sources,
) -> Markup:
    """Lay out one task: words, table, figures, numbers."""
    opening = [
        element("p", text) for text in (spoken.ceiling, spoken.rho, spoken.break_even)
    ]
    shown = element("div", _results(table_rows(task)), class_="results")
    drawn = [
        drawn_figure(figures[figure_name(kind, task, index)], caption)
        for kind, (_, caption) in FIGURES.items()
    ]
    findings = (task.control, *task.findings)
    return element(
        "section",
        element("h2", task.label),
        element("p", spoken.answer, class_="answer"),
        element("div", *opening, class_="opening"),
        element("div", listing(spoken.checks), class_="checks"),
        shown,
        element("p", FOOTNOTE, class_="note"),
        element("div", *drawn, class_="figures"),
        *decision_section(index, task, spoken, verdict, figures, sources),
        element("h3", "What counts as training"),
        element("p", SCOPES_NOTE, class_="note"),
        _scopes(findings),
        element("h3", "Every number, and where it comes from"),
        _proof("ceiling", task_entries(task), sources, is_open=True),
        *_ledgers(findings, sources),
    )


def _results(lines: list[Row]) -> Markup:
    """Lay out the result table, the crowds of an arm beneath its name."""
    kept = [column for column in columns(lines) if column > 1]
    cells: list[list[str]] = []
    classes: list[str] = []
    arm = ""
    for line in lines:
        name, crowd = line.cells[:2]
        has_crowd = crowd != NOBODY
        if has_crowd and name != arm:
            cells.append([name, *("" for _ in kept)])
            classes.append("heading")
        arm = name
        cells.append([crowd if has_crowd else name, *(line.cells[c] for c in kept)])
        kind = "saving" if line.is_saving else line.role
        classes.append(f"{kind} crowd" if has_crowd else kind)
    headings = ["arm, and who is asked", *(HEADINGS[c] for c in kept)]
    return table(headings, cells, classes=classes)


def _scopes(findings: Iterable[Finding]) -> Markup:
    """Lay training out in three ways of counting, per condition."""
    cells = [
        [
            finding.label + ("" if finding.is_per_success else "*"),
            *(_bare(joules) for joules in finding.scopes),
            finding.scopes.whole_loop.kind.words,
        ]
        for finding in findings
    ]
    headings = ["condition", "final fit only", "all training", "whole loop", "kind"]
    title = "joules per success (* per run: nobody reached)"
    folded = element("div", table(headings, cells), class_="results")
    return element("details", element("summary", title), folded)


def _bare(quantity: Quantity) -> str:
    """Write a value and its interval without its kind, which stands beside it."""
    if quantity.value is None:
        return f"unavailable: {quantity.reason}"
    return format_value(quantity.value, quantity.unit, quantity.interval)


def _dials(result: StudyResult, figures: Mapping[str, str]) -> Iterator[Markup]:
    """Lay out where people break even along each dial of the crowd."""
    dials = swept_dials(result)
    if dials:
        yield element("h2", "How good people have to be")
    for dial in dials:
        yield drawn_figure(figures[_dial_name(dial)], DIAL_CAPTION)


def _ledgers(findings: Iterable[Finding], sources: Sources) -> Iterator[Markup]:
    """Fold the conditions of each arm together."""
    arms: dict[str, list[Finding]] = {}
    for finding in findings:
        arms.setdefault(finding.arm, []).append(finding)
    for arm, members in arms.items():
        folded = [_ledger(finding, sources) for finding in members]
        if len(folded) == 1:
            yield folded[0]
        else:
            title = f"{arm}: {len(folded)} conditions"
            yield element("details", element("summary", title), *folded)


def _ledger(finding: Finding, sources: Sources) -> Markup:
    basis = "per success" if finding.is_per_success else "per run: nobody reached"
    entries = finding_entries(finding) + ledger_entries(finding.ledger)
    return _proof(f"{finding.label}: numbers and ledger, {basis}", entries, sources)


def _proof(
    title: str, entries: list[Entry], sources: Sources, *, is_open: bool = False
) -> Markup:
    """Fold numbers with their provenance under a title."""
    inner = element(
        "div", table(NUMBER_HEADINGS, rows(entries, sources)), class_="proof"
    )
    folded = {"open": ""} if is_open else {}
    return element("details", element("summary", title), inner, **folded)


def _study(
    result: StudyResult, words: Words, rerun_command: str, sources: Sources
) -> Markup:
    """Lay out what holds for the whole study."""
    constants = _proof("prices and device constants", constant_entries(result), sources)
    told = list_sources(sources.numbers)
    return join(
        [
            element("h2", "The study"),
            listing(words.notes),
            constants,
            element("h3", "How far the people may be trusted"),
            _people(result),
            element("h3", "Set-ups and hyper-parameters"),
            folded_table("all that was set", SETUP_HEADINGS, setup_rows(result)),
            *growth_section(result),
            element("h3", "Beyond one decade: the question inverted"),
            element("p", inverted_note(), class_="note"),
            table(inverted_headings(), inverted_rows(result.prices.boundary)),
            element("h3", "Methods"),
            *(element("p", text) for text in methods(result)),
            element("h3", "To paste into a paper"),
            element("p", methods_paragraph(result)),
            element("pre", bibtex()),
            element("h3", "Runs that failed"),
            _failed(result),
            element("h3", "Run it again"),
            element("pre", rerun_command),
            element("h3", "Environment"),
            _environment(result),
            _folded_json("study, as it was run", result.study),
            element("h3", "Sources"),
            _numbered("parts", told.parts),
            element(
                "details",
                element("summary", "what the numbers marked [1], [2] … are made of"),
                _numbered("sources", told.formulas),
            ),
        ]
    )


def _numbered(name: str, texts: Iterable[str]) -> Markup:
    return element("ol", *(element("li", text) for text in texts), class_=name)


def _people(result: StudyResult) -> Markup:
    """Say how each population that was asked stands, by kind of question."""
    cells = standings(result)
    if not cells:
        return element("p", "Nobody was asked.")
    standing = table(("population", "question", "standing"), cells)
    return join([standing, _replayed(result)])


def _replayed(result: StudyResult) -> Markup:
    """Say where the answers of replayed arms came from; nothing without any."""
    replayed = [f for task in result.tasks for f in task.with_people if f.replay]
    if not replayed:
        return Markup("")
    names = ("replayed", "modelled", "untimed", "left_out")
    cells = [
        (f.task, f.arm, f.crowd, *(f"{f.replay[name]:.1f}" for name in names))
        for f in replayed
    ]
    words = ("recorded", "by fitted people", "recorded without a time", "not asked")
    return join(
        [
            element(
                "p",
                "Answers per run of arms that replay recorded people, and questions "
                "that were not asked because too few had answered them:",
            ),
            table(("task", "arm", "who is asked", *words), cells),
        ]
    )


def _failed(result: StudyResult) -> Markup:
    if not result.failed:
        return element("p", f"None: all {result.num_records:,} runs stayed finite.")
    cells = [
        (run.task, run.arm, run.crowd or "nobody", str(run.replicate), run.outcome)
        for run in result.failed
    ]
    return table(("task", "arm", "who is asked", "replicate", "outcome"), cells)


def _environment(result: StudyResult) -> Markup:
    named: dict[str, Any] = {
        "hitl_sim": __version__,
        "device profile": result.profile.label,
        "runs": result.num_records,
        "bootstrap seed": result.seed,
        **result.environment,
    }
    return table(
        ("what", "value"),
        [
            (str(name), value if isinstance(value, str) else json.dumps(value))
            for name, value in named.items()
        ],
    )


def _folded_json(title: str, data: Mapping[str, Any]) -> Markup:
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)
    return element("details", element("summary", title), element("pre", escape(text)))
