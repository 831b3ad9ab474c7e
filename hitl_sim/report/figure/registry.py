"""The figures of a report: name, caption, and what each is drawn of.

A figure is a file beside this one and a line here. One that does not apply (nobody was
asked, money is unknown) draws nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from matplotlib.figure import Figure

from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
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
from hitl_sim.report.number import RHO
from hitl_sim.report.study_table import evidence_words, swept_parameters


class Scene(NamedTuple):
    """What a figure is drawn of: a task of a study and its verdict, or a parameter."""

    result: StudyResult
    task: TaskResult
    verdict: Verdict
    parameter: str = ""


@dataclass(frozen=True)
class ReportFigure:
    """A figure of the report, with what stands under it; None where it does not apply.

    It stands with a task's results, with its decision, or with what holds for the whole
    study, once per parameter that was swept.
    """

    draw: Callable[[Scene], Figure | None]
    caption: str
    part: Literal["task", "decision", "study"] = "task"


FIGURES: Mapping[str, ReportFigure] = {
    "learning": ReportFigure(
        lambda scene: draw_learning(scene.task),
        "Smoothed validation accuracy: mean and 5th to 95th percentile over replicates,"
        " against the device's joules (choosing included) and the hours people worked."
        " Arms whose people work once, before training, are points at their best"
        " accuracy.",
    ),
    "quality": ReportFigure(
        lambda scene: draw_quality(scene.task),
        f"{RHO} by crowd, from the one that answers best to the worst, with 95 %"
        " bootstrap intervals over replicates. Below 1 the arm took less device energy"
        " to the control's target than the control did.",
    ),
    "equivalents": ReportFigure(
        lambda scene: draw_equivalents(scene.task),
        "Human time that an amount of energy pays for, by what an hour of a person is"
        " charged with (bands: 95 % of that constant). Dashed: more than a decade past"
        " what this study's runs spent, hypothetical. An arm's point lies above the"
        " line of its boundary where its people took more than it saved.",
    ),
    "bill": ReportFigure(
        lambda scene: draw_bill(scene.task),
        "The ledger in joules, by line. The panels have scales of their own. Bars with"
        " // are shortened: their shares are right, their sum is written. Validation"
        " labels are the same set for every arm. A line that is unavailable is not"
        " drawn.",
    ),
    "acceptability": ReportFigure(
        lambda scene: draw_acceptability(scene.verdict.decision),
        "Probability that people pay in money: the share of resamples of the runs, each"
        " in a world drawn from the intervals of prices and constants, in which the"
        " arm's whole bill is below the control's. Grey: more than a decade dearer than"
        " the training that was run, hypothetical; the lower panels are at the scale at"
        " which the first arm breaks even.",
        "decision",
    ),
    "frontier": ReportFigure(
        lambda scene: draw_frontier(scene.verdict.decision),
        "Every condition per success. Filled: no other condition is as good in"
        " accuracy, joules, human hours, money and carbon at once and better in one, in"
        " more than half of the resamples. Conditions that nobody finished are left"
        " out.",
        "decision",
    ),
    "contour": ReportFigure(
        lambda scene: draw_contour(scene.verdict.decision),
        "How many times as dear training would have to be for people to pay back in"
        " money, over wage and tariff: lines of equal M*.",
        "decision",
    ),
    "waterfall": ReportFigure(
        lambda scene: draw_waterfall(scene.verdict.decision),
        "From the control's bill to the arm's, per success, with training as dear as it"
        " would have to be. Hatched: saved.",
        "decision",
    ),
    "sensitivity": ReportFigure(
        lambda scene: draw_sensitivity(scene.verdict.sensitivity),
        "Above, the share of the net benefit's variance that an input makes (Shapley"
        " effects, which sum to 1), with 95 % intervals. Below, the expected value of"
        " knowing it exactly before choosing between the arms and nothing (EVPPI), with"
        " two standard errors. Prices and constants vary within their intervals,"
        " parameters of the crowd between the settings that were run.",
        "decision",
    ),
    "timeline": ReportFigure(
        lambda scene: draw_timeline(_leader(scene.verdict), scene.result),
        "The team of an average run: shifts and breaks are the study's, questions are"
        " dealt evenly and answers take the arm's mean time. Dotted: a round closes.",
        "decision",
    ),
    "parameter": ReportFigure(
        lambda scene: draw_parameter(
            scene.result.tasks, scene.parameter, evidence_words(scene.result)
        ),
        f"{RHO} along a parameter of the crowd, with 95 % bootstrap intervals. A "
        "vertical"
        " line is where an arm breaks even; the bar on the level of 1 holds the values"
        " at which saving and loss cannot be told apart. Dashed: arms that ask nobody.",
        "study",
    ),
}


def _leader(verdict: Verdict) -> Finding | None:
    leader = verdict.decision.leader
    return None if leader is None else leader.finding


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
