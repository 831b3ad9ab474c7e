"""The energy ratio at every target: where the sign of a saving changes."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from hitl_sim.analysis.condition.by_target import WAYS
from hitl_sim.analysis.condition.finding import (
    TaskResult,
    reference_arms,
    reference_crowd,
)
from hitl_sim.report.figure.style import (
    BLACK,
    GREY,
    legend_below,
    looks_of,
    new_figure,
    points,
)

_MOST = 8.0
"""Largest ratio that is drawn: beyond it an arm is out of the question."""


def draw_targets(task: TaskResult) -> Figure | None:
    """Draw each arm's ratio over targets, one crowd per arm; dashed without people.

    Returns:
        None where no arm is there.
    """
    if not task.by_target:
        return None
    names = {finding.label: finding.name for finding in reference_arms(task)}
    looks = looks_of(names.values())
    figure = new_figure(5.4)
    axes = figure.subplots()
    tops = []
    for found in task.by_target:
        is_drawn = np.isfinite(found.ratio) & (found.ratio <= _MOST)
        if not is_drawn.any():
            continue
        look = dict(looks[names[found.label]])
        colour = look.get("color", BLACK)
        ways, ratio = WAYS[is_drawn], found.ratio[is_drawn]
        low, high = found.low[is_drawn], np.minimum(found.high[is_drawn], _MOST)
        axes.fill_between(ways, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.plot(
            ways,
            ratio,
            color=colour,
            linestyle="-" if found.has_people else "--",
            label=names[found.label],
        )
        tops.append(float(ratio.max()))
    axes.axhline(1.0, color=BLACK, linewidth=1.0)
    axes.annotate(
        "as the control",
        (WAYS[0], 1.0),
        (2, -3),
        textcoords="offset points",
        va="top",
        color=GREY,
        fontsize=points(8.5),
    )
    axes.set(
        yscale="log",
        xlim=(WAYS[0], WAYS[-1]),
        xlabel="target (share of the way from chance to the plateau)",
        ylabel="energy ratio \N{GREEK SMALL LETTER RHO} (arm ÷ control, log scale)",
        title=f"{task.task}: energy to every target\npeople: {reference_crowd(task)}",
    )
    axes.set_ylim(top=min(_MOST, 1.2 * max([1.2, *tops])))
    axes.xaxis.set_major_locator(MultipleLocator(0.05))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ticks = (0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks], minor=False)
    axes.minorticks_off()
    legend_below(figure, 2, axes)
    return figure
