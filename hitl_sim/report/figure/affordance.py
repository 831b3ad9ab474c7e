"""Figure 3: what a joule buys in human time, with the study's own arms marked."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from hitl_sim.analysis import Finding, TaskResult, best
from hitl_sim.cost import (
    AffordLine,
    Boundary,
    PublishedRun,
    afford_lines,
    published_runs,
)
from hitl_sim.report.figure.choice import arm_name, shown_arms
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    colour_of,
    folded,
    legend_below,
    marker_of,
    new_figure,
    short_joules,
)
from hitl_sim.report.number import duration
from hitl_sim.unit import S_PER_H, S_PER_MIN

Side = Literal["left", "right"]

_DECADE = 10.0
_RIGHT = 10.0
_CLEAR = 20.0
_LEGEND_IN = 0.4
"""Height of an arm in the legend, in."""
_LINES: dict[Boundary, tuple[str, str]] = {
    "workstation": ("workstation of a person", COLOURS[0]),
    "whole_person": ("whole person", COLOURS[1]),
}
_HOURS = {
    1e-6 / S_PER_H: "1 µs",
    1e-3 / S_PER_H: "1 ms",
    1.0 / S_PER_H: "1 s",
    S_PER_MIN / S_PER_H: "1 min",
    1.0: "1 h",
    24.0: "1 day",
    24.0 * 365.25: "1 year",
    24.0 * 365.25e3: "1,000 years",
    24.0 * 365.25e6: "1 M years",
}


def draw_affordance(task: TaskResult) -> Figure:
    """Draw human time against joules, on log axes.

    Lines are solid up to one decade past what the study's runs spent, and dashed
    beyond, where everything is hypothetical. Points are arms: the joules of training
    that each saved per success, and the hours its people worked for them.

    Args:
        task: one task's result.
    """
    figure = new_figure(5.0 + _LEGEND_IN * len(_saving_arms(task)))
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    studied = task.horizon_j
    largest = max(_joules_of(run) for run in published_runs())
    start = 10.0 ** math.floor(math.log10(_least_joules(task)) - 0.5)
    grid = np.geomspace(start, _RIGHT * largest, 200)
    for line in afford_lines(grid):
        _draw_line(axes, line, _DECADE * studied)
    _mark_scales(axes, task, studied)
    _mark_published(axes)
    _mark_worked(axes, task)
    _draw_arms(axes, task)
    axes.set_xlim(start, _RIGHT * largest)
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_joules(value)))
    axes.yaxis.set_major_locator(FixedLocator(list(_HOURS)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(_time_label))
    axes.set_xlabel("energy (J, log scale)")
    axes.set_ylabel("human time that it pays for (log scale)")
    axes.set_title(f"{task.task}: what a joule buys in human time")
    legend_below(figure, 2, axes)
    return figure


def _least_joules(task: TaskResult) -> float:
    saved = [_saved_j(finding) for finding in _saving_arms(task)]
    spent = task.ceiling.joules.value
    return min([*saved, spent if math.isfinite(spent) else task.horizon_j])


def _time_label(hours: float, _: object) -> str:
    nearest = min(_HOURS, key=lambda known: abs(math.log(known / hours)))
    return _HOURS[nearest]


def _draw_line(axes: Axes, line: AffordLine, limit: float) -> None:
    """Draw one boundary of an hour, dashed beyond what a study may say."""
    label, colour = _LINES[line.boundary]
    hours = np.asarray(line.hours.value)
    is_near = line.joules <= limit
    axes.plot(line.joules[is_near], hours[is_near], color=colour, label=label)
    axes.plot(line.joules[~is_near], hours[~is_near], color=colour, linestyle="--")
    if line.hours.interval is not None:
        low, high = (np.asarray(end) for end in line.hours.interval)
        axes.fill_between(line.joules, low, high, color=colour, alpha=0.12, linewidth=0)


def _mark_scales(axes: Axes, task: TaskResult, studied: float) -> None:
    ceiling = task.ceiling.joules.value
    if math.isfinite(ceiling):
        _mark(axes, ceiling, "ceiling: the control's joules", BLACK, "-")
    _mark(axes, _DECADE * studied, "a decade past the study", GREY, "--", side="right")


def _mark_published(axes: Axes) -> None:
    for i, run in enumerate(sorted(published_runs(), key=_joules_of)):
        side: Side = "left" if i % 2 == 0 else "right"
        _mark(axes, _joules_of(run), run.name, GREY, ":", side=side, is_low=True)


def _joules_of(run: PublishedRun) -> float:
    return float(np.max(np.asarray(run.joules.value)))


def _mark(
    axes: Axes,
    joules: float,
    text: str,
    colour: str,
    style: str,
    *,
    side: Side = "left",
    is_low: bool = False,
) -> None:
    """Draw an upright line with its name beside it, where no line of the figure is."""
    axes.axvline(joules, color=colour, linestyle=style, linewidth=1.1, zorder=1)
    axes.annotate(
        text,
        (joules, 0.02 if is_low else 0.98),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if side == "left" else 3, 0),
        textcoords="offset points",
        rotation=90,
        ha="right" if side == "left" else "left",
        va="bottom" if is_low else "top",
        fontsize=8.5,
        color=colour,
    )


def _mark_worked(axes: Axes, task: TaskResult) -> None:
    """Draw how long people worked in the best arm, up to the lines that pay for it."""
    leader = best(task.with_people)
    if leader is None or not float(leader.usage.worked_s) > 0.0:
        return
    worked_s = float(leader.usage.worked_s)
    hours = worked_s / S_PER_H
    axes.axhline(hours, color=GREY, linewidth=1.1, zorder=1)
    axes.annotate(
        f"people worked {duration(worked_s)}",
        (_CLEAR * task.horizon_j, hours),
        xytext=(0, 3),
        textcoords="offset points",
        va="bottom",
        fontsize=8.5,
        color=GREY,
    )


def _saving_arms(task: TaskResult) -> list[Finding]:
    """Return the best condition of each arm with people that saved training."""
    arms = dict.fromkeys(arm_name(f) for f in task.with_people)
    leaders = [best(f for f in task.with_people if arm_name(f) == a) for a in arms]
    return [f for f in leaders if f is not None and _saved_j(f) > 0.0]


def _saved_j(finding: Finding) -> float:
    saved = finding.at("joules").saved.value
    return 0.0 if saved is None else float(saved)


def _draw_arms(axes: Axes, task: TaskResult) -> None:
    names = list(dict.fromkeys(arm_name(f) for f in shown_arms(task)))
    colours, markers = colour_of(names), marker_of(names)
    for finding in _saving_arms(task):
        name = arm_name(finding)
        axes.plot(
            _saved_j(finding),
            float(finding.usage.worked_s) / S_PER_H,
            marker=markers[name],
            color=colours[name],
            markeredgecolor=BLACK,
            markersize=8,
            linestyle="none",
            label=folded(f"{finding.label}: energy saved, time worked", 36),
        )
