"""Figure 1: validation accuracy against protocol joules and against human hours."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis import Curve, Finding, TaskResult
from hitl_sim.report.figure.choice import arm_name, shown_arms, shown_crowd
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    joule_ticks,
    legend_below,
    marker_of,
    new_figure,
)

_ROOM = 0.02


def draw_learning(task: TaskResult) -> Figure:
    """Draw the learning curves of one task, one crowd per arm.

    Args:
        task: one task's result.

    Returns:
        Two panels: accuracy against joules, and against hours that people worked.
    """
    figure = new_figure(7.6)
    above, below = figure.subplots(2, 1, height_ratios=(1.25, 1))
    arms = shown_arms(task)
    colours = colour_of([arm_name(f) for f in arms])
    _draw_joules(above, task, arms, colours)
    _draw_hours(below, task, arms, colours)
    legend_below(figure, 2, above, below)
    return figure


def _draw_joules(
    axes: Axes, task: TaskResult, arms: list[Finding], colours: dict[str, str]
) -> None:
    _draw_band(axes, task.control.curve, "control", BLACK, "")
    markers = _markers(arms)
    for finding in arms:
        name = arm_name(finding)
        _draw_band(axes, finding.curve, name, colours[name], markers.get(name, ""))
    _draw_target(axes, task)
    joule_ticks(axes)
    axes.set_xlim(left=0.0)
    axes.set_ylim(_floor(task, arms), _top(task, arms))
    axes.set_xlabel("device energy so far, choosing included (J, mean over replicates)")
    axes.set_ylabel("validation accuracy (share right)")
    axes.set_title(f"{task.task}: accuracy and device energy")


def _markers(arms: list[Finding]) -> dict[str, str]:
    """Give the arms that ask people a marker."""
    return marker_of([arm_name(f) for f in arms if f.has_people])


def _draw_band(axes: Axes, curve: Curve, name: str, colour: str, marker: str) -> None:
    axes.fill_between(
        curve.joules, curve.low, curve.high, color=colour, alpha=0.10, linewidth=0
    )
    axes.plot(
        curve.joules,
        curve.accuracy,
        color=colour,
        label=name,
        marker=marker,
        markersize=6,
        markevery=[-1],
    )


def _draw_target(axes: Axes, task: TaskResult) -> None:
    axes.axhline(task.target, color=GREY, linestyle="--", linewidth=1.2)
    _name_line(axes, task.target, f"target {task.target:.3f}", GREY, is_above=False)


def _name_line(
    axes: Axes, height: float, text: str, colour: str, *, is_above: bool
) -> None:
    """Write the name of a level line at its left end, above or below it."""
    axes.annotate(
        text,
        (0.01, height),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3 if is_above else -3),
        textcoords="offset points",
        va="bottom" if is_above else "top",
        color=colour,
        fontsize=9,
        zorder=1.5,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6},
    )


def _draw_hours(
    axes: Axes, task: TaskResult, arms: list[Finding], colours: dict[str, str]
) -> None:
    """Draw a curve where people work as training goes on, else a point."""
    best = float(task.control.curve.accuracy.max())
    label = "control's best, nobody asked"
    axes.axhline(best, color=BLACK, linewidth=1.2, linestyle=":", label=label)
    asked = [f for f in arms if f.has_people]
    markers = _markers(arms)
    for finding in asked:
        name = arm_name(finding)
        _draw_worked(axes, finding.curve, colours[name], markers[name])
    _draw_target(axes, task)
    longest = max((float(f.curve.human_h.max()) for f in asked), default=1.0)
    axes.set_xlim(0.0, 1.06 * longest)
    axes.set_ylim(_floor(task, arms), _top(task, arms))
    axes.set_xlabel("human work so far (hours worked, all people together)")
    axes.set_ylabel("validation accuracy (share right)")
    axes.set_title(f"{task.task}: accuracy and human work\npeople: {shown_crowd(task)}")


def _draw_worked(axes: Axes, curve: Curve, colour: str, marker: str) -> None:
    hours = curve.human_h
    if np.ptp(hours) > 0.0:
        axes.fill_between(
            hours, curve.low, curve.high, color=colour, alpha=0.12, linewidth=0
        )
        axes.plot(hours, curve.accuracy, color=colour)
    top = int(curve.accuracy.argmax())
    spread = [
        [max(0.0, curve.accuracy[top] - curve.low[top])],
        [max(0.0, curve.high[top] - curve.accuracy[top])],
    ]
    axes.errorbar(
        hours[top],
        curve.accuracy[top],
        yerr=spread,
        color=colour,
        marker=marker,
        markersize=7,
        capsize=3,
        linestyle="none",
    )


def _floor(task: TaskResult, arms: list[Finding]) -> float:
    """Cut off the first checkpoints, which lie far below everything of interest."""
    best = [float(f.curve.low.max()) for f in (task.control, *arms)]
    return max(0.0, min(0.75 * task.target, min(best) - _ROOM))


def _top(task: TaskResult, arms: list[Finding]) -> float:
    best = [float(f.curve.high.max()) for f in (task.control, *arms)]
    return min(1.02, max(*best, task.target) + _ROOM)
