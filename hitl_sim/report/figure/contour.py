"""How dear training would have to be, over wage and tariff."""

import math

import numpy as np
from matplotlib.figure import Figure

from hitl_sim.analysis.decision.decide import Decision
from hitl_sim.report.figure.style import BLACK, folded, new_figure, points

_PER_DECADE = (1.0, 2.0, 5.0)


def draw_contour(decision: Decision) -> Figure | None:
    """Draw lines of equal M* in money over wage and tariff.

    Returns:
        None where no arm with people saves training, or money is unknown.
    """
    leader = decision.leader
    if leader is None:
        return None
    contour, values = leader.contour, leader.contour.multiple
    known = values[np.isfinite(values) & (values > 0.0)]
    if len(known) == 0 or known.min() == known.max():
        return None
    figure = new_figure(4.6)
    axes = figure.subplots()
    ends = math.floor(math.log10(known.min())), math.ceil(math.log10(known.max())) + 1
    levels = [m * 10.0**e for e in range(*ends) for m in _PER_DECADE]
    inside = [level for level in levels if known.min() < level < known.max()]
    place = contour.wages, contour.tariffs
    drawn = axes.contourf(*place, np.log10(values), levels=24, cmap="cividis")
    if inside:
        lines = axes.contour(
            *place, values, levels=inside, colors=BLACK, linewidths=1.2
        )
        for text in axes.clabel(lines, fmt=lambda v: f"{v:.0e}", fontsize=points(8.5)):
            text.set_bbox({"facecolor": "white", "alpha": 0.8, "pad": 0.6, "lw": 0})
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label("M*: times as dear (power of ten)")
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:.1f}")
    axes.set(xlabel="wage (USD/h)", ylabel="electricity tariff (USD/kWh)")
    axes.grid(visible=False)
    axes.tick_params(color=BLACK)
    name = folded(leader.finding.label)
    axes.set_title(f"{decision.task.task}: break-even of training in money\n{name}")
    return figure
