"""Which unknown moves the answer, and what it would be worth to know it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis.sensitivity import Sensitivity
from hitl_sim.report.figure.style import COLOURS, new_figure
from hitl_sim.report.number import digits, times

_BAR = 0.36
_ROW_IN = 0.5


def draw_sensitivity(found: Sensitivity | None) -> Figure | None:
    """Draw Sobol indices over the value of perfect information.

    Args:
        found: of one task.

    Returns:
        None where nothing was found; the upper panel is left out without SALib.
    """
    if found is None or not found.worths:
        return None
    rows = len(found.worths)
    panels = 2 if found.indices else 1
    figure = new_figure(1.6 + panels * (0.9 + _ROW_IN * rows))
    axes = np.atleast_1d(figure.subplots(panels, 1))
    names = [worth.words for worth in found.worths]
    if found.indices:
        _draw_indices(axes[0], names, found)
    _draw_worths(axes[-1], names, found)
    return figure


def _draw_indices(axes: Axes, names: list[str], found: Sensitivity) -> None:
    by_name = {index.name: index for index in found.indices}
    place = np.arange(len(names))[::-1]
    parts = (
        ("first", "first_half", _BAR / 2, "alone", COLOURS[0], None),
        ("total", "total_half", -_BAR / 2, "with all interactions", COLOURS[4], "//"),
    )
    for share, half, shift, label, colour, hatch in parts:
        axes.barh(
            place + shift,
            [max(0.0, getattr(by_name[name], share)) for name in names],
            _BAR,
            xerr=[getattr(by_name[name], half) for name in names],
            label=label,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            error_kw={"capsize": 2, "linewidth": 1.0},
        )
    _name_rows(axes, place, names)
    axes.set_xlim(0.0, 1.05)
    axes.set_xlabel("share of the variance of the net benefit (95 % intervals)")
    axes.set_title(f"what moves the net benefit of {found.leader.arm}")
    axes.legend(loc="lower right")


def _draw_worths(axes: Axes, names: list[str], found: Sensitivity) -> None:
    place = np.arange(len(names))[::-1]
    unit = "USD" if found.measure == "usd" else "J"
    values = [worth.at_scale for worth in found.worths]
    colours = [COLOURS[2] if w.is_people else COLOURS[5] for w in found.worths]
    axes.barh(place, values, 2 * _BAR, color=colours, edgecolor="white")
    for y, value in zip(place, values, strict=True):
        axes.annotate(
            f"{digits(value)} {unit}" if value else "0",
            (value, float(y)),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    _name_rows(axes, place, names)
    axes.set_xlim(0.0, 1.3 * (max(*values, found.everything) or 1.0))
    axes.set_xlabel(
        f"worth of knowing it before deciding ({unit} per success),\n"
        f"training {times(found.scale)} as dear; all at once:"
        f" {digits(found.everything)} {unit}"
    )
    axes.set_title("what is worth measuring\n(green: with real participants)")


def _name_rows(axes: Axes, place: np.ndarray, names: list[str]) -> None:
    axes.set_yticks(place, [_folded(name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _folded(name: str) -> str:
    head, _, rest = name.partition(": ")
    return f"{head}:\n{rest}" if rest else head
