"""A plan at work: items left by day, and people's answers by day, over runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.array import FloatArray, IntArray
from hitl_sim.output import write_bytes, write_text
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    legend_below,
    new_figure,
    styled,
    to_png,
    to_svg,
)
from hitl_sim.staffing import Staffing, told_policy
from hitl_sim.workforce.account import Account

_ENDS = (0.1, 0.5, 0.9)
_BLUE = COLOURS[0]
_HOURS_PER_DAY = 24


def draw_burn_down(found: Staffing) -> Figure:
    """Draw the chosen plan.

    Returns:
        Two panels over days since the start: items left to close, and answers given a
        day; the middle run and the central 80 % of runs.
    """
    best = found.best
    start_h = found.situations[0].project.start_s / 3_600.0
    items = found.situations[0].project.items
    left = items - _over_runs(best.accounts, lambda a: a.closed_by_hour, start_h)
    given = _over_runs(best.accounts, lambda a: a.answered_by_hour, start_h)
    day = np.arange(left.shape[1]) / _HOURS_PER_DAY
    figure = new_figure(5.6)
    above, below = figure.subplots(2, 1, sharex=True)
    _draw_band(above, day, left)
    by_day = given[:, ::_HOURS_PER_DAY]
    by_day = np.diff(by_day, axis=1)
    _draw_band(below, np.arange(by_day.shape[1]) + 0.5, by_day)
    for axes in (above, below):
        deadline = found.goal.deadline_s / 86_400.0
        axes.axvline(deadline, color=BLACK, linewidth=1.0, linestyle=":")
        axes.set_ylim(bottom=0.0)
    above.set_ylabel("items left")
    above.set_title(f"{best.plan.team:,} people; {told_policy(best.plan.policy)}")
    below.set(xlabel="days since the start (dotted: the deadline)", xlim=(0.0, None))
    below.set_ylabel("answers a day")
    legend_below(figure, 2, above)
    return figure


def _draw_band(axes: Axes, at: Any, values: Any) -> None:
    low, middle, high = np.quantile(values, _ENDS, axis=0)
    axes.fill_between(at, low, high, color=_BLUE, alpha=0.25, label="80 % of runs")
    axes.plot(at, middle, color=_BLUE, label="middle of runs")


def _over_runs(
    accounts: tuple[Account, ...], read: Callable[[Account], IntArray], start_h: float
) -> FloatArray:
    """Return running sums by hour since the start, run x hour, whole days long."""
    first = int(start_h)
    hours = max(read(account).size for account in accounts) - first + 1
    num = math.ceil(max(hours, 1) / _HOURS_PER_DAY) * _HOURS_PER_DAY + 1
    sums = np.zeros((len(accounts), num))
    for row, account in zip(sums, accounts, strict=True):
        counts = read(account)[first:]
        row[1 : counts.size + 1] = counts.cumsum()
        row[counts.size + 1 :] = counts.sum()
    return sums


def write_burn_down(found: Staffing, path: Path) -> None:
    """Draw the chosen plan into a .png or .svg file."""
    with styled():
        figure = draw_burn_down(found)
    if path.suffix.lower() == ".svg":
        write_text(path, to_svg(figure, "burn_down"))
    else:
        write_bytes(path, to_png(figure, "burn_down"))
