"""The page's second figure: rho over what is swept of the crowd."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from hitl_sim.analysis.condition.finding import (
    Finding,
    StudyResult,
    TaskResult,
    best,
)
from hitl_sim.analysis.condition.surface import StudySurface
from hitl_sim.report.figure.parameter import draw_parameter
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    folded,
    legend_below,
    mark,
    name_rows,
    new_figure,
    places,
    points,
)
from hitl_sim.report.figure.surface import draw_surface
from hitl_sim.report.first_screen import name_of, people_word
from hitl_sim.report.number import RHO

MOST_PANELS = 6
MOST_ROWS = 16
"""Crowds of one panel, the best first."""
_ROW_IN, _PANEL_IN = 0.17, 0.42
_FLOOR, _TOP = 0.05, 20.0
_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


def draw_crowds(
    result: StudyResult, surface: StudySurface | None, parameter: str, people: str
) -> Figure | None:
    """Draw rho over the crowd's parameters, with break-even where it can be solved.

    Args:
        result: of the study.
        surface: of an arm over several numbers, if there is one.
        parameter: a field of the crowd that was swept; empty where none was.
        people: who was asked, and how far they may be trusted.

    Returns:
        A map with the break-even as a contour where several numbers were swept, lines
        where one was, else a row per crowd of the best arm of each task. None where
        nobody is asked.
    """
    if surface is not None:
        return draw_surface(surface)
    if parameter:
        return draw_parameter(result.tasks, parameter, people)
    shown = [(task, found) for task in result.tasks if (found := _crowds(task))]
    return _draw_rows(shown[:MOST_PANELS], result) if shown else None


def _crowds(task: TaskResult) -> list[Finding]:
    """Return the conditions of the best arm with people, the best first."""
    leader = best(task.with_people)
    if leader is None:
        return []
    same = [f for f in task.with_people if f.name == leader.name and f.ratio.is_known]
    return sorted(same, key=lambda f: f.ratio.value)[:MOST_ROWS]


def _draw_rows(
    shown: Sequence[tuple[TaskResult, Sequence[Finding]]], result: StudyResult
) -> Figure:
    """Draw a panel per task, as tall as it has crowds, on one axis of ratios."""
    heights = [_PANEL_IN + _ROW_IN * len(found) for _, found in shown]
    figure = new_figure(1.0 + sum(heights))
    grid = figure.subplots(
        len(shown), 1, squeeze=False, sharex=True, height_ratios=heights
    )[:, 0]
    for axes, (task, found) in zip(grid, shown, strict=True):
        _draw_panel(axes, found)
        title = f"{name_of(task, result)}: {found[0].name}"
        axes.set_title(folded(title), fontsize=points(9.5))
    grid[-1].set_xlabel(f"{RHO}: joules to the target beside the control's (log scale)")
    open_ = {"markerfacecolor": "white"}
    handles = [
        mark("saves", "o", COLOURS[0]),
        mark("cannot be told", "o", GREY, **open_),
        mark("costs more", "o", COLOURS[1]),
        mark("beyond, or nobody reached", ">", BLACK, **open_),
    ]
    legend_below(figure, 2, handles=handles)
    return figure


def _draw_panel(axes: Axes, found: Sequence[Finding]) -> None:
    """Draw a row per crowd; what leaves the panel ends in a hollow triangle."""
    axes.set(xscale="log", xlim=(_FLOOR, _TOP))
    axes.axvline(1.0, color=BLACK, linewidth=1.1)
    heights = places(len(found))
    for height, finding in zip(heights, found, strict=True):
        ratio = finding.ratio
        colour = GREY
        if ratio.high < 1.0:
            colour = COLOURS[0]
        elif ratio.low > 1.0:
            colour = COLOURS[1]
        ends = [min(max(end, _FLOOR), _TOP) for end in (ratio.low, ratio.high)]
        axes.plot(ends, [height, height], color=colour, linewidth=1.4)
        is_off = not ratio.value < _TOP
        axes.plot(
            min(max(ratio.value, _FLOOR), _TOP / 1.08),
            height,
            ">" if is_off else "o",
            color=colour,
            markerfacecolor="white" if is_off or colour == GREY else colour,
            markersize=5.5,
        )
    names = [finding.crowd.partition(",") for finding in found]
    name_rows(axes, heights, [people_word(who) + "".join(rest) for who, *rest in names])
    axes.tick_params(axis="y", labelsize=points(8))
    axes.set_ylim(-0.7, len(found) - 0.3)
    axes.xaxis.set_major_locator(FixedLocator(list(_TICKS)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(axis="x", labelsize=points(8))
