"""Figure 3: what a joule buys in human time, with the study's own arms marked."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, LogLocator, NullLocator

from hitl_sim.analysis.condition.finding import (
    Finding,
    TaskResult,
    best,
    reference_arms,
)
from hitl_sim.cost import (
    Boundary,
    EquivalentLine,
    PublishedRun,
    equivalent_lines,
    published_runs,
)
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    folded,
    joule_ticks,
    legend_below,
    looks_of,
    new_figure,
    points,
    write_near,
)
from hitl_sim.report.number import duration
from hitl_sim.unit import S_PER_H, S_PER_MIN

_DECADE = 10.0
_RIGHT = 10.0
_CLEAR = 20.0
_NEAR = 0.035
"""Share of the level axis between lines whose names would run into each other."""
_FOOT, _RAISED = 0.02, 0.47
"""Where names stand, and where one stands that would run into the next."""
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


def draw_equivalents(task: TaskResult) -> Figure:
    """Draw human time against joules, on log axes.

    Lines are solid up to one decade past what the study's runs spent, and dashed
    beyond, where everything is hypothetical. Points are the best conditions of arms
    with people that saved training: the joules of training that each saved per success,
    and the hours its people worked for them.
    """
    arms = dict.fromkeys(f.name for f in task.with_people)
    leaders = (best(f for f in task.with_people if f.name == arm) for arm in arms)
    saving = [f for f in leaders if f is not None and _saved_j(f) > 0.0]
    figure = new_figure(5.2 + _LEGEND_IN * len(saving))
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log")
    runs = sorted(published_runs(), key=_joules_of)
    upper_bound, limit = task.control.joules.value, _DECADE * task.horizon_j
    spent = upper_bound if math.isfinite(upper_bound) else task.horizon_j
    least = min([*map(_saved_j, saving), spent])
    start = 10.0 ** math.floor(math.log10(least) - 0.5)
    end = _RIGHT * _joules_of(runs[-1])
    for line in equivalent_lines(np.geomspace(start, end, 200)):
        _draw_line(axes, line, limit)
    if math.isfinite(upper_bound):
        _mark(axes, upper_bound, "upper bound: the control's joules", BLACK, "-")
    _mark(axes, limit, "a decade past the study", GREY, "--")
    ends = [*map(_joules_of, runs[1:]), math.inf]
    near = (end / start) ** _NEAR
    for run, following in zip(runs, ends, strict=True):
        joules = _joules_of(run)
        foot = _RAISED if following < near * joules else _FOOT
        _mark(axes, joules, run.name, GREY, ":", foot)
    _mark_worked(axes, task)
    looks = looks_of(f.name for f in reference_arms(task))
    for finding in saving:
        axes.plot(
            _saved_j(finding),
            float(finding.usage.worked_s) / S_PER_H,
            markeredgecolor=BLACK,
            markersize=8,
            linestyle="none",
            label=folded(f"{finding.label}: energy saved, time worked", 36),
            **looks[finding.name],
        )
    axes.set_xlim(start, end)
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_minor_locator(NullLocator())
    joule_ticks(axes)
    axes.yaxis.set_major_locator(FixedLocator(list(_HOURS)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FixedFormatter(list(_HOURS.values())))
    axes.set(
        xlabel="energy (J, log scale)",
        ylabel="human time that it pays for (log scale)",
        title=f"{task.task}: what a joule buys in human time",
    )
    legend_below(figure, 1, axes)
    return figure


def _saved_j(finding: Finding) -> float:
    return float(finding.at("joules").saved.value or 0.0)


def _joules_of(run: PublishedRun) -> float:
    return float(np.max(np.asarray(run.joules.value)))


def _draw_line(axes: Axes, line: EquivalentLine, limit: float) -> None:
    """Draw one boundary of an hour, dashed beyond what a study may say."""
    label, colour = _LINES[line.boundary]
    hours = np.asarray(line.hours.value)
    is_near = line.joules <= limit
    axes.plot(line.joules[is_near], hours[is_near], color=colour, label=label)
    axes.plot(line.joules[~is_near], hours[~is_near], color=colour, linestyle="--")
    if line.hours.interval is not None:
        low, high = (np.asarray(end) for end in line.hours.interval)
        axes.fill_between(line.joules, low, high, color=colour, alpha=0.12, linewidth=0)


def _mark(
    axes: Axes,
    joules: float,
    text: str,
    colour: str,
    style: str,
    foot: float | None = None,
) -> None:
    """Draw an upright line with its name beside it, where no line of the figure is.

    The name stands on `foot`, a share of the axes' height, or hangs from their top.
    """
    axes.axvline(joules, color=colour, linestyle=style, linewidth=1.1, zorder=1)
    write_near(
        axes,
        text,
        (joules, 0.98 if foot is None else foot),
        (3, 0),
        xycoords=("data", "axes fraction"),
        rotation=90,
        ha="left",
        va="top" if foot is None else "bottom",
        fontsize=points(8.5),
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
    write_near(
        axes,
        f"people worked {duration(worked_s)}",
        (_CLEAR * task.horizon_j, hours),
        (0, -3),
        va="top",
        fontsize=points(8.5),
        color=GREY,
    )
