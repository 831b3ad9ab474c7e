"""How surely people pay, against the scale of training, the wage and carbon's price."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hitl_sim.analysis.reference import reference_arms
from hitl_sim.analysis.verdict import (
    CARBON_PRICES,
    SCALES,
    WAGES,
    ArmDecision,
    Decision,
)
from hitl_sim.array import FloatArray
from hitl_sim.report.figure.choice import arm_name, shown_crowd
from hitl_sim.report.figure.style import (
    GREY,
    colour_of,
    legend_below,
    marker_of,
    new_figure,
)
from hitl_sim.report.number import times

_DECADE = 10.0
_G_PER_KG_USD_PER_T = 1e3


def draw_acceptability(decision: Decision) -> Figure | None:
    """Draw the probability that people pay in money, for one crowd per arm.

    Args:
        decision: of one task.

    Returns:
        Three panels; None where no arm asks people or money is unknown.
    """
    shown = {f.condition for f in reference_arms(decision.task) if f.has_people}
    arms = [a for a in decision.arms if a.finding.condition in shown]
    if not arms or all(np.isnan(arm.by_scale["usd"]).all() for arm in arms):
        return None
    figure = new_figure(9.0)
    above, middle, below = figure.subplots(3, 1)
    _draw(above, SCALES, arms, [arm.by_scale["usd"] for arm in arms])
    above.set_xscale("log")
    above.axvspan(_DECADE, SCALES[-1], color=GREY, alpha=0.08, linewidth=0)
    above.annotate(
        "hypothetical: more than a decade\ndearer than what was run",
        (0.11, 0.9),
        xycoords="axes fraction",
        va="top",
        fontsize=8.5,
        color=GREY,
    )
    above.set_xlabel("training is this many times as dear (log scale)")
    above.set_title(
        f"{decision.task.task}: how surely people pay in money\n"
        f"people: {shown_crowd(decision.task)}"
    )
    scale = f"training {times(decision.scale)} as dear"
    _draw(middle, WAGES, arms, [arm.by_wage for arm in arms])
    middle.set_xlabel("wage (USD/h)")
    middle.set_title(f"against the wage\n{scale}")
    per_t = CARBON_PRICES * _G_PER_KG_USD_PER_T
    _draw(below, per_t, arms, [arm.by_carbon_price for arm in arms])
    below.set_xlabel("price of carbon (USD/t CO2e)")
    below.set_title(f"against the price of carbon\n{scale}")
    if all(np.isnan(arm.by_carbon_price[1:]).all() for arm in arms):
        _say(below, "unknown: the study gives no grid region")
    figure.supylabel("probability that people pay", fontsize=9.5)
    legend_below(figure, 2, above)
    return figure


def _draw(
    axes: Axes,
    values: FloatArray,
    arms: list[ArmDecision],
    curves: list[FloatArray],
) -> None:
    names = list(dict.fromkeys(arm_name(arm.finding) for arm in arms))
    colours, markers = colour_of(names), marker_of(names)
    for arm, curve in zip(arms, curves, strict=True):
        name = arm_name(arm.finding)
        axes.plot(
            values,
            curve,
            color=colours[name],
            marker=markers[name],
            markevery=max(1, len(values) // 8),
            markersize=5,
            label=name,
        )
    axes.set_ylim(-0.03, 1.03)
    axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")


def _say(axes: Axes, text: str) -> None:
    axes.annotate(
        text, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=GREY
    )
