"""Which unknown moves the answer, and what it would be worth to know it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis.sensitivity import Sensitivity
from hitl_sim.report.figure.style import COLOURS, name_rows, new_figure, write_end
from hitl_sim.report.number import digits, times

_BAR = 0.36
_ROW_IN = 0.5


def draw_sensitivity(found: Sensitivity | None) -> Figure | None:
    """Draw shares of the variance over the value of perfect information.

    Args:
        found: of one task.

    Returns:
        None where nothing was found; the upper panel is left out where no input moves
        the arm's own net benefit.
    """
    if found is None or not found.worths:
        return None
    rows = len(found.worths)
    panels = 2 if found.effects else 1
    figure = new_figure(1.6 + panels * (0.9 + _ROW_IN * rows))
    axes = np.atleast_1d(figure.subplots(panels, 1))
    names = [worth.words for worth in found.worths]
    if found.effects:
        _draw_effects(axes[0], names, found)
    _draw_worths(axes[-1], names, found)
    return figure


def _draw_effects(axes: Axes, names: list[str], found: Sensitivity) -> None:
    by_name = {effect.name: effect for effect in found.effects}
    place = np.arange(len(names))[::-1]
    axes.barh(
        place,
        [by_name[name].share for name in names],
        2 * _BAR,
        xerr=[by_name[name].half for name in names],
        color=COLOURS[0],
        edgecolor="white",
        error_kw={"capsize": 2, "linewidth": 1.0},
    )
    name_rows(axes, place, [_folded(name) for name in names])
    axes.set_xlim(min(0.0, axes.get_xlim()[0]), 1.05)
    axes.set_xlabel("share of the variance, 95 % intervals")
    axes.set_title(f"what moves the net benefit of {found.leader.arm}")


def _draw_worths(axes: Axes, names: list[str], found: Sensitivity) -> None:
    place = np.arange(len(names))[::-1]
    unit = "USD" if found.measure == "usd" else "J"
    values = [worth.at_scale.value for worth in found.worths]
    errors = [2.0 * float(np.nan_to_num(w.at_scale.error)) for w in found.worths]
    colours = [COLOURS[2] if w.is_people else COLOURS[5] for w in found.worths]
    axes.barh(
        place,
        values,
        2 * _BAR,
        xerr=errors,
        color=colours,
        edgecolor="white",
        error_kw={"capsize": 2, "linewidth": 1.0},
    )
    for y, value, error in zip(place, values, errors, strict=True):
        text = f"{digits(value)} {unit}" if value else "0"
        write_end(axes, value + error, float(y), text)
    name_rows(axes, place, [_folded(name) for name in names])
    most = max(
        found.everything.value, *(v + e for v, e in zip(values, errors, strict=True))
    )
    axes.set_xlim(0.0, 1.3 * (most or 1.0))
    axes.set_xlabel(
        f"EVPPI, {unit} per success, ± 2 standard errors;\n"
        f"training {times(found.scale)} as dear\n"
        f"(all at once, EVPI: {digits(found.everything.value)} {unit})"
    )
    axes.set_title("what is worth measuring\n(green: with real participants)")


def _folded(name: str) -> str:
    head, _, rest = name.partition(": ")
    return f"{head}:\n{rest}" if rest else head
