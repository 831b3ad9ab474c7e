"""Rho of very many crowds: a point each, by how often their answers were right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hitl_sim.analysis import Finding
from hitl_sim.report.figure.style import GREY, folded, new_figure, ratio_axis

_PANEL_IN = 2.9
_BLAMED = ("shared_error", "repeatability", "systematic", "seconds")
"""Dials that colour is given to, the first that varies; then any other."""
_COLOUR_MAP = "viridis"
_POINT, _LINE = 14.0, 0.7


def draw_cloud(
    panels: Mapping[str, Sequence[Finding]],
    limits: tuple[float, float],
) -> Figure:
    """Draw one panel per arm, with 95 % intervals behind the points.

    Colour is the dial that varies beside accuracy. A triangle at the upper edge is a
    condition beyond the axis, or one in which nobody reached the target.

    Args:
        panels: conditions by arm.
        limits: of rho's axis, which is logarithmic.
    """
    figure = new_figure(1.1 + len(panels) * _PANEL_IN)
    grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    every = [finding for findings in panels.values() for finding in findings]
    dial = _coloured_by(every)
    values = [finding.dials[dial] for finding in every] if dial else [0.0]
    scale = Normalize(min(values), max(values))
    for axes, (name, findings) in zip(grid, panels.items(), strict=True):
        axes.set_title(folded(name))
        ratio_axis(axes, *limits)
        points = _draw_panel(axes, findings, dial, scale)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        if dial:
            shown = dial.replace("_", " ")
            figure.colorbar(points, ax=axes, label=shown)
    grid[-1].set_xlabel(
        "answers that were right (triangle: beyond the axis, or nobody reached)"
    )
    return figure


def _coloured_by(findings: Sequence[Finding]) -> str | None:
    """Choose the dial that colour shows; None where only accuracy varies."""
    first = [set(f.dials) for f in findings if f.has_people]
    shared = set.intersection(*first) if first else set()
    varied = {
        name
        for name in shared - {"accuracy"}
        if len({finding.dials[name] for finding in findings}) > 1
    }
    known = [name for name in _BLAMED if name in varied]
    return next(iter([*known, *sorted(varied)]), None)


def _draw_panel(
    axes: Axes, findings: Sequence[Finding], dial: str | None, scale: Normalize
) -> PathCollection:
    """Draw the conditions of an arm; return what a colour bar is made from."""
    axes.axhline(1.0, color=GREY, linewidth=1.2)
    top = axes.get_ylim()[1] / 1.1
    kept = [f for f in findings if f.ratio.is_known]
    right = np.array([f.shares.get("answer_accuracy", math.nan) for f in kept])
    low = np.array([f.ratio.low for f in kept], float)
    value = np.array([f.ratio.value for f in kept], float)
    high = np.array([f.ratio.high for f in kept], float)
    axes.vlines(
        right, low, np.minimum(high, top), color="#c8c8c8", linewidth=_LINE, zorder=1
    )
    is_off = ~(value <= top)
    colour = np.array([f.dials[dial] if dial else 0.0 for f in kept])
    look: dict[str, Any] = {
        "norm": scale,
        "cmap": _COLOUR_MAP,
        "s": _POINT,
        "linewidths": 0,
    }
    shown = np.where(is_off, top, value)
    axes.scatter(right[is_off], shown[is_off], c=colour[is_off], marker="^", **look)
    is_on = ~is_off
    return axes.scatter(right[is_on], shown[is_on], c=colour[is_on], **look)
