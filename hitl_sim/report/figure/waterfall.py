"""From the control's bill to the arm's, step by step."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hitl_sim.analysis.verdict import Decision
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    folded,
    name_rows,
    new_figure,
    short_joules,
    write_end,
)
from hitl_sim.report.number import digits, times

_BAR = 0.62
_ROW_IN = 0.42
_TITLE_CHARACTERS = 48
"""The names of the rows take room from it."""


def draw_waterfall(decision: Decision) -> Figure | None:
    """Draw the control's bill, what the arm adds and saves, and the arm's own.

    Args:
        decision: of one task.

    Returns:
        None where no arm with people reached the target.
    """
    leader = decision.leader
    if leader is None:
        return None
    ends = np.cumsum([leader.control, *(step.amount for step in leader.steps)])
    if not np.isfinite(ends).all():
        return None
    names = ["control", *(step.words for step in leader.steps), leader.finding.arm]
    figure = new_figure(1.6 + _ROW_IN * len(names))
    axes = figure.subplots()
    place = np.arange(len(names))[::-1]
    axes.barh(place[0], leader.control, _BAR, color=GREY)
    axes.barh(place[-1], ends[-1], _BAR, color=GREY)
    for row, step in enumerate(leader.steps):
        saved = step.amount < 0.0
        axes.barh(
            place[row + 1],
            step.amount,
            _BAR,
            left=ends[row],
            color=COLOURS[0] if saved else COLOURS[1],
            hatch="//" if saved else None,
            edgecolor="white",
        )
    for row, end in enumerate(ends):
        axes.plot([end, end], [place[row], place[row + 1]], color=BLACK, linewidth=0.8)
    amounts = [leader.control, *(step.amount for step in leader.steps), ends[-1]]
    right = [leader.control, *np.maximum(ends[1:], ends[:-1]), ends[-1]]
    for y, end, amount in zip(place, right, amounts, strict=True):
        text = _text(float(amount), leader.measure)
        write_end(axes, float(end), float(y), text)
    name_rows(axes, place, names)
    axes.set_xlim(0.0, 1.25 * max(*right, 1e-300))
    unit = "USD" if leader.measure == "usd" else "J"
    scale = times(decision.scale)
    axes.set_xlabel(f"bill per success ({unit}), training {scale} as dear")
    axes.set_title(
        f"{decision.task.task}: from the control's bill to the arm's\n"
        f"{folded(leader.finding.label, _TITLE_CHARACTERS)}"
    )
    return figure


def _text(amount: float, measure: str) -> str:
    sign = "-" if amount < 0.0 else ""
    size = abs(amount)
    return sign + (short_joules(size) if measure == "joules" else f"{digits(size)} USD")
