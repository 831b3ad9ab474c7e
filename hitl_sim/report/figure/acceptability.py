"""How surely people pay, against the scale of training, the wage and carbon's price."""

import numpy as np
from matplotlib.figure import Figure

from hitl_sim.analysis.condition.finding import reference_arms, reference_crowd
from hitl_sim.analysis.decision.decide import CARBON_PRICES, SCALES, WAGES, Decision
from hitl_sim.report.figure.style import (
    GREY,
    legend_below,
    looks_of,
    new_figure,
    points,
    power_of_ten,
)
from hitl_sim.report.number import times

_DECADE = 10.0
_G_PER_KG_USD_PER_T = 1e3


def draw_acceptability(decision: Decision) -> Figure | None:
    """Draw the probability that people pay in money, for one crowd per arm.

    Returns:
        Three panels; None where no arm asks people or money is unknown.
    """
    shown = {f.condition for f in reference_arms(decision.task) if f.has_people}
    arms = [a for a in decision.arms if a.finding.condition in shown]
    if not arms or all(np.isnan(arm.by_scale["usd"]).all() for arm in arms):
        return None
    figure = new_figure(9.0)
    above, middle, below = panels = figure.subplots(3, 1)
    looks = looks_of(arm.finding.name for arm in arms)
    for axes, values, curves in (
        (above, SCALES, [arm.by_scale["usd"] for arm in arms]),
        (middle, WAGES, [arm.by_wage for arm in arms]),
        (
            below,
            CARBON_PRICES * _G_PER_KG_USD_PER_T,
            [arm.by_carbon_price for arm in arms],
        ),
    ):
        for arm, curve in zip(arms, curves, strict=True):
            axes.plot(
                values,
                curve,
                markevery=max(1, len(values) // 8),
                markersize=5,
                label=arm.finding.name,
                **looks[arm.finding.name],
            )
        axes.set_ylim(-0.03, 1.03)
        axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    above.set_xscale("log")
    above.xaxis.set_major_formatter(power_of_ten)
    above.axvspan(_DECADE, SCALES[-1], color=GREY, alpha=0.08, linewidth=0)
    above.annotate(
        "hypothetical: more than a decade\ndearer than what was run",
        (0.11, 0.9),
        xycoords="axes fraction",
        va="top",
        fontsize=points(8.5),
        color=GREY,
    )
    if all(np.isnan(arm.by_carbon_price[1:]).all() for arm in arms):
        below.annotate(
            "unknown: the study gives no grid region",
            (0.5, 0.5),
            xycoords="axes fraction",
            ha="center",
            va="center",
            color=GREY,
        )
    scale = f"training {times(decision.scale)} as dear"
    people = f"people: {reference_crowd(decision.task)}"
    for axes, label, title in zip(
        panels,
        (
            "training is this many times as dear (log scale)",
            "wage (USD/h)",
            "price of carbon (USD/t CO2e)",
        ),
        (
            f"{decision.task.task}: how surely people pay in money\n{people}",
            f"against the wage\n{scale}",
            f"against the price of carbon\n{scale}",
        ),
        strict=True,
    ):
        axes.set(xlabel=label, title=title)
    figure.supylabel("probability that people pay", fontsize=points(9.5))
    legend_below(figure, 2, above)
    return figure
