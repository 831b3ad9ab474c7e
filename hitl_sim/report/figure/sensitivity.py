"""Which unknown moves the answer, and what it would be worth to know it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis.decision.sensitivity import Sensitivity
from hitl_sim.report.figure.style import (
    COLOURS,
    name_rows,
    new_figure,
    places,
    write_end,
)
from hitl_sim.report.number import digits, times

_BAR = 0.72
_ROW_IN = 0.5


def draw_sensitivity(sensitivity: Sensitivity | None) -> Figure | None:
    """Draw shares of the variance over the value of perfect information.

    Returns:
        None where nothing was found; the upper panel is left out where no input moves
        the arm's own net benefit.
    """
    found = sensitivity
    if found is None or not found.worths:
        return None
    panels = 2 if found.effects else 1
    figure = new_figure(1.6 + panels * (0.9 + _ROW_IN * len(found.worths)))
    axes = np.atleast_1d(figure.subplots(panels, 1))
    if found.effects:
        _draw_effects(axes[0], found)
    _draw_worths(axes[-1], found)
    return figure


def _draw_effects(axes: Axes, found: Sensitivity) -> None:
    by_name = {effect.name: effect for effect in found.effects}
    effects = [by_name[worth.words] for worth in found.worths]
    halves = [effect.half for effect in effects]
    _draw_bars(axes, found, [e.share for e in effects], halves, COLOURS[0])
    axes.set(
        xlim=(min(0.0, axes.get_xlim()[0]), 1.05),
        xlabel="share of the variance, 95 % intervals",
        title=f"what moves the net benefit of {found.leader.arm}",
    )


def _draw_worths(axes: Axes, found: Sensitivity) -> None:
    unit = "USD" if found.measure == "usd" else "J"
    values = [worth.at_scale.value for worth in found.worths]
    errors = [2.0 * float(np.nan_to_num(w.at_scale.error)) for w in found.worths]
    colours = [COLOURS[2] if w.is_people else COLOURS[5] for w in found.worths]
    _draw_bars(axes, found, values, errors, colours)
    ends = [value + error for value, error in zip(values, errors, strict=True)]
    for y, value, end in zip(places(len(values)), values, ends, strict=True):
        write_end(axes, end, float(y), f"{digits(value)} {unit}" if value else "0")
    axes.set(
        xlim=(0.0, 1.3 * (max(found.everything.value, *ends) or 1.0)),
        xlabel=f"EVPPI, {unit} per success, ± 2 standard errors;\n"
        f"training {times(found.scale)} as dear\n"
        f"(all at once, EVPI: {digits(found.everything.value)} {unit})",
        title="what is worth measuring\n(green: with real participants)",
    )


def _draw_bars(
    axes: Axes,
    found: Sensitivity,
    values: Sequence[float],
    errors: Sequence[float],
    colour: str | Sequence[str],
) -> None:
    """Draw a bar with its error per input, the kind of input above its name."""
    names = [worth.words.replace(": ", ":\n", 1) for worth in found.worths]
    axes.barh(
        places(len(names)),
        values,
        _BAR,
        xerr=errors,
        color=colour,
        edgecolor="white",
        error_kw={"capsize": 2, "linewidth": 1.0},
    )
    name_rows(axes, places(len(names)), names)
