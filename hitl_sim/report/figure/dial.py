"""Rho along one dial of the crowd, with the break-even marked, a panel per task."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hitl_sim.analysis import DialCrossing, TaskResult
from hitl_sim.report.figure.choice import arm_name, shown_arms
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    folded,
    mark,
    marker_of,
    new_figure,
    ratio_axis,
)
from hitl_sim.report.number import RHO

_TOP = 12.0
_MOST_LINES = 6
"""Lines of one panel, beyond which the other dials stay at their reference."""
_LEGEND_CHARACTERS = 36
_FLOOR = 0.1
_PANEL_IN = 3.2
_DODGE_FRAC = 0.012
"""Share of the axis between the points of neighbouring arms."""
_DASHES = ((5, 2), (1, 1.5), (5, 1.5, 1, 1.5), (2, 2), (8, 2))


def draw_dial(tasks: Sequence[TaskResult], dial: str, people: str) -> Figure:
    """Draw rho of every arm along a dial, and where it crosses 1.

    Args:
        tasks: the tasks of a study.
        dial: a field of `[crowd]`, such as accuracy.
        people: who was asked, and how far they may be trusted.

    Returns:
        One panel per task in which the dial was swept. A hollow triangle at the top
        marks what lies beyond the axis, or that nobody reached the target.
    """
    shown = [task for task in tasks if _along(task, dial)]
    labels = dict.fromkeys(
        found.sweep.arm for task in shown for found in _along(task, dial)
    )
    colours, markers = colour_of(list(labels)), marker_of(list(labels))
    figure = new_figure(1.5 + _PANEL_IN * len(shown))
    grid = figure.subplots(len(shown), 1, squeeze=False)
    alone: dict[str, tuple[float, ...]] = {}
    for axes, task in zip(grid.flat, shown, strict=True):
        lines = _along(task, dial)
        _frame(axes, task, lines)
        _draw_alone(axes, task, alone)
        for index, found in enumerate(lines):
            shift = (index - (len(lines) - 1) / 2) * _DODGE_FRAC
            colour, marker = colours[found.sweep.arm], markers[found.sweep.arm]
            _draw_line(axes, found, shift, colour, marker)
            _draw_crossing(axes, found, colour)
        axes.set_xlabel(lines[0].sweep.words)
        axes.set_ylabel(f"{RHO} (log scale)")
    figure.suptitle(
        f"{RHO}: joules to the target beside the control's\npeople: {people}",
        fontsize=10.5,
        fontweight="bold",
    )
    _legend(figure, colours, markers, alone)
    return figure


def _along(task: TaskResult, dial: str) -> list[DialCrossing]:
    """Return the lines of a task; of many, those through its reference conditions.

    Where none goes through these, the first ones.
    """
    lines = [found for found in task.crossings if found.sweep.dial == dial]
    if len(lines) <= _MOST_LINES:
        return lines
    shown = {finding.condition for finding in shown_arms(task)}
    through = [
        line
        for line in lines
        if any(finding.condition in shown for finding in line.sweep.findings)
    ]
    return through or lines[:_MOST_LINES]


def _frame(axes: Axes, task: TaskResult, lines: Sequence[DialCrossing]) -> None:
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


def _draw_alone(
    axes: Axes, task: TaskResult, alone: dict[str, tuple[float, ...]]
) -> None:
    """Draw the arms that ask nobody as level lines."""
    top = axes.get_ylim()[1]
    for finding in task.without_people:
        name = arm_name(finding)
        dashes = alone.setdefault(name, _DASHES[len(alone) % len(_DASHES)])
        if finding.ratio.is_known and finding.ratio.value < top:
            axes.axhline(finding.ratio.value, color=GREY, dashes=dashes, linewidth=1.3)


def _draw_line(
    axes: Axes, found: DialCrossing, shift_frac: float, colour: str, marker: str
) -> None:
    """Draw one arm; what leaves the panel ends in a hollow triangle."""
    low, high = axes.get_xlim()
    shift = shift_frac * (high - low)
    top = axes.get_ylim()[1] / 1.06
    places = [value + shift for value in found.sweep.values]
    ratios = [finding.ratio for finding in found.sweep.findings]
    heights = [min(r.value, top) if r.is_known else math.nan for r in ratios]
    axes.plot(places, heights, color=colour, linewidth=1.4)
    for place, height, ratio in zip(places, heights, ratios, strict=True):
        if math.isnan(height):
            continue
        ends = [max(ratio.low, axes.get_ylim()[0]), min(ratio.high, top)]
        axes.plot([place, place], ends, color=colour, linewidth=1.1)
        is_off = ratio.value > top
        axes.plot(
            place,
            height,
            "^" if is_off else marker,
            color=colour,
            markerfacecolor="white" if is_off else colour,
            markersize=5.5,
        )


def _draw_crossing(axes: Axes, found: DialCrossing, colour: str) -> None:
    """Mark the break-even, and on the level of 1 where it cannot be told."""
    for low, high in found.crossing.region:
        axes.plot(
            [low, high],
            [1.0, 1.0],
            color=colour,
            linewidth=5,
            alpha=0.35,
            solid_capstyle="butt",
        )
    for root in found.crossing.roots:
        axes.axvline(root, color=colour, linewidth=1.1)


def _legend(
    figure: Figure,
    colours: dict[str, str],
    markers: dict[str, str],
    alone: dict[str, tuple[float, ...]],
) -> None:
    """Name the arms, and say what the marks mean."""
    handles = [
        mark(
            folded(name, _LEGEND_CHARACTERS),
            markers[name],
            colour,
            markersize=5.5,
            linestyle="-",
        )
        for name, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=GREY, dashes=dashes, linewidth=1.3, label=f"{name}, alone")
        for name, dashes in alone.items()
    ]
    open_ = {"markerfacecolor": "white"}
    handles.append(mark("break-even", "|", markersize=9, **open_))
    handles.append(mark("beyond, or nobody reached", "^", markersize=5.5, **open_))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
