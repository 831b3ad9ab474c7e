"""Control and arms in accuracy, joules and human hours, with their chance to lead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from hitl_sim.analysis import Finding
from hitl_sim.analysis.verdict import Decision
from hitl_sim.report.figure.choice import arm_name
from hitl_sim.report.figure.style import (
    BLACK,
    colour_of,
    joule_ticks,
    mark,
    marker_of,
    new_figure,
)
from hitl_sim.unit import S_PER_H

_SURE = 0.5
_STEPS = (
    (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.3, 2.6, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)
"""Ticks within a decade, from fine to coarse."""
_MOST_TICKS = 6
_FEWEST_TICKS = 3


def draw_frontier(decision: Decision) -> Figure:
    """Draw every condition in two planes of what the frontier is made of.

    Filled points are on the frontier in more than half of the resamples, in all
    objectives together; so a filled point may lie behind another one in one plane.

    Args:
        decision: of one task.
    """
    task, frontier = decision.task, decision.frontier
    findings = [task.control, *(arm.finding for arm in decision.arms)]
    names = list(dict.fromkeys(arm_name(f) for f in findings))
    colours = {**colour_of(names[1:]), names[0]: BLACK}
    markers = {**marker_of(names[1:]), names[0]: "*"}
    figure = new_figure(8.0)
    above, below = figure.subplots(2, 1)
    for finding, share in zip(findings, frontier.membership, strict=True):
        if finding.reach.hits == 0:
            continue
        look = {
            "color": colours[arm_name(finding)],
            "marker": markers[arm_name(finding)],
            "markersize": 9 if finding is task.control else 6.5,
            "markerfacecolor": colours[arm_name(finding)] if share > _SURE else "white",
            "linestyle": "none",
            "zorder": 3 if share > _SURE else 2,
        }
        _point(above, finding.joules.value, finding.test_accuracy.value, look)
        _point(below, finding.joules.value, _hours(finding), look)
    for axes in (above, below):
        axes.set_xscale("log")
        joule_ticks(axes)
        axes.xaxis.set_major_locator(FixedLocator(_ticks(*axes.get_xlim())))
        axes.xaxis.set_minor_locator(NullLocator())
    above.set_ylabel("test accuracy (share right)")
    above.set_title(f"{task.task}: accuracy and joules of training")
    below.set_xlabel("device energy per success, choosing included (J, log scale)")
    below.set_ylabel("paid and requester time (h per success)")
    below.set_title("human hours and joules of training")
    below.set_ylim(bottom=-0.05 * max(1e-9, below.get_ylim()[1]))
    _legend(figure, names, colours, markers)
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """Return the finest ticks of a log scale that leave their names room."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _STEPS:
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        shown = [tick for tick in ticks if low <= tick <= high]
        if len(shown) <= _MOST_TICKS:
            break
    else:
        shown = shown[:: math.ceil(len(shown) / _MOST_TICKS)]
    if len(shown) < _FEWEST_TICKS:
        even = MaxNLocator(_FEWEST_TICKS).tick_values(low, high)
        return [float(tick) for tick in even if low <= tick <= high]
    return shown


def _point(axes: Axes, x: float, y: float, look: Mapping[str, Any]) -> None:
    if np.isfinite(x) and np.isfinite(y):
        axes.plot([x], [y], **look)


def _hours(finding: Finding) -> float:
    usage = finding.usage
    return (float(usage.paid_s) + float(usage.requester_s)) / S_PER_H


def _legend(
    figure: Figure, names: list[str], colours: dict[str, str], markers: dict[str, str]
) -> None:
    handles = [mark(name, markers[name], colours[name]) for name in names]
    handles.append(mark("filled: on the frontier in most resamples", "o"))
    beaten = "open: beaten in most resamples"
    handles.append(mark(beaten, "o", markerfacecolor="white"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
