"""Rho along a parameter of the crowd, with the break-even marked, a panel per task."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hitl_sim.analysis.condition.finding import (
    ParameterCrossing,
    TaskResult,
    reference_arms,
)
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    folded,
    legend_below,
    looks_of,
    mark,
    new_figure,
    points,
    ratio_axis,
)
from hitl_sim.report.number import RHO

_TOP = 12.0
_MOST_LINES = 6
"""Lines of one panel, beyond which the other parameters stay at their reference."""
_LEGEND_CHARACTERS = 36
_FLOOR = 0.1
_PANEL_IN = 3.2
_DODGE_FRAC = 0.012
"""Share of the axis between the points of neighbouring arms."""
_DASHES = ((5, 2), (1, 1.5), (5, 1.5, 1, 1.5), (2, 2), (8, 2))


def draw_parameter(tasks: Sequence[TaskResult], parameter: str, people: str) -> Figure:
    """Draw rho of every arm along a parameter, and where it crosses 1.

    Args:
        tasks: the tasks of a study.
        parameter: a field of `[crowd]`, such as accuracy.
        people: who was asked, and how far they may be trusted.

    Returns:
        One panel per task in which the parameter was swept. A hollow triangle at the
        top marks what lies beyond the axis, or that nobody reached the target.
    """
    shown = [(task, lines) for task in tasks if (lines := _along(task, parameter))]
    looks = looks_of(found.sweep.arm for _, lines in shown for found in lines)
    figure = new_figure(1.5 + _PANEL_IN * len(shown))
    grid = figure.subplots(len(shown), 1, squeeze=False)
    alone: dict[str, tuple[float, ...]] = {}
    for axes, (task, lines) in zip(grid.flat, shown, strict=True):
        _frame(axes, task, lines)
        top = axes.get_ylim()[1]
        for finding in task.without_people:
            dashes = alone.setdefault(finding.name, _DASHES[len(alone) % len(_DASHES)])
            ratio = finding.ratio
            if ratio.is_known and ratio.value < top:
                axes.axhline(ratio.value, color=GREY, dashes=dashes, linewidth=1.3)
        for index, found in enumerate(lines):
            shift = (index - (len(lines) - 1) / 2) * _DODGE_FRAC
            _draw_line(axes, found, shift, **looks[found.sweep.arm])
        axes.set(xlabel=lines[0].sweep.words, ylabel=f"{RHO} (log scale)")
    figure.suptitle(
        f"{RHO}: joules to the target beside the control's\npeople: {people}",
        fontsize=points(10.5),
        fontweight="bold",
    )
    open_: dict[str, Any] = {"markerfacecolor": "white"}
    handles = [
        *(
            mark(
                folded(name, _LEGEND_CHARACTERS),
                look["marker"],
                look["color"],
                markersize=5.5,
                linestyle="-",
            )
            for name, look in looks.items()
        ),
        *(
            Line2D([], [], color=GREY, dashes=d, linewidth=1.3, label=f"{name}, alone")
            for name, d in alone.items()
        ),
        mark("break-even", "|", markersize=9, **open_),
        mark("beyond, or nobody reached", "^", markersize=5.5, **open_),
    ]
    legend_below(figure, 2, handles=handles)
    return figure


def _along(task: TaskResult, parameter: str) -> list[ParameterCrossing]:
    """Return the lines of a task; of many, those through its reference conditions.

    Where none goes through these, the first ones.
    """
    lines = [found for found in task.crossings if found.sweep.parameter == parameter]
    if len(lines) <= _MOST_LINES:
        return lines
    shown = {finding.condition for finding in reference_arms(task)}
    through = [
        line
        for line in lines
        if any(finding.condition in shown for finding in line.sweep.findings)
    ]
    return through or lines[:_MOST_LINES]


def _frame(axes: Axes, task: TaskResult, lines: Sequence[ParameterCrossing]) -> None:
    """Scale a panel to the values that are of interest."""
    found = [f.ratio for line in lines for f in line.sweep.findings if f.ratio.is_known]
    ends = [r.high for r in found if math.isfinite(r.high)]
    high = min(max([1.5, *ends]), _TOP) * 1.15
    low = max(min([0.8, *(r.low for r in found)]), _FLOOR) / 1.1
    values = [value for line in lines for value in line.sweep.values]
    room = 0.06 * (max(values) - min(values))
    ratio_axis(axes, low, high)
    axes.set_xlim(min(values) - room, max(values) + room)
    axes.axhline(1.0, color=BLACK, linewidth=1.2)
    axes.set_title(task.task)


def _draw_line(
    axes: Axes, found: ParameterCrossing, shift_frac: float, color: str, marker: str
) -> None:
    """Draw one arm and its break-even, on the level of 1 where it cannot be told.

    What leaves the panel ends in a hollow triangle.
    """
    low, high = axes.get_xlim()
    shift = shift_frac * (high - low)
    floor, top = axes.get_ylim()[0], axes.get_ylim()[1] / 1.06
    places = [value + shift for value in found.sweep.values]
    ratios = [finding.ratio for finding in found.sweep.findings]
    heights = [min(r.value, top) if r.is_known else math.nan for r in ratios]
    axes.plot(places, heights, color=color, linewidth=1.4)
    for place, height, ratio in zip(places, heights, ratios, strict=True):
        if math.isnan(height):
            continue
        ends = [max(ratio.low, floor), min(ratio.high, top)]
        axes.plot([place, place], ends, color=color, linewidth=1.1)
        is_off = ratio.value > top
        axes.plot(
            place,
            height,
            "^" if is_off else marker,
            color=color,
            markerfacecolor="white" if is_off else color,
            markersize=5.5,
        )
    for ends in map(list, found.crossing.region):
        look: dict[str, Any] = {"linewidth": 5, "alpha": 0.35}
        axes.plot(ends, [1.0, 1.0], color=color, solid_capstyle="butt", **look)
    for root in found.crossing.roots:
        axes.axvline(root, color=color, linewidth=1.1)
