"""The page's third figure: break-even trainings E* on a ladder of published ones."""

import math
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from hitl_sim.analysis.condition.finding import StudyResult, best
from hitl_sim.analysis.condition.training_size import TrainingSize
from hitl_sim.cost import published_runs
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    folded,
    legend_below,
    mark,
    name_rows,
    new_figure,
    places,
    points,
    write_near,
)
from hitl_sim.report.first_screen import crowds_of, name_of
from hitl_sim.report.number import NEVER, UNKNOWN, kwh_text
from hitl_sim.unit import J_PER_KWH

MOST_ROWS = 24
_ROW_IN, _RUN_IN = 0.24, 0.19
_NAME_CHARACTERS = 34


class Rung(NamedTuple):
    """One row: whose break-even, beside the best arm without people."""

    name: str
    size: TrainingSize


def rungs_of(result: StudyResult) -> list[Rung]:
    """List what is drawn: of every task the crowds of the first screen."""
    found = []
    for task in result.tasks:
        leader = best(task.with_people)
        for crowd in crowds_of(task):
            if leader is not None and crowd.finding.over_machine:
                name = f"{name_of(task, result, is_short=True)}, {crowd.name}"
                found.append(Rung(name, crowd.finding.over_machine[0]))
    return found[:MOST_ROWS]


def draw_ladder(result: StudyResult) -> Figure | None:
    """Draw E* of the best arm of each task above trainings whose energy is published.

    Returns:
        Above a row per task and crowd: E* with its 95 % interval, an arrow where only
        its lower end is known, and words where there is none. Below a row per
        published training. None where nobody is asked.
    """
    rungs = rungs_of(result)
    if not rungs:
        return None
    runs = sorted(published_runs(), key=lambda run: float(run.joules.value or 0.0))
    names = [rung.name for rung in rungs]
    figure = new_figure(1.3 + _ROW_IN * len(rungs) + _RUN_IN * len(runs))
    ratios = _ROW_IN * len(rungs) + 0.3, _RUN_IN * len(runs) + 0.2
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
    published = [float(run.joules.value or math.nan) / J_PER_KWH for run in runs]
    known = [
        end / J_PER_KWH
        for rung in rungs
        for end in (rung.size.joules.value, rung.size.joules.low)
        if 0.0 < end < math.inf
    ]
    low, high = min([*published, *known]) / 4.0, max([*published, *known]) * 4.0
    above.set(xscale="log", xlim=(low, high))
    heights = places(len(rungs))
    for height, rung in zip(heights, rungs, strict=True):
        _draw_rung(above, float(height), rung.size, (low, high))
    name_rows(above, heights, [folded(name, _NAME_CHARACTERS) for name in names])
    above.set_ylim(-0.7, len(rungs) - 0.3)
    above.set_title("E*: training from which guidance pays back")
    heights = places(len(runs))
    below.plot(published, heights, "D", color=GREY, markersize=5)
    for size, height in zip(published, heights, strict=True):
        below.plot([low, size], [height, height], ":", color=GREY, linewidth=0.9)
    name_rows(below, heights, [run.name for run in runs])
    below.set_ylim(-0.7, len(runs) - 0.3)
    below.set_title("trainings whose energy is published")
    below.set_xlabel("energy of one training (log scale)")
    for axes in (above, below):
        axes.tick_params(axis="y", labelsize=points(8))
    below.xaxis.set_major_locator(LogLocator(numticks=6))
    below.xaxis.set_minor_locator(NullLocator())
    below.xaxis.set_major_formatter(FuncFormatter(_written))
    open_ = {"markerfacecolor": "white"}
    handles = [
        mark("E* with its 95 % interval", "o", COLOURS[0], linestyle="-"),
        mark("hangs on chance", "o", COLOURS[0], **open_),
        mark("known from below alone", ">", COLOURS[0], linestyle="-", **open_),
        mark("published", "D", GREY),
    ]
    legend_below(figure, 2, handles=handles)
    return figure


def _draw_rung(
    axes: Axes, height: float, size: TrainingSize, ends: tuple[float, float]
) -> None:
    """Draw one break-even, or say in words that there is none."""
    low, high = ends
    value, least, most = (
        end / J_PER_KWH
        for end in (size.joules.value, size.joules.low, size.joules.high)
    )
    look: dict[str, Any] = {"color": COLOURS[0], "linewidth": 1.5}
    if 0.0 < value < math.inf:
        span = [max(least, low), min(most, high)]
        axes.plot(span, [height, height], **look)
        is_open = size.is_undetermined or size.is_fragile
        face = "white" if is_open else COLOURS[0]
        axes.plot(value, height, "o", color=COLOURS[0], markerfacecolor=face)
        return
    if math.isnan(value) and 0.0 < least < math.inf:
        axes.plot([least, high / 1.3], [height, height], **look)
        axes.plot(high / 1.3, height, ">", color=COLOURS[0], markerfacecolor="white")
        return
    text = UNKNOWN if math.isnan(value) else NEVER
    if size.payback.name == "ALWAYS":
        text = "at any size"
    write_near(
        axes, text, (low, height), (6, 0), va="center", fontsize=points(8), color=BLACK
    )


def _written(kwh: float, place: int) -> str:
    """Write a tick: `100 kWh`."""
    del place
    number, _, unit = kwh_text(kwh * J_PER_KWH).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"
