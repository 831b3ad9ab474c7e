"""Figure 4: the ledger in joules, device beside people, each on a scale of its own."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from hitl_sim.analysis.condition.finding import (
    TaskResult,
    reference_arms,
    reference_crowd,
)
from hitl_sim.array import FloatArray
from hitl_sim.cost import Ledger
from hitl_sim.report.figure.style import (
    COLOURS,
    joule_ticks,
    legend_below,
    name_rows,
    new_figure,
    places,
    points,
    short_joules,
    write_end,
)
from hitl_sim.report.number import times

_BAR = 0.62
_ROOM = 1.2
_LONGEST = 4.0
_BREAK = 0.93
_ROW_IN = 0.34
_FRAME_IN = 3.8
"""Titles, axes and legends of both panels."""

Stack = dict[str, FloatArray]


def draw_bill(task: TaskResult) -> Figure:
    """Draw the joules of each arm's ledger, stacked by line.

    The two panels do not share a scale: people take thousands of times what a small
    device does, and on one scale the device could not be seen.
    """
    findings = [task.control, *reference_arms(task)]
    figure = new_figure(_FRAME_IN + 2 * _ROW_IN * len(findings))
    rows = figure.add_gridspec(2, 1)
    upper, lower = figure.add_subfigure(rows[0]), figure.add_subfigure(rows[1])
    names = [f.name + ("" if f.is_per_success else " *") for f in findings]
    bills = [finding.ledger for finding in findings]
    device, beside = (_stack(bills, is_device=own) for own in (True, False))
    above = _draw_stack(upper, names, device)
    below = _draw_stack(lower, names, beside)
    above.set_title(f"{task.task}: the device at work")
    scale = "scales differ"
    if device and beside:
        longest, shorter = (_limit(_totals(s, len(names))) for s in (beside, device))
        scale = f"scale {times(longest / shorter)} the one above"
    people = f"people ({reference_crowd(task)}), waiting, overheads"
    below.set_title(f"{people}\n{scale}")
    return figure


def _stack(bills: Sequence[Ledger], *, is_device: bool) -> Stack:
    """Return joules by line of the ledger, one number per condition; NaN if unknown."""
    found: Stack = {}
    for column, bill in enumerate(bills):
        for line in bill.lines:
            is_own = (line.group == "device") is is_device
            if line.purpose == "protocol" and line.joules is not None and is_own:
                values = found.setdefault(line.name, np.zeros(len(bills)))
                joules = line.joules.value
                values[column] = math.nan if joules is None else float(joules)
    return {name: values for name, values in found.items() if np.nansum(values) > 0.0}


def _totals(stack: Stack, num: int) -> FloatArray:
    return np.asarray(np.nansum([np.zeros(num), *stack.values()], axis=0))


def _limit(totals: FloatArray) -> float:
    """Return the longest bar that is drawn in full.

    A few arms with rare successes may take tens of times what the others do; drawn in
    full they would leave nothing to see of the rest.
    """
    known = totals[totals > 0.0]
    if len(known) == 0:
        return 1e-12
    return min(float(known.max()), _LONGEST * float(np.median(known)))


def _draw_stack(part: SubFigure, names: Sequence[str], stack: Stack) -> Axes:
    """Draw one stacked bar per condition, its sum written at the end.

    A bar that is drawn shortened has a break.
    """
    axes = part.subplots()
    place = places(len(names))
    totals = _totals(stack, len(names))
    limit = _limit(totals)
    shrink = limit / np.maximum(totals, limit)
    left = np.zeros(len(names))
    for i, (line, values) in enumerate(stack.items()):
        width = np.nan_to_num(values) * shrink
        axes.barh(
            place,
            width,
            _BAR,
            left=left,
            label=line.removeprefix("device_").replace("_", " "),
            color=COLOURS[i % len(COLOURS)],
            edgecolor="white",
            linewidth=0.5,
        )
        left = left + width
    for y, end, total in zip(place, left, totals, strict=True):
        text = short_joules(float(total)) if total else "0"
        write_end(axes, float(end), float(y), text)
        if total > limit:
            axes.annotate(
                "//",
                (_BREAK * float(end), float(y)),
                ha="center",
                va="center",
                fontsize=points(17),
                color="white",
                fontweight="bold",
            )
    name_rows(axes, place, names)
    axes.set_xlim(0.0, _ROOM * limit)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    joule_ticks(axes)
    axes.set_xlabel("joules per success\n(* per run at the cap: nobody reached)")
    if stack:
        legend_below(part, 3, axes)
    return axes
