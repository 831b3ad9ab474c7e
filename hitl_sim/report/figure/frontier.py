"""Control and arms in accuracy, joules and human hours, with their chance to lead."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from hitl_sim.analysis.decision.decide import Decision
from hitl_sim.report.figure.style import (
    BLACK,
    joule_ticks,
    legend_below,
    looks_of,
    mark,
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
    """
    task = decision.task
    findings = [task.control, *(arm.finding for arm in decision.arms)]
    control, *names = dict.fromkeys(finding.name for finding in findings)
    looks = {control: {"color": BLACK, "marker": "*"}, **looks_of(names)}
    figure = new_figure(8.0)
    above, below = panels = figure.subplots(2, 1)
    points: dict[tuple[str, bool], list[tuple[float, float, float]]] = {}
    for finding, share in zip(findings, decision.frontier.membership, strict=True):
        used = finding.usage
        hours = (float(used.paid_s) + float(used.requester_s)) / S_PER_H
        place = finding.joules.value, finding.test_accuracy.value, hours
        if finding.reach.hits > 0:
            points.setdefault((finding.name, bool(share > _SURE)), []).append(place)
    for (name, is_sure), places in points.items():
        joules, *heights = np.array(places).T
        for axes, height in zip(panels, heights, strict=True):
            is_known = np.isfinite(joules) & np.isfinite(height)
            axes.plot(
                joules[is_known],
                height[is_known],
                markersize=9 if name == control else 6.5,
                markerfacecolor=looks[name]["color"] if is_sure else "white",
                linestyle="none",
                zorder=3 if is_sure else 2,
                **looks[name],
            )
    for axes in panels:
        axes.set_xscale("log")
        joule_ticks(axes)
        axes.xaxis.set_major_locator(FixedLocator(_ticks(*axes.get_xlim())))
        axes.xaxis.set_minor_locator(NullLocator())
    above.set(
        ylabel="test accuracy (share right)",
        title=f"{task.task}: accuracy and joules of training",
    )
    below.set(
        xlabel="device energy per success, choosing included (J, log scale)",
        ylabel="paid and requester time (h per success)",
        title="human hours and joules of training",
    )
    below.ticklabel_format(axis="y", style="plain")
    below.set_ylim(bottom=-0.05 * max(1e-9, below.get_ylim()[1]))
    handles = [
        *(mark(name, look["marker"], look["color"]) for name, look in looks.items()),
        mark("filled: on the frontier in most resamples", "o"),
        mark("open: beaten in most resamples", "o", markerfacecolor="white"),
    ]
    legend_below(figure, 2, handles=handles)
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
