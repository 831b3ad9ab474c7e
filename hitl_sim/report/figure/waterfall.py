"""From the control's bill to the arm's, step by step."""

import numpy as np
from matplotlib.figure import Figure

from hitl_sim.analysis.decision.decide import Decision
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    folded,
    name_rows,
    new_figure,
    places,
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

    Returns:
        None where no arm with people reached the target.
    """
    leader = decision.leader
    if leader is None:
        return None
    words, steps = zip(*leader.steps, strict=True)
    ends = np.cumsum([leader.control, *steps])
    if not np.isfinite(ends).all():
        return None
    names = ["control", *words, leader.finding.arm]
    figure = new_figure(1.6 + _ROW_IN * len(names))
    axes = figure.subplots()
    place = places(len(names))
    axes.barh(place[0], leader.control, _BAR, color=GREY)
    axes.barh(place[-1], ends[-1], _BAR, color=GREY)
    for row, amount in enumerate(steps):
        axes.barh(
            place[row + 1],
            amount,
            _BAR,
            left=ends[row],
            color=COLOURS[0] if amount < 0.0 else COLOURS[1],
            hatch="//" if amount < 0.0 else None,
            edgecolor="white",
        )
    for row, end in enumerate(ends):
        axes.plot([end, end], [place[row], place[row + 1]], color=BLACK, linewidth=0.8)
    amounts = [leader.control, *steps, ends[-1]]
    right = [leader.control, *np.maximum(ends[1:], ends[:-1]), ends[-1]]
    for y, end, amount in zip(place, right, amounts, strict=True):
        sign, size = "-" if amount < 0.0 else "", abs(float(amount))
        in_j = leader.measure == "joules"
        text = short_joules(size) if in_j else f"{digits(size)} USD"
        write_end(axes, float(end), float(y), sign + text)
    name_rows(axes, place, names)
    axes.set_xlim(0.0, 1.25 * max(*right, 1e-300))
    unit = "USD" if leader.measure == "usd" else "J"
    scale = times(decision.scale)
    axes.set(
        xlabel=f"bill per success ({unit}), training {scale} as dear",
        title=f"{decision.task.task}: from the control's bill to the arm's\n"
        f"{folded(leader.finding.label, _TITLE_CHARACTERS)}",
    )
    return figure
