"""Figure 1: the validation metric against protocol joules and human hours."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis.condition.finding import (
    TaskResult,
    reference_arms,
    reference_crowd,
)
from hitl_sim.analysis.run.target import Curve
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    colour_of,
    joule_ticks,
    legend_below,
    marker_of,
    new_figure,
    points,
    write_near,
)

_ROOM = 0.02


def draw_learning(task: TaskResult) -> Figure:
    """Draw the learning curves of one task, one crowd per arm.

    Returns:
        Two panels: the metric against joules, and against hours that people worked. A
        curve where people work as training goes on, else a point.
    """
    figure = new_figure(7.6)
    above, below = figure.subplots(2, 1, height_ratios=(1.25, 1))
    arms = reference_arms(task)
    asked = [finding for finding in arms if finding.has_people]
    colours = colour_of(finding.name for finding in arms)
    markers = marker_of(finding.name for finding in asked)
    control = task.control.curve
    _draw_band(above, control, "control", BLACK, "")
    for finding in arms:
        name = finding.name
        _draw_band(above, finding.curve, name, colours[name], markers.get(name, ""))
    below.axhline(
        float(control.accuracy.max()),
        color=BLACK,
        linewidth=1.2,
        linestyle=":",
        label="control's best, nobody asked",
    )
    for finding in asked:
        _draw_worked(below, finding.curve, colours[finding.name], markers[finding.name])
    curves = [control, *(finding.curve for finding in arms)]
    # the first checkpoints lie far below everything of interest
    least = min(float(curve.low.max()) for curve in curves) - _ROOM
    most = max(*(float(curve.high.max()) for curve in curves), task.target) + _ROOM
    unit = " (share right)" if task.metric == "accuracy" else ""
    for axes in (above, below):
        _draw_target(axes, task)
        axes.set(
            ylim=(max(0.0, min(0.75 * task.target, least)), min(1.02, most)),
            ylabel=f"validation {task.metric}{unit}",
        )
    joule_ticks(above)
    above.locator_params(axis="x", nbins=5)
    above.set_xlim(left=0.0)
    above.set(
        xlabel="device energy so far, choosing included (J, mean over replicates)",
        title=f"{task.task}: {task.metric} and device energy",
    )
    longest = max((float(f.curve.human_h.max()) for f in asked), default=1.0)
    below.set(
        xlim=(0.0, 1.06 * longest),
        xlabel="human work so far (hours worked, all people together)",
    )
    people = f"people: {reference_crowd(task)}"
    below.set_title(f"{task.task}: accuracy and human work\n{people}")
    legend_below(figure, 2, above, below)
    return figure


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
    """Draw the target, named at its left end."""
    axes.axhline(task.target, color=GREY, linestyle="--", linewidth=1.2)
    write_near(
        axes,
        f"target {task.target:.3f}",
        (0.01, task.target),
        (0, -3),
        xycoords=("axes fraction", "data"),
        va="top",
        color=GREY,
        fontsize=points(9),
        zorder=1.5,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6},
    )


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
