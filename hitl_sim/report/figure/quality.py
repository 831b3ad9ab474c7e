"""Figure 2: rho by crowd quality, one panel per arm, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis import Finding, TaskResult
from hitl_sim.report.figure.choice import arm_name
from hitl_sim.report.figure.cloud import draw_cloud
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    folded,
    mark,
    new_figure,
    ratio_axis,
)
from hitl_sim.report.number import RHO

_ROOMIEST = 12.0
_NOBODY = "nobody is asked"
_LEAST = 0.05
_SHADES = ("o", "s", "D", "v", "P")
_DODGE = 0.3
_INSIDE = 1.1
"""Keeps arrows and triangles off the panel's upper edge."""
_PANEL_IN = 2.7
_TITLE_CHARACTERS = {1: 58, 2: 28}
"""By the panels of a row."""
_MOST_ABREAST = 7
"""Crowds under one panel, beyond which panels take a row each."""
_MOST_NAMED = 24
"""Crowds under one panel whose names can be read; shared errors in one legend."""


def draw_quality(task: TaskResult) -> Figure:
    """Draw rho of every condition of a task, the crowds from best to worst.

    Args:
        task: one task's result.

    Returns:
        One panel for those who ask nobody and one per arm that asks people. An arrow
        leaves the panel where an interval does; a triangle at the top marks a
        condition in which nobody reached the target. Where there are too many crowds
        to be named, each is a point.
    """
    panels = _panels(task)
    crowds = _crowds(task)
    low, high = _limits(task.findings)
    widest = max(len({_place(f) for f in found}) for found in panels.values())
    if max(widest, len(_shades(task))) > _MOST_NAMED:
        asked = {name: found for name, found in panels.items() if name != _NOBODY}
        return _headed(draw_cloud(asked, (low, high)), task)
    columns = 2 if widest <= _MOST_ABREAST else 1
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(1.1 + rows * _PANEL_IN)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    shades = _shades(task)
    colours = colour_of([name for name in panels if name != _NOBODY])
    for axes, (name, findings) in zip(grid.flat, panels.items(), strict=False):
        named = [(_place(finding), finding) for finding in findings]
        here = {place for place, _ in named}
        order = [place for place in crowds if place in here] or [p for p, _ in named]
        axes.set_title(folded(name, _TITLE_CHARACTERS[columns]))
        ratio_axis(axes, low, high)
        _draw_panel(axes, named, order, shades, colours.get(name, BLACK))
        axes.set_xlabel(_order(findings), fontsize=8.5)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    _legend(figure, shades)
    return _headed(figure, task)


def _headed(figure: Figure, task: TaskResult) -> Figure:
    """Say what the axis and the figure are."""
    figure.supylabel(
        f"{RHO}: joules to the target / control's (log scale)", fontsize=9.5
    )
    figure.suptitle(f"{task.task}: {RHO} by crowd, 95 % intervals", fontweight="bold")
    return figure


def _panels(task: TaskResult) -> dict[str, list[Finding]]:
    """Return the conditions of each panel."""
    panels: dict[str, list[Finding]] = {}
    for finding in task.findings or (task.control,):
        name = arm_name(finding) if finding.has_people else _NOBODY
        panels.setdefault(name, []).append(finding)
    return panels


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


def _place(finding: Finding) -> str:
    """Name a crowd without its shared error, which the marker shows."""
    if not finding.has_people:
        return arm_name(finding)
    others = [
        f"{name.removeprefix('crowd.')} {value}"
        for name, value in finding.settings.items()
        if name.startswith("crowd.")
        and name not in ("crowd.population", "crowd.shared_error")
    ]
    if len(others) > 1:
        values = [text.rpartition(" ")[2] for text in others]
        return "\n".join([str(finding.population), " / ".join(values)])
    return "\n".join([str(finding.population), *others])


def _order(findings: Sequence[Finding]) -> str:
    """Name the dials whose values stand under a panel, where there are several."""
    names = [
        name.removeprefix("crowd.").replace("_", " ")
        for name in dict.fromkeys(n for f in findings for n in f.settings)
        if name.startswith("crowd.")
        and name not in ("crowd.population", "crowd.shared_error")
    ]
    return " / ".join(names) if len(names) > 1 else ""


def _shared_error(finding: Finding) -> str:
    value = finding.dials.get("shared_error")
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
    shades: dict[str, str],
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


def _legend(figure: Figure, shades: dict[str, str]) -> None:
    """Say what markers, triangle and arrow mean."""
    handles = [
        mark(
            error or "default shared error",
            shade,
            markerfacecolor=BLACK if shade == _SHADES[0] else "white",
        )
        for error, shade in shades.items()
    ]
    beyond = mark("beyond the axis, or nobody reached", "^", markerfacecolor="white")
    handles += [beyond, mark("interval goes on", "2", markerfacecolor="white")]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
