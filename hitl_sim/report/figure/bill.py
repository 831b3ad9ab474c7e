"""Figure 4: the ledger in joules, device beside people, each on a scale of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from hitl_sim.analysis import Finding, TaskResult
from hitl_sim.cost import Line
from hitl_sim.report.figure.choice import arm_name, shown_arms, shown_crowd
from hitl_sim.report.figure.style import (
    COLOURS,
    joule_ticks,
    legend_below,
    name_rows,
    new_figure,
    short_joules,
    write_end,
)
from hitl_sim.report.number import times

_DEVICE = "device"
_BAR = 0.62
_ROOM = 1.2
_LONGEST = 4.0
_BREAK = 0.93
_ROW_IN = 0.34
_FRAME_IN = 3.8
"""Titles, axes and legends of both panels."""


def draw_bill(task: TaskResult) -> Figure:
    """Draw the joules of each arm's ledger, stacked by line.

    The two panels do not share a scale: people take thousands of times what a small
    device does, and on one scale the device could not be seen.

    Args:
        task: one task's result.
    """
    findings = [task.control, *shown_arms(task)]
    figure = new_figure(_FRAME_IN + 2 * _ROW_IN * len(findings))
    rows = figure.add_gridspec(2, 1)
    upper, lower = figure.add_subfigure(rows[0]), figure.add_subfigure(rows[1])
    names = [_name(finding) for finding in findings]
    device = _stack(findings, is_device=True)
    beside = _stack(findings, is_device=False)
    above = _draw_stack(upper, names, device)
    below = _draw_stack(lower, names, beside)
    above.set_title(f"{task.task}: the device at work")
    below.set_title(
        f"people ({shown_crowd(task)}), waiting, overheads\n{_scale(device, beside)}"
    )
    return figure


Stack = dict[str, list[float]]


def _name(finding: Finding) -> str:
    return arm_name(finding) + ("" if finding.is_per_success else " *")


def _stack(findings: Sequence[Finding], *, is_device: bool) -> Stack:
    """Return joules by line of the ledger, one number per condition; NaN if unknown."""
    bars = [
        {line.name: _joules(line) for line in finding.ledger.lines if _is_drawn(line)}
        for finding in findings
    ]
    names = dict.fromkeys(
        line.name
        for finding in findings
        for line in finding.ledger.lines
        if _is_drawn(line) and (line.group == _DEVICE) is is_device
    )
    return {
        name: values
        for name in names
        if np.nansum(values := [bar.get(name, 0.0) for bar in bars]) > 0.0
    }


def _is_drawn(line: Line) -> bool:
    return line.standing == "protocol" and line.joules is not None


def _joules(line: Line) -> float:
    value = None if line.joules is None else line.joules.value
    return float("nan") if value is None else float(value)


def _totals(stack: Stack, num: int) -> list[float]:
    return [float(np.nansum([v[i] for v in stack.values()])) for i in range(num)]


def _limit(totals: Sequence[float]) -> float:
    """Return the longest bar that is drawn in full.

    A few arms with rare successes may take tens of times what the others do; drawn in
    full they would leave nothing to see of the rest.
    """
    known = [total for total in totals if total > 0.0]
    if not known:
        return 1e-12
    return min(max(known), _LONGEST * float(np.median(known)))


def _draw_stack(part: SubFigure, names: Sequence[str], stack: Stack) -> Axes:
    """Draw one stacked bar per condition, its sum written at the end."""
    axes = part.subplots()
    place = np.arange(len(names))[::-1]
    totals = np.asarray(_totals(stack, len(names)))
    limit = _limit(list(totals))
    shrink = limit / np.maximum(totals, limit)
    left = np.zeros(len(names))
    for i, (line, values) in enumerate(stack.items()):
        width = np.nan_to_num(np.asarray(values)) * shrink
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
        _name_end(axes, float(end), float(y), float(total), is_cut=total > limit)
    name_rows(axes, place, names)
    axes.set_xlim(0.0, _ROOM * limit)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    joule_ticks(axes)
    axes.set_xlabel("joules per success\n(* per run at the cap: nobody reached)")
    if stack:
        legend_below(part, 3, axes)
    return axes


def _name_end(axes: Axes, end: float, y: float, total: float, *, is_cut: bool) -> None:
    """Write a bar's sum at its end, and a break on a bar that is drawn shortened."""
    write_end(axes, end, y, short_joules(total) if total else "0")
    if is_cut:
        axes.annotate(
            "//",
            (_BREAK * end, y),
            ha="center",
            va="center",
            fontsize=17,
            color="white",
            fontweight="bold",
        )


def _scale(device: Stack, beside: Stack) -> str:
    """Say how much longer the lower panel's scale is."""
    num = max(
        (len(values) for values in [*device.values(), *beside.values()]), default=0
    )
    above, below = (_limit(_totals(stack, num)) for stack in (device, beside))
    if not device or not beside:
        return "scales differ"
    return f"scale {times(below / above)} the one above"
