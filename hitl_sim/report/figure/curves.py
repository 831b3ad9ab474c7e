"""The page's first figure: learning curves in joules, a panel per task."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis.condition.finding import (
    Finding,
    StudyResult,
    TaskResult,
    best,
    reference_arms,
)
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    folded,
    joule_ticks,
    legend_below,
    looks_of,
    new_figure,
    points,
)
from hitl_sim.report.first_screen import name_of

MOST_PANELS = 6
"""Tasks that have a panel; the page's tables hold the others."""
_PANEL_IN = 2.3
_ROOM = 0.02
_TITLE_CHARACTERS = 30


def draw_curves(result: StudyResult) -> Figure:
    """Draw the validation metric against the device's joules, task by task.

    Returns:
        A panel per task, of many the first six: the control, and one condition per
        arm. The band holds the 5th to 95th percentile over replicates, of the control
        and of the best of these arms.
    """
    tasks = result.tasks[:MOST_PANELS]
    columns = min(2, len(tasks))
    rows = math.ceil(len(tasks) / columns)
    figure = new_figure(1.1 + rows * _PANEL_IN)
    grid = figure.subplots(rows, columns, squeeze=False)
    looks = looks_of(f.name for task in tasks for f in reference_arms(task))
    for axes, task in zip(grid.flat, tasks, strict=False):
        arms = reference_arms(task)
        _draw_line(axes, task.control, "control", {"color": BLACK}, is_banded=True)
        for finding in arms:
            look = looks[finding.name]
            is_banded = finding is best(arms)
            _draw_line(axes, finding, finding.name, look, is_banded=is_banded)
        _frame(axes, task, arms)
        axes.set_title(
            folded(name_of(task, result), _TITLE_CHARACTERS), fontsize=points(9.5)
        )
    for axes in list(grid.flat)[len(tasks) :]:
        axes.set_visible(False)
    for axes in list(grid.flat)[max(len(tasks) - columns, 0) : len(tasks)]:
        axes.set_xlabel(folded("device energy so far, choosing included", 26))
    figure.supylabel(f"validation {tasks[0].metric}", fontsize=points(9.5))
    legend_below(figure, 3, *grid.flat)
    return figure


def _draw_line(
    axes: Axes, finding: Finding, name: str, look: dict[str, Any], *, is_banded: bool
) -> None:
    curve, colour = finding.curve, look["color"]
    if is_banded:
        ends = curve.low, curve.high
        axes.fill_between(curve.joules, *ends, color=colour, alpha=0.12, linewidth=0)
    axes.plot(
        curve.joules,
        curve.accuracy,
        label=name,
        linewidth=1.4,
        markersize=5,
        markevery=[-1],
        **look,
    )


def _frame(axes: Axes, task: TaskResult, arms: Sequence[Finding]) -> None:
    """Leave out the first checkpoints, far below everything of interest."""
    curves = [task.control.curve, *(finding.curve for finding in arms)]
    least = min(float(curve.low.max()) for curve in curves) - _ROOM
    most = max(*(float(curve.high.max()) for curve in curves), task.target) + _ROOM
    axes.set_ylim(max(0.0, min(0.75 * task.target, least)), min(1.02, most))
    axes.axhline(task.target, color=GREY, linestyle="--", linewidth=1.1, label="target")
    joule_ticks(axes)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(left=0.0)
