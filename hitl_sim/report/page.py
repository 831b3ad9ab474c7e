"""One self-contained report.html: words, table, figures, ledger with provenance.

What the page holds is gathered here as texts and tables; how it is laid out stands in
`template/page.html`, which escapes every text.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hitl_sim import __version__
from hitl_sim.analysis.condition.across import across_study
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.decision.sensitivity import Verdict, weigh
from hitl_sim.output import write_bytes, write_text
from hitl_sim.report.across import across_table
from hitl_sim.report.data_file import report_data
from hitl_sim.report.figure.registry import (
    draw_all,
    figure_parts,
    parameter_figure,
    shown_surfaces,
    surface_figure,
    task_figure,
)
from hitl_sim.report.first_screen import first_screen
from hitl_sim.report.number import bare_text
from hitl_sim.report.provenance import (
    Sources,
    constant_entries,
    entry_table,
    finding_entries,
    ledger_entries,
    list_sources,
    task_entries,
)
from hitl_sim.report.sentence import say
from hitl_sim.report.study_table import (
    evidence_table,
    growth_table,
    inverted_table,
    replay_table,
    setup_table,
    swept_parameters,
)
from hitl_sim.report.surface import surface_tables
from hitl_sim.report.table import Table
from hitl_sim.report.task_table import decision_tables, result_table
from hitl_sim.report.words import (
    TaskWords,
    Words,
    bibtex,
    methods,
    methods_paragraph,
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
    """Write the page, the figures as files, and the numbers as JSON.

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
    drawn = dict(draw_all(result, weighed))
    for name, svg in drawn.items():
        write_text(out_dir / "figures" / f"{name}.svg", svg)
    words = words or tell(result, weighed)
    data = msgspec.json.encode(report_data(result, words, weighed))
    write_bytes(out_dir / "report.json", msgspec.json.format(data, indent=1) + b"\n")
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
    sources = Sources()
    told = zip(result.tasks, words.tasks, verdicts, strict=True)
    tasks = [_task(index, *one, figures, sources) for index, one in enumerate(told)]
    style = resources.files("hitl_sim.report") / "template" / "page.css"
    page = _templates().get_template("page.html")
    return page.render(
        title=title,
        style=Markup(style.read_text(encoding="utf-8")),
        words=words,
        first=first_screen(result, verdicts),
        tasks=tasks,
        say=say,
        parameters=[
            _drawn("parameter", figures[parameter_figure(parameter)])
            for parameter in swept_parameters(result)
        ],
        surfaces=[
            ([_drawn("surface", figures[surface_figure(index)])], surface_tables(found))
            for index, found in enumerate(shown_surfaces(result))
        ],
        study=_study(result, sources),
        rerun_command=rerun_command,
    ).lstrip()


def _drawn(kind: str, svg: str) -> tuple[Markup, str]:
    """Return a figure and what stands under it."""
    caption = say(f"caption_{figure_parts()[kind]}.{kind}")
    return Markup(svg.replace("<svg ", '<svg role="img" ', 1)), caption


def _task(
    index: int,
    task: TaskResult,
    spoken: TaskWords,
    verdict: Verdict,
    figures: Mapping[str, str],
    sources: Sources,
) -> dict[str, Any]:
    """Gather what the page tells of one task."""
    drawn: dict[str, list[tuple[Markup, str]]] = {}
    for kind, part in figure_parts().items():
        svg = figures.get(task_figure(kind, task, index))
        if svg is not None:
            drawn.setdefault(part, []).append(_drawn(kind, svg))
    tables = decision_tables(verdict, sources) if spoken.decision else ()
    upper_bound = entry_table("upper_bound", task_entries(task), sources)
    findings = (task.control, *task.findings)
    arms: dict[str, list[Finding]] = {}
    for finding in findings:
        arms.setdefault(finding.arm, []).append(finding)
    return {
        "words": spoken,
        "results": result_table(task),
        "figures": drawn.get("task", ()),
        "decision_figures": drawn.get("decision", ()),
        "decision_tables": tables,
        "scopes": Table(
            ("condition", "final fit only", "all training", "whole loop", "kind"),
            [
                (
                    finding.label + ("" if finding.is_per_success else "*"),
                    *map(bare_text, finding.scopes),
                    finding.scopes.whole_loop.kind.words,
                )
                for finding in findings
            ],
            title="joules per success (* per run: nobody reached)",
        ),
        "upper_bound": upper_bound,
        "ledgers": [
            (arm, [_ledger(finding, sources) for finding in members])
            for arm, members in arms.items()
        ],
    }


def _ledger(finding: Finding, sources: Sources) -> Table:
    basis = "per success" if finding.is_per_success else "per run: nobody reached"
    entries = finding_entries(finding) + ledger_entries(finding.ledger)
    title = f"{finding.label}: numbers and ledger, {basis}"
    return entry_table(title, entries, sources)


def _study(result: StudyResult, sources: Sources) -> dict[str, Any]:
    """Gather what holds for the whole study; its sources are cited last."""
    title = "prices and device constants"
    environment: dict[str, Any] = {
        "hitl_sim": __version__,
        "device profile": result.profile.label,
        "runs": result.num_records,
        "bootstrap seed": result.seed,
        "hash of the analysis plan": result.plan_hash,
        **result.environment,
    }
    return {
        "constants": entry_table(title, constant_entries(result), sources),
        "people": evidence_table(result),
        "replayed": replay_table(result),
        "setup": setup_table(result),
        "across": across_table(across_study(result), "every arm, task by task"),
        "growth": growth_table(result),
        "inverted": inverted_table(result.prices.boundary),
        "methods": methods(result),
        "paragraph": methods_paragraph(result),
        "citation": bibtex(),
        "num_records": f"{result.num_records:,}",
        "failed": Table(
            ("task", "arm", "who is asked", "replicate", "outcome"),
            [
                (r.task, r.arm, r.crowd or "nobody", f"{r.replicate}", r.outcome)
                for r in result.failed
            ],
        ),
        "environment": Table(
            ("what", "value"),
            [
                (str(name), value if isinstance(value, str) else json.dumps(value))
                for name, value in environment.items()
            ],
        ),
        "as_run": json.dumps(
            result.study, indent=1, sort_keys=True, ensure_ascii=False
        ),
        "sources": list_sources(sources.numbers),
    }
