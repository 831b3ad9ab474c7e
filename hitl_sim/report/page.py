"""One self-contained report.html: the answer, three figures, and sections that open.

What the page holds is gathered here as texts and tables; how it is laid out stands in
`template/page.html`, which escapes every text. Where a number comes from is data behind
it, which `template/page.js` shows.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hitl_sim import __version__
from hitl_sim.analysis.condition.across import across_study
from hitl_sim.analysis.condition.finding import StudyResult
from hitl_sim.analysis.decision.sensitivity import Verdict, weigh
from hitl_sim.output import write_bytes, write_text
from hitl_sim.report.across import across_table
from hitl_sim.report.check_table import check_table, tuning_table
from hitl_sim.report.condition_table import bill_table, condition_table, places_of
from hitl_sim.report.data_file import report_data, write_data
from hitl_sim.report.figure.registry import draw_page, figure_parts, shown_surfaces
from hitl_sim.report.first_screen import FirstScreen, crowds_of, first_screen, name_of
from hitl_sim.report.number import RHO
from hitl_sim.report.page_data import Cell, PageData, PageTable, Row, from_table
from hitl_sim.report.provenance import (
    RATIO,
    constant_numbers,
    describe,
    device_entries,
    size_name,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.study_table import (
    evidence_table,
    growth_table,
    inverted_table,
    replay_table,
    setup_table,
)
from hitl_sim.report.surface import surface_tables
from hitl_sim.report.table import Table
from hitl_sim.report.task_table import (
    even_table,
    frontier_table,
    sure_table,
    worth_table,
)
from hitl_sim.report.words import (
    Words,
    bibtex,
    methods,
    methods_paragraph,
    study_notes,
    tell,
)


def write_report(
    result: StudyResult,
    out_dir: Path,
    *,
    rerun_command: str,
    title: str,
    verdicts: Sequence[Verdict] | None = None,
    words: Words | None = None,
) -> Path:
    """Write the page, its figures as files, and the numbers as JSON.

    The same result gives the same bytes.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        out_dir: folder of the report; made if missing. Gets `report.html`,
            `report.json` and `figures/*.svg`.
        rerun_command: what to type to get the report again.
        title: of the page.
        verdicts: of `hitl_sim.analysis.weigh`; default worked out here.
        words: of `report.words.tell`; default worked out here.

    Returns:
        Path of the page.
    """
    weighed = weigh(result) if verdicts is None else verdicts
    drawn = dict(draw_page(result, weighed))
    for name, svg in drawn.items():
        write_text(out_dir / "figures" / f"{name}.svg", svg)
    words = words or tell(result, weighed)
    data = report_data(result, words, weighed)
    write_bytes(out_dir / "report.json", write_data(data))
    page = out_dir / "report.html"
    text = render_page(
        result,
        drawn,
        rerun_command=rerun_command,
        title=title,
        verdicts=weighed,
        words=words,
    )
    write_text(page, text)
    return page


def page_captions(folder: Path) -> dict[str, str]:
    """Return what is said of each figure that a report drew into its folder, by name.

    Args:
        folder: of a report that was written.
    """
    files = (folder / "figures" / f"{name}.svg" for name in figure_parts())
    return {file.stem: _caption(file.stem) for file in files if file.exists()}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("hitl_sim.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _file(name: str) -> str:
    found = resources.files("hitl_sim.report") / "template" / name
    return found.read_text(encoding="utf-8")


def render_page(
    result: StudyResult,
    figures: Mapping[str, str],
    *,
    rerun_command: str,
    title: str,
    verdicts: Sequence[Verdict],
    words: Words,
) -> str:
    """Return the page as text; arguments as of `write_report`, figures SVG by name."""
    data = PageData()
    first = first_screen(result, verdicts)
    script = _file("page.js")
    digest = hashlib.sha256(script.encode()).digest()
    tables = {
        "headline": _headline(first, result, data),
        "conditions": condition_table(result, verdicts, data),
        "bills": bill_table(result, data),
        "constants": _constants(result, data),
        "decision": _decision(result, verdicts),
        "crowd": _crowd(result, verdicts),
        "checks": from_table(check_table(result)),
        "tuning": from_table(tuning_table(result), look="packed"),
        "failed": from_table(_failed(result)),
        "setup": from_table(setup_table(result), look="packed texts"),
        "environment": from_table(_environment(result), look="packed texts"),
    }
    page = _templates().get_template("page.html")
    return page.render(
        title=title,
        style=Markup(_file("page.css")),
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(digest).decode()}",
        words=words,
        first=first,
        say=say,
        place=data.place,
        figures=[_drawn(name, svg) for name, svg in figures.items()],
        methods=methods(result),
        notes=study_notes(result),
        paragraph=methods_paragraph(result),
        citation=bibtex(),
        rerun_command=rerun_command,
        numbers=Markup(data.script()),
        **tables,
    ).lstrip()


def _drawn(name: str, svg: str) -> tuple[Markup, str]:
    """Return a figure, named for those who do not see it, and what stands under it."""
    look = f'<svg role="img" aria-label="figure: {name}" '
    return Markup(svg.replace("<svg ", look, 1)), _caption(name)


def _caption(name: str) -> str:
    return say(f"caption_{figure_parts()[name]}.{name}")


def _headline(first: FirstScreen, result: StudyResult, data: PageData) -> PageTable:
    """Return the table of the first screen, with what stands behind its numbers."""
    keys = {id(place.finding): place.key for place in places_of(result)}
    rows = []
    for place, (cells, kind) in enumerate(first.table.marked()):
        behind = dict(enumerate(first.behind[place]))
        found = []
        for column, text in enumerate(map(str, cells)):
            of = behind.get(column)
            if of is None:
                found.append(Cell(text))
                continue
            size = of.finding.over_machine[0] if of.is_size else None
            beside = "best arm without people"
            name = size_name(beside, size.trainings) if size else RATIO
            key = keys[id(of.finding)]
            found.append(Cell(text, name=name, key=key, look=of.side))
        rows.append(Row(tuple(found), kind=kind))
    return PageTable("answer in one look", first.table.headings, rows)


def _constants(result: StudyResult, data: PageData) -> PageTable:
    """List prices and constants, each with its interval and what it rests on."""
    named = constant_numbers(result).items()
    entries = [describe(name, number, data.bases) for name, number in named]
    entries += device_entries(result, data.bases)
    rows = []
    for index, entry in enumerate(entries):
        key = data.add_entries(f"c{index}", [entry])
        cells = Cell(entry.name), Cell(entry.value, name=entry.name)
        rows.append(Row((*cells, Cell(entry.constants)), key))
    headings = ("number", "value", "95 %")
    return PageTable("prices and constants", headings, rows, look="packed")


def _decision(result: StudyResult, verdicts: Sequence[Verdict]) -> list[PageTable]:
    """Gather what a decision rests on, all tasks in one table of each kind."""
    named = [name_of(task, result, is_short=True) for task in result.tasks]
    sure, even, worth, frontier = [], [], [], []
    for task, name, (decision, found) in zip(
        result.tasks, named, verdicts, strict=True
    ):
        shown = {crowd.finding.label for crowd in crowds_of(task)}
        sure.append((name, _only(sure_table(decision), 0, shown)))
        leader = decision.leader
        own = {leader.finding.label} if leader else set()
        even.append((name, _only(even_table(decision), 2, own)))
        frontier.append((name, _only(frontier_table(decision), -2, {"yes"})))
        if found is not None:
            worth.append((name, worth_table(found)))
    means = [one for one in across_study(result) if one.summary is not None]
    tables = [
        _joined("how surely each pays", sure),
        _joined("prices at which the best arm breaks even", even),
        _joined("value of information", worth),
        _joined("on the frontier, per success", frontier),
        _noted(from_table(across_table(means), "across tasks"), "page.across"),
        from_table(growth_table(result), "growth with size"),
        from_table(
            inverted_table(result.prices.boundary),
            f"{RHO} that would be required of far larger trainings",
        ),
    ]
    return [table for table in tables if table.rows]


def _only(table: Table, column: int, wanted: Iterable[str]) -> Table:
    """Keep the rows that have one of some texts in a column."""
    kept = set(wanted)
    rows = [row for row in table.rows if str(row[column]) in kept]
    return replace(table, rows=rows, classes=())


def _joined(title: str, parts: Sequence[tuple[str, Table]]) -> PageTable:
    """Put tables of tasks together, the task in front of each row."""
    headings = ("task", *parts[0][1].headings) if parts else ()
    notes = dict.fromkeys(note for _, table in parts for note in table.notes)
    rows = [
        Row(tuple(Cell(str(cell)) for cell in (name, *row)))
        for name, table in parts
        for row in table.rows
    ]
    return PageTable(title, headings, rows, tuple(notes))


def _crowd(result: StudyResult, verdicts: Sequence[Verdict]) -> list[PageTable]:
    """Gather who was asked, and where guidance saves over what was swept of them."""
    people = []
    for task, verdict in zip(result.tasks, verdicts, strict=True):
        found = [b for b in verdict.decision.break_evens if not b.unit]
        own = replace(verdict.decision, break_evens=tuple(found))
        people.append((name_of(task, result, is_short=True), even_table(own)))
    tables = [
        from_table(
            evidence_table(result),
            "how far the people may be trusted",
            look="packed texts",
        ),
        from_table(replay_table(result), "answers of recorded people, per run"),
        _joined("parameters at which an arm breaks even", people),
        *(
            _noted(from_table(table), "" if place else "page.surface")
            for found in shown_surfaces(result)
            for place, table in enumerate(surface_tables(found))
        ),
    ]
    return [table for table in tables if table.rows]


def _noted(table: PageTable, sentence: str) -> PageTable:
    """Add a sentence, by its name, beneath a table; none where it has no rows."""
    if not sentence or not table.rows:
        return table
    return replace(table, notes=(*table.notes, say(sentence)))


def _failed(result: StudyResult) -> Table:
    return Table(
        ("task", "arm", "who is asked", "replicate", "outcome"),
        [
            (r.task, r.arm, r.crowd or "nobody", f"{r.replicate}", r.outcome)
            for r in result.failed
        ],
        "runs that failed",
    )


def _environment(result: StudyResult) -> Table:
    environment: dict[str, Any] = {
        "hitl_sim": __version__,
        "device profile": result.profile.label,
        "runs": result.num_records,
        "bootstrap seed": result.seed,
        "hash of the analysis plan": result.plan_hash,
        **result.environment,
    }
    rows = [
        (str(name), value if isinstance(value, str) else json.dumps(value))
        for name, value in environment.items()
    ]
    return Table(("what", "value"), rows, "environment")
