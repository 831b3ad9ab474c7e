"""Figure 2: rho by crowd quality, one panel per arm, with 95 % intervals."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hitl_sim.analysis.condition.finding import Finding, TaskResult
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    folded,
    legend_below,
    mark,
    new_figure,
    points,
    ratio_axis,
)
from hitl_sim.report.first_screen import people_word
from hitl_sim.report.number import RHO

_ROOMIEST = 12.0
_NOBODY = "nobody is asked"
_LEAST = 0.05
_SHADES = ("o", "s", "D", "v", "P")
_DODGE = 0.3
_INSIDE = 1.1
"""Keeps arrows and triangles off the panel's upper edge."""
_PANEL_IN, _CLOUD_IN = 2.7, 2.9
_TITLE_CHARACTERS = {1: 58, 2: 28}
"""By the panels of a row."""
_MOST_ABREAST = 7
"""Crowds under one panel, beyond which panels take a row each."""
_MOST_NAMED = 24
"""Crowds under one panel whose names can be read; shared errors in one legend."""
_BLAMED = ("shared_error", "repeatability", "systematic", "seconds")
"""Parameters that colour is given to, the first that varies; then any other."""


def draw_quality(task: TaskResult) -> Figure:
    """Draw rho of every condition of a task, the crowds from best to worst.

    Returns:
        One panel for those who ask nobody and one per arm that asks people. An arrow
        leaves the panel where an interval does; a triangle at the top marks a
        condition in which nobody reached the target. Where there are too many crowds
        to be named, each is a point.
    """
    panels: dict[str, list[Finding]] = {}
    for finding in task.findings or (task.control,):
        name = finding.name if finding.has_people else _NOBODY
        panels.setdefault(name, []).append(finding)
    limits, shades = _limits(task.findings), _shades(task)
    widest = max(len({_place(f) for f in found}) for found in panels.values())
    if max(widest, len(shades)) > _MOST_NAMED:
        panels.pop(_NOBODY, None)
        figure = _draw_cloud(panels, limits)
    else:
        columns = 2 if widest <= _MOST_ABREAST else 1
        figure = _draw_crowds(panels, limits, shades, _crowds(task), columns)
    figure.supylabel(
        f"{RHO}: joules to the target / control's (log scale)", fontsize=points(9.5)
    )
    figure.suptitle(f"{task.task}: {RHO} by crowd, 95 % intervals", fontweight="bold")
    return figure


def _draw_crowds(
    panels: Mapping[str, Sequence[Finding]],
    limits: tuple[float, float],
    shades: Mapping[str, str],
    crowds: Sequence[str],
    columns: int,
) -> Figure:
    """Draw every crowd at a place of its own, the best first, and name it."""
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(1.1 + rows * _PANEL_IN)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    ratio_axis(grid[0, 0], *limits)
    colours = colour_of(name for name in panels if name != _NOBODY)
    for axes, (name, findings) in zip(grid.flat, panels.items(), strict=False):
        named = [(_place(finding), finding) for finding in findings]
        here = {place for place, _ in named}
        order = [place for place in crowds if place in here] or [p for p, _ in named]
        axes.set_title(folded(name, _TITLE_CHARACTERS[columns]))
        _draw_panel(axes, named, order, shades, colours.get(name, BLACK))
        parameters = dict.fromkeys(
            parameter for f in findings for parameter in _unnamed(f)
        )
        values = " / ".join(parameter.replace("_", " ") for parameter in parameters)
        axes.set_xlabel(values if len(parameters) > 1 else "", fontsize=points(8.5))
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    handles = [
        mark(
            error or "default shared error",
            shade,
            markerfacecolor=BLACK if shade == _SHADES[0] else "white",
        )
        for error, shade in shades.items()
    ]
    for text, marker in (
        ("beyond the axis, or nobody reached", "^"),
        ("interval goes on", "2"),
    ):
        handles.append(mark(text, marker, markerfacecolor="white"))
    legend_below(figure, 2, handles=handles)
    return figure


def _crowds(task: TaskResult) -> list[str]:
    """Return the crowds of a task from best to worst, by the answers they gave."""
    right: dict[str, list[float]] = {}
    for finding in task.with_people:
        share = finding.shares.get("answer_accuracy", math.nan)
        right.setdefault(_place(finding), []).append(share)

    def rank(name: str) -> tuple[float, str]:
        known = [share for share in right[name] if not math.isnan(share)]
        return -(sum(known) / len(known)) if known else 0.0, name

    return sorted(right, key=rank)


def _unnamed(finding: Finding) -> dict[str, Any]:
    """Return what was swept of a crowd, but what its name and marker show."""
    return {
        name.removeprefix("crowd."): value
        for name, value in finding.settings.items()
        if name.startswith("crowd.")
        and name not in ("crowd.population", "crowd.shared_error")
    }


def _place(finding: Finding) -> str:
    """Name a crowd without its shared error, which the marker shows."""
    if not finding.has_people:
        return finding.name
    others = [f"{name} {value}" for name, value in _unnamed(finding).items()]
    if len(others) > 1:
        others = [" / ".join(text.rpartition(" ")[2] for text in others)]
    return "\n".join([people_word(str(finding.population)), *others])


def _shared_error(finding: Finding) -> str:
    value = finding.parameters.get("shared_error")
    return "" if value is None else f"shared error {value}"


def _shades(task: TaskResult) -> dict[str, str]:
    """Give each shared error a marker: round and filled for the least."""
    found = {_shared_error(f) for f in task.with_people}
    values = sorted(found, key=lambda value: (not value, value))
    return {value: _SHADES[i % len(_SHADES)] for i, value in enumerate(values)}


def _draw_panel(
    axes: Axes,
    named: Sequence[tuple[str, Finding]],
    order: Sequence[str],
    shades: Mapping[str, str],
    colour: str,
) -> None:
    """Draw one arm: a place per crowd, a marker per shared error."""
    axes.axhline(1.0, color=GREY, linewidth=1.2)
    here = sorted({_shared_error(finding) for _, finding in named})
    for place, finding in named:
        error = _shared_error(finding)
        shift = (here.index(error) - (len(here) - 1) / 2) * _DODGE
        shade = shades.get(error, _SHADES[0])
        _draw_point(axes, order.index(place) + shift, finding, shade, colour)
    axes.set_xlim(-0.6, len(order) - 0.4)
    axes.set_xticks(range(len(order)), order, rotation=40, ha="right")
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")


def _draw_point(
    axes: Axes, place: float, finding: Finding, shade: str, colour: str
) -> None:
    """Draw one condition; what leaves the panel ends in an arrow or a triangle."""
    ratio = finding.ratio
    if not ratio.is_known:
        return
    top = axes.get_ylim()[1] / _INSIDE
    high = min(ratio.high, top)
    axes.plot([place, place], [max(ratio.low, _LEAST), high], color=colour, zorder=2)
    if ratio.high > top and ratio.value <= top:
        axes.plot(place, top, marker="2", color=colour, markersize=9)
    is_off = ratio.value > top
    axes.plot(
        place,
        min(ratio.value, top),
        marker="^" if is_off else shade,
        markersize=7 if is_off else 6,
        color=colour,
        markerfacecolor="white" if is_off or shade != _SHADES[0] else colour,
        zorder=3,
    )


def _limits(findings: Sequence[Finding]) -> tuple[float, float]:
    """Choose an axis for 1, the finite values, and what fits of the intervals."""
    known = [f.ratio for f in findings if f.ratio.is_known]
    finite = [r.value for r in known if math.isfinite(r.value) and r.value > 0]
    ends = [r.high for r in known if math.isfinite(r.high)]
    top = min(max([2.0, *finite, *ends]), _ROOMIEST)
    bottom = max(min([0.7, *finite, *(r.low for r in known)]), _LEAST)
    return bottom / 1.2, top * 1.3


def _draw_cloud(
    panels: Mapping[str, Sequence[Finding]], limits: tuple[float, float]
) -> Figure:
    """Draw one panel per arm, a point per crowd by how often its answers were right.

    Colour is the parameter that varies beside accuracy. A triangle at the upper edge is
    a condition beyond the axis, or one in which nobody reached the target.
    """
    figure = new_figure(1.1 + len(panels) * _CLOUD_IN)
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    every = [finding for findings in panels.values() for finding in findings]
    parameter = _coloured_by(every)
    values = (
        [finding.parameters[parameter] for finding in every] if parameter else [0.0]
    )
    scale = Normalize(min(values), max(values))
    for axes, (name, findings) in zip(grid, panels.items(), strict=True):
        axes.set_title(folded(name))
        ratio_axis(axes, *limits)
        points = _draw_points(axes, findings, parameter, scale)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        if parameter:
            figure.colorbar(points, ax=axes, label=parameter.replace("_", " "))
    grid[-1].set_xlabel(
        "answers that were right (triangle: beyond the axis, or nobody reached)"
    )
    return figure


def _coloured_by(findings: Sequence[Finding]) -> str | None:
    """Choose the parameter that colour shows; None where only accuracy varies."""
    first = [set(f.parameters) for f in findings if f.has_people]
    shared = set.intersection(*first) if first else set()
    varied = {
        name
        for name in shared - {"accuracy"}
        if len({finding.parameters[name] for finding in findings}) > 1
    }
    known = [name for name in _BLAMED if name in varied]
    return next(iter([*known, *sorted(varied)]), None)


def _draw_points(
    axes: Axes, findings: Sequence[Finding], parameter: str | None, scale: Normalize
) -> PathCollection:
    """Draw the conditions of an arm; return what a colour bar is made from."""
    axes.axhline(1.0, color=GREY, linewidth=1.2)
    top = axes.get_ylim()[1] / _INSIDE
    kept = [f for f in findings if f.ratio.is_known]
    right = np.array([f.shares.get("answer_accuracy", math.nan) for f in kept])
    ends = [(f.ratio.low, f.ratio.value, f.ratio.high) for f in kept]
    low, value, high = np.array(ends, float).reshape(-1, 3).T
    look: dict[str, Any] = {"color": "#c8c8c8", "linewidth": 0.7, "zorder": 1}
    axes.vlines(right, low, np.minimum(high, top), **look)
    colour = np.array([f.parameters[parameter] if parameter else 0.0 for f in kept])
    is_on = value <= top
    look = {"norm": scale, "cmap": "viridis", "s": 14.0, "linewidths": 0}
    off, place = right[~is_on], np.full(int((~is_on).sum()), top)
    axes.scatter(off, place, c=colour[~is_on], marker="^", **look)
    return axes.scatter(right[is_on], value[is_on], c=colour[is_on], **look)
