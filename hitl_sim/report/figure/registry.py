"""The figures of a report: name, and what each is drawn of.

A figure is a file beside this one, a line here and a caption among the sentences. One
that does not apply (nobody was asked, money is unknown) draws nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from matplotlib.figure import Figure

from hitl_sim.analysis.condition.finding import StudyResult, TaskResult
from hitl_sim.analysis.decision.sensitivity import Verdict, weigh
from hitl_sim.report.figure.acceptability import draw_acceptability
from hitl_sim.report.figure.bill import draw_bill
from hitl_sim.report.figure.contour import draw_contour
from hitl_sim.report.figure.equivalents import draw_equivalents
from hitl_sim.report.figure.frontier import draw_frontier
from hitl_sim.report.figure.learning import draw_learning
from hitl_sim.report.figure.parameter import draw_parameter
from hitl_sim.report.figure.quality import draw_quality
from hitl_sim.report.figure.sensitivity import draw_sensitivity
from hitl_sim.report.figure.style import styled, to_svg
from hitl_sim.report.figure.timeline import draw_timeline
from hitl_sim.report.figure.waterfall import draw_waterfall
from hitl_sim.report.study_table import evidence_words, swept_parameters


class Scene(NamedTuple):
    """What a figure is drawn of: a task of a study and its verdict, or a parameter."""

    result: StudyResult
    task: TaskResult
    verdict: Verdict
    parameter: str = ""


@dataclass(frozen=True)
class ReportFigure:
    """A figure of the report; None where it does not apply.

    It stands with a task's results, with its decision, or with what holds for the whole
    study, once per parameter that was swept.
    """

    draw: Callable[[Scene], Figure | None]
    part: Literal["task", "decision", "study"] = "task"


FIGURES: Mapping[str, ReportFigure] = {
    "learning": ReportFigure(lambda scene: draw_learning(scene.task)),
    "quality": ReportFigure(lambda scene: draw_quality(scene.task)),
    "equivalents": ReportFigure(lambda scene: draw_equivalents(scene.task)),
    "bill": ReportFigure(lambda scene: draw_bill(scene.task)),
    "acceptability": ReportFigure(
        lambda scene: draw_acceptability(scene.verdict.decision), "decision"
    ),
    "frontier": ReportFigure(
        lambda scene: draw_frontier(scene.verdict.decision), "decision"
    ),
    "contour": ReportFigure(
        lambda scene: draw_contour(scene.verdict.decision), "decision"
    ),
    "waterfall": ReportFigure(
        lambda scene: draw_waterfall(scene.verdict.decision), "decision"
    ),
    "sensitivity": ReportFigure(
        lambda scene: draw_sensitivity(scene.verdict.sensitivity), "decision"
    ),
    "timeline": ReportFigure(
        lambda scene: draw_timeline(scene.verdict.decision.leader, scene.result),
        "decision",
    ),
    "parameter": ReportFigure(
        lambda scene: draw_parameter(
            scene.result.tasks, scene.parameter, evidence_words(scene.result)
        ),
        "study",
    ),
}


def draw(
    name: str,
    result: StudyResult,
    verdicts: Sequence[Verdict] | None = None,
    *,
    task: int = 0,
    parameter: str | None = None,
) -> Figure | None:
    """Draw one figure of a study.

    Args:
        name: one of `FIGURES`.
        result: of `hitl_sim.analysis.analyse`.
        verdicts: of `hitl_sim.analysis.weigh`, one per task; default worked out here.
        task: which of the study's tasks, from 0.
        parameter: for `parameter`, which field of the crowd; default the first that was
            swept.

    Returns:
        The figure; None where it does not apply to this study.

    Raises:
        ValueError: no such figure.
    """
    if name not in FIGURES:
        allowed = ", ".join(repr(known) for known in FIGURES)
        raise ValueError(f"`name` must be one of {allowed}, got {name!r}.")
    found = FIGURES[name]
    parameters = [parameter] if parameter is not None else swept_parameters(result)
    if found.part == "study" and not parameters:
        return None
    verdict = (weigh(result) if verdicts is None else verdicts)[task]
    scene = Scene(result, result.tasks[task], verdict, (*parameters, "")[0])
    with styled():
        return found.draw(scene)


def draw_all(
    result: StudyResult, verdicts: Sequence[Verdict]
) -> Iterator[tuple[str, str]]:
    """Draw every figure that applies, for files and page.

    Yields:
        Name of the file, and the figure as SVG with ids of its own.
    """
    scenes = [
        Scene(result, task, verdict)
        for task, verdict in zip(result.tasks, verdicts, strict=True)
    ]
    named = [
        (task_figure(kind, scene.task, index), found, scene)
        for index, scene in enumerate(scenes)
        for kind, found in FIGURES.items()
        if found.part != "study"
    ]
    named += [
        (
            parameter_figure(parameter),
            FIGURES["parameter"],
            scenes[0]._replace(parameter=parameter),
        )
        for parameter in swept_parameters(result)
    ]
    for name, found, scene in named:
        with styled(name):
            figure = found.draw(scene)
        if figure is not None:
            yield name, to_svg(figure, name)


def task_figure(kind: str, task: TaskResult, index: int) -> str:
    """Name the file of a task's figure."""
    return f"{index + 1}-{_slug(task.task) or 'task'}-{kind}"


def parameter_figure(parameter: str) -> str:
    """Name the file of the figure along a parameter."""
    return f"parameter-{_slug(parameter)}"


def _slug(text: str) -> str:
    """Write a name as letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
