"""The share of targets that runs have attained, by what they had spent."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator, PercentFormatter

from hitl_sim.analysis.condition.by_target import SHARES
from hitl_sim.analysis.condition.finding import (
    TaskResult,
    reference_arms,
    reference_crowd,
)
from hitl_sim.report.figure.style import BLACK, legend_below, looks_of, new_figure


def draw_attainment(task: TaskResult) -> Figure | None:
    """Draw run-time distributions, one crowd per arm; dashed without people.

    Returns:
        None where no run attained anything.
    """
    names = {finding.label: finding.name for finding in reference_arms(task)}
    looks = looks_of(names.values())
    found = [one for one in task.attainment if np.isfinite(one.joules).any()]
    if not found:
        return None
    figure = new_figure(5.4)
    axes = figure.subplots()
    for one in found:
        is_there = np.isfinite(one.joules)
        name = names.get(one.label, "control")
        is_control = one.label not in names
        axes.step(
            one.joules[is_there],
            SHARES[is_there],
            where="post",
            color=BLACK if is_control else looks[name].get("color", BLACK),
            linestyle="-" if one.has_people or is_control else "--",
            linewidth=2.2 if is_control else 1.4,
            label=name,
        )
    axes.set(
        xscale="log",
        ylim=(0.0, 1.02),
        xlabel="device energy spent so far (log scale)",
        ylabel="targets attained (share of all)",
        title=f"{task.task}: how soon targets are attained\n"
        f"people: {reference_crowd(task)}",
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(EngFormatter("J"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    legend_below(figure, 2, axes)
    return figure
