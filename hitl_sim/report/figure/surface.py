"""Rho over two axes at once: the map of trade-offs, with break-even and its band."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from hitl_sim.analysis.chance.surface import Surface
from hitl_sim.analysis.condition.surface import Cell, StudySurface
from hitl_sim.report.figure.style import (
    BLACK,
    folded,
    legend_below,
    mark,
    new_figure,
    points,
)
from hitl_sim.report.number import RHO, digits
from hitl_sim.report.surface import short_names

_POINTS = 61
_MOST_TICKS = 16
"""Values of an axis beyond which they are no ticks: settings that were drawn."""
_MANY_CELLS = 60
"""Cells of a panel beyond which their marks are small."""
_SUBS = (1.0, 2.0, 5.0)
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

    A third axis has a panel for its least, middle and largest value, or for the middle
    of each third of its values where settings were drawn; more are held at their
    middle. All lie among the settings that the surface was fitted to. Where settings
    were drawn a panel shows every cell whose third value is nearest to its own.

    Returns:
        None where there is no surface: fewer than two numbers were swept, or the cells
        are too few.
    """
    if surface is None or surface.surface is None:
        return None
    fitted = surface.surface
    is_drawn = max(map(len, surface.values)) > _MOST_TICKS
    thirds = surface.told[2] if len(surface.axes) > 2 else (math.nan,)
    if len(thirds) > _MOST_PANELS:
        places = (1, 3, 5) if is_drawn else (0, 3, 6)
        thirds = tuple(
            thirds[min(k * len(thirds) // 6, len(thirds) - 1)] for k in places
        )
    span = fitted.at(fitted.lattice()).value
    most = min(max(0.05, float(np.abs(span).max())), _MOST)
    figure = new_figure(1.3 + _PANEL_IN * len(thirds))
    panels = figure.subplots(len(thirds), 1, squeeze=False).ravel()
    for axes, third in zip(panels, thirds, strict=True):
        held, shown = list(surface.middle), surface.cells
        if not math.isnan(third):
            held[2] = third
        if not is_drawn:
            shown = tuple(cell for cell in shown if cell.values[2:] == tuple(held[2:]))
        elif not math.isnan(third):
            shown = tuple(
                cell
                for cell in shown
                if min(thirds, key=lambda one: abs(one - cell.values[2])) == third
            )
        drawn = _draw_panel(axes, surface, fitted, held, most)
        _draw_cells(axes, shown)
    bar = figure.colorbar(drawn, ax=list(panels))
    bar.set_label(f"{RHO} (log scale)")
    ticks = [tick for tick in _TICKS if abs(math.log(tick)) <= most]
    bar.set_ticks([math.log(tick) for tick in ticks], labels=[f"{t:g}" for t in ticks])
    figure.suptitle(
        folded(f"{surface.task}: {surface.label}"),
        fontsize=points(10.5),
        fontweight="bold",
    )
    ran = "run near here" if is_drawn and len(surface.axes) > 2 else "run"
    legend_below(
        figure,
        2,
        handles=[
            mark("break-even", "", linestyle="-", linewidth=1.8),
            mark("ends of its 95 % band", "", linestyle="--", linewidth=1.0),
            mark(f"{ran}: {RHO} below 1", "o", markersize=5),
            mark(f"{ran}: {RHO} above 1", "o", markersize=5, markerfacecolor="white"),
            mark(f"{ran}: {RHO} infinite or not known", "x", markersize=5),
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
    """Draw one slice."""
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
    for axis, is_log, ticks in zip(
        (axes.xaxis, axes.yaxis), fitted.form.is_log, found.values, strict=False
    ):
        if is_log:
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            axis.set_minor_locator(NullLocator())
        if len(ticks) <= _MOST_TICKS:
            axis.set_ticks(ticks)
        elif is_log:
            axis.set_major_locator(LogLocator(subs=_SUBS))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set(xlabel=found.words[0], ylabel=found.words[1])
    axes.grid(visible=False)
    rest = zip(short_names(found.words)[2:], held[2:], strict=True)
    title = ", ".join(f"{name} {digits(value)}" for name, value in rest)
    axes.set_title(folded(title))
    return drawn


def _draw_cells(axes: Axes, cells: Sequence[Cell]) -> None:
    """Draw settings that were run, by what is known of their ratio."""
    kinds: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for cell in cells:
        face = BLACK if cell.finding.ratio.value < 1.0 else "white"
        kind = ("o", face) if cell.is_fitted else ("x", BLACK)
        kinds.setdefault(kind, []).append(cell.values[:2])
    for (marker, face), places in kinds.items():
        axes.plot(
            *zip(*places, strict=True),
            marker=marker,
            color=BLACK,
            markerfacecolor=face,
            markersize=5 if len(cells) <= _MANY_CELLS else 2.5,
            markeredgewidth=1.0 if len(cells) <= _MANY_CELLS else 0.6,
            linestyle="none",
            clip_on=False,
            zorder=3,
        )
