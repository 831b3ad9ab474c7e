"""The figures of a report: a file beside this one each, and its caption.

Captions stand among the sentences, in the table of the part of the report that a figure
belongs to, in their order: with a task's results, with its decision, or with what holds
for the whole study, once per parameter that was swept or per response surface. The file
`NAME.py` holds `draw_NAME`, whose arguments are what a `Scene` has under their names.
One that does not apply (nobody was asked, money is unknown) draws nothing.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from textwrap import shorten

from matplotlib.figure import Figure

from hitl_sim.analysis.condition.finding import StudyResult, TaskResult
from hitl_sim.analysis.condition.surface import StudySurface, find_surfaces
from hitl_sim.analysis.decision.decide import Decision, Leader
from hitl_sim.analysis.decision.sensitivity import Sensitivity, Verdict, weigh
from hitl_sim.report.figure.style import (
    Look,
    fit_texts,
    folded,
    new_figure,
    styled,
    to_svg,
)
from hitl_sim.report.sentence import sentences
from hitl_sim.report.study_table import evidence_words, swept_parameters

_CAPTION = "caption_"
_MOST_CHARACTERS = 200
"""Of what is said in place of a figure."""


@dataclass(frozen=True)
class Scene:
    """What a figure may be drawn of, by name.

    Attributes:
        result: the study.
        task: one of its tasks.
        verdict: of that task.
        parameter: a field of the crowd that was swept; empty where none was.
        surface: of an arm over several numbers; None where there is none.
    """

    result: StudyResult
    task: TaskResult
    verdict: Verdict
    parameter: str = ""
    surface: StudySurface | None = None

    @property
    def tasks(self) -> Sequence[TaskResult]:
        """All tasks of the study."""
        return self.result.tasks

    @property
    def people(self) -> str:
        """Who was asked, and how far they may be trusted."""
        return evidence_words(self.result)

    @property
    def decision(self) -> Decision:
        """What the task's verdict says of costs and choices."""
        return self.verdict.decision

    @property
    def leader(self) -> Leader | None:
        """The arm that it is about, if any."""
        return self.decision.leader

    @property
    def sensitivity(self) -> Sensitivity | None:
        """What it hangs on."""
        return self.verdict.sensitivity

    def draw(self, name: str) -> Figure | None:
        """Draw a figure; None where it does not apply."""
        function = getattr(import_module(f"{__package__}.{name}"), f"draw_{name}")
        wanted = inspect.signature(function).parameters
        figure: Figure | None = function(**{arg: getattr(self, arg) for arg in wanted})
        return figure


@cache
def figure_parts() -> Mapping[str, str]:
    """Return the part of the report that each figure belongs to, by its name."""
    named = (name.partition(".") for name in sentences() if name.startswith(_CAPTION))
    return {name: part.removeprefix(_CAPTION) for part, _, name in named}


def draw(
    name: str,
    result: StudyResult,
    verdicts: Sequence[Verdict] | None = None,
    *,
    task: int = 0,
    parameter: str | None = None,
    look: Look | None = None,
) -> Figure | None:
    """Draw one figure of a study.

    Args:
        name: one of `figure_parts()`.
        result: of `hitl_sim.analysis.analyse`.
        verdicts: of `hitl_sim.analysis.weigh`, one per task; default worked out here.
        task: which of the study's tasks, from 0.
        parameter: for `parameter`, which field of the crowd; default the first that was
            swept.
        look: how large it is; default as on the page.

    Returns:
        The figure; None where it does not apply to this study.

    Raises:
        ValueError: no such figure.
    """
    if name not in figure_parts():
        allowed = ", ".join(repr(known) for known in figure_parts())
        raise ValueError(f"`name` must be one of {allowed}, got {name!r}.")
    verdicts = weigh(result) if verdicts is None else verdicts
    scene = whole_scene(result, verdicts, parameter)
    if name == "parameter" and not scene.parameter:
        return None
    scene = replace(scene, task=result.tasks[task], verdict=verdicts[task])
    with styled(name, look):
        figure = scene.draw(name)
        if figure is not None and look is not None:
            fit_texts(figure)
        return figure


def draw_page(
    result: StudyResult, verdicts: Sequence[Verdict]
) -> Iterator[tuple[str, str]]:
    """Draw the figures that the page shows, as far as they apply.

    One that cannot be drawn says why in its place: it never ends a report.

    Yields:
        Name, and the figure as SVG with ids of its own.
    """
    for name in page_figures():
        with styled(name):
            try:
                figure = whole_scene(result, verdicts).draw(name)
            except ValueError as error:
                figure = _excuse(f"No figure of {name}: {error}")
        if figure is not None:
            yield name, to_svg(figure, name)


def _excuse(reason: str) -> Figure:
    """Return a figure that says why there is none."""
    figure = new_figure(0.9)
    text = shorten(reason, _MOST_CHARACTERS, placeholder=" ...")
    figure.text(0.02, 0.5, folded(text), va="center")
    return figure


def page_figures() -> list[str]:
    """Return the figures that are drawn once for all tasks, in their order."""
    return [name for name, part in figure_parts().items() if part == "page"]


def whole_scene(
    result: StudyResult, verdicts: Sequence[Verdict], parameter: str | None = None
) -> Scene:
    """Return what figures of a whole study are drawn of; its first task stands by.

    Args:
        result: of `hitl_sim.analysis.analyse`.
        verdicts: one per task.
        parameter: a field of the crowd; default the first that was swept.
    """
    swept = swept_parameters(result)
    surfaces = shown_surfaces(result)
    return Scene(
        result,
        result.tasks[0],
        verdicts[0],
        parameter=(swept or [""])[0] if parameter is None else parameter,
        surface=surfaces[0] if surfaces else None,
    )


def shown_surfaces(result: StudyResult) -> list[StudySurface]:
    """Return the response surfaces that stand for their arms."""
    return [
        found
        for found in find_surfaces(result)
        if found.is_reference and found.surface is not None
    ]
