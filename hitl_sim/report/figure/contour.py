"""How dear training would have to be, over wage and tariff."""

import math

import numpy as np
from matplotlib.figure import Figure

from hitl_sim.analysis.decision.decide import Decision
from hitl_sim.report.figure.style import BLACK, folded, new_figure, points, power_of_ten

_PER_DECADE = (1.0, 2.0, 5.0)
_LEAST = 0.05
"""Share of the region on either side of a line that has a name."""
_MOST_PLAIN = 1e5


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
        # a line in a corner has no room for its name
        named = [one for one in inside if _LEAST < (known < one).mean() < 1.0 - _LEAST]
        for text in axes.clabel(lines, named, fmt=_times, fontsize=points(8.5)):
            text.set_bbox({"facecolor": "white", "alpha": 0.8, "pad": 0.6, "lw": 0})
    bar = figure.colorbar(drawn, ax=axes)
    bar.set_label("M*: times as dear (log scale)")
    if len(inside) > 1:
        bar.set_ticks([math.log10(one) for one in inside])
    bar.ax.yaxis.set_major_formatter(lambda value, _: _times(10.0**value))
    axes.set(xlabel="wage (USD/h)", ylabel="electricity tariff (USD/kWh)")
    axes.grid(visible=False)
    axes.tick_params(color=BLACK)
    name = folded(leader.finding.label)
    axes.set_title(f"{decision.task.task}: break-even of training in money\n{name}")
    return figure


def _times(value: float) -> str:
    """Write how many times as dear, of two digits: `20`, `5 x 10⁸` with a cross."""
    if value < _MOST_PLAIN:
        return f"{float(f'{value:.2g}'):,g}"
    digits, _, exponent = f"{value:.1e}".partition("e")
    power = power_of_ten(10.0 ** int(exponent), 0)
    return f"{float(digits):g} \N{MULTIPLICATION SIGN} {power}"
