"""Rho over two axes at once: the map of trade-offs, with break-even and its band."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from hitl_sim.analysis.chance.surface import Surface
from hitl_sim.analysis.condition.surface import StudySurface
from hitl_sim.report.figure.style import (
    BLACK,
    folded,
    legend_below,
    mark,
    new_figure,
    points,
)
from hitl_sim.report.number import RHO, digits

_POINTS = 61
_MOST_PANELS = 3
_PANEL_IN = 3.4
_LEVELS = 24
_MOST = math.log(20.0)
"""Colours end at a ratio of 20 either way."""
_TICKS = (
    *(0.05, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    *(1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0),
)
_EVEN: dict[str, Any] = {"colors": BLACK, "linewidths": 1.8}
_ENDS: dict[str, Any] = {"colors": BLACK, "linewidths": 1.0, "linestyles": "dashed"}


def draw_surface(surface: StudySurface | None) -> Figure | None:
    """Draw the surface of one arm over its first two axes.

    A third axis has a panel for its least, middle and largest value; more are held at
    their middle.

    Returns:
        None where there is no surface: fewer than two numbers were swept, or the cells
        are too few.
    """
    if surface is None or surface.surface is None:
        return None
    fitted = surface.surface
    thirds = surface.values[2] if len(surface.axes) > 2 else (math.nan,)
    if len(thirds) > _MOST_PANELS:
        thirds = thirds[0], thirds[len(thirds) // 2], thirds[-1]
    span = fitted.at(fitted.lattice()).value
    most = min(max(0.05, float(np.abs(span).max())), _MOST)
    figure = new_figure(1.3 + _PANEL_IN * len(thirds))
    panels = figure.subplots(len(thirds), 1, squeeze=False).ravel()
    for axes, third in zip(panels, thirds, strict=True):
        held = list(surface.middle)
        if not math.isnan(third):
            held[2] = third
        drawn = _draw_panel(axes, surface, fitted, held, most)
    bar = figure.colorbar(drawn, ax=list(panels))
    bar.set_label(f"{RHO} (log scale)")
    ticks = [tick for tick in _TICKS if abs(math.log(tick)) <= most]
    bar.set_ticks([math.log(tick) for tick in ticks], labels=[f"{t:g}" for t in ticks])
    figure.suptitle(
        folded(f"{surface.task}: {surface.label}"),
        fontsize=points(10.5),
        fontweight="bold",
    )
    legend_below(
        figure,
        2,
        handles=[
            mark("break-even", "", linestyle="-", linewidth=1.8),
            mark("ends of its 95 % band", "", linestyle="--", linewidth=1.0),
            mark(f"run: {RHO} below 1", "o", markersize=5),
            mark(f"run: {RHO} above 1", "o", markersize=5, markerfacecolor="white"),
            mark(f"run: {RHO} not known", "x", markersize=5),
        ],
    )
    return figure


def _draw_panel(
    axes: Axes,
    found: StudySurface,
    fitted: Surface,
    held: list[float],
    most: float,
) -> QuadContourSet:
    """Draw one slice, and the cells that were run in it."""
    lines = []
    for ends, is_log in zip(fitted.bounds[:2], fitted.form.is_log[:2], strict=True):
        space = np.geomspace if is_log else np.linspace
        lines.append(np.clip(space(ends[0], ends[1], _POINTS), ends[0], ends[1]))
    across, up = np.meshgrid(*lines)
    points = np.tile(np.array(held), (across.size, 1))
    points[:, 0], points[:, 1] = across.ravel(), up.ravel()
    band = fitted.at(points)
    value, low, high = (
        part.reshape(across.shape) for part in (band.value, band.low, band.high)
    )
    drawn = axes.contourf(
        across,
        up,
        np.clip(value, -most, most),
        levels=np.linspace(-most, most, _LEVELS + 1),
        cmap="RdBu_r",
        vmin=-most,
        vmax=most,
    )
    for part, look in ((value, _EVEN), (low, _ENDS), (high, _ENDS)):
        if part.min() < 0.0 < part.max():
            axes.contour(across, up, part, levels=[0.0], **look)
    for cell in found.cells:
        if cell.values[2:] == tuple(held[2:]):
            ratio = cell.finding.ratio.value
            axes.plot(
                *cell.values[:2],
                marker="o" if cell.is_fitted else "x",
                color=BLACK,
                markerfacecolor=BLACK if ratio < 1.0 else "white",
                markersize=5,
                linestyle="none",
                clip_on=False,
                zorder=3,
            )
    for axis, is_log, ticks in zip(
        (axes.xaxis, axes.yaxis), fitted.form.is_log, found.values, strict=False
    ):
        if is_log:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_ticks(ticks)
    axes.set(xlabel=found.words[0], ylabel=found.words[1])
    axes.grid(visible=False)
    rest = zip(found.words[2:], held[2:], strict=True)
    axes.set_title(", ".join(f"{name} {digits(value)}" for name, value in rest))
    return drawn
