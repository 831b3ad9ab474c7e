"""The lines of the bill that are about people: their time, its energy, their labels."""

import numpy as np

from hitl_sim.cost.bill import HumanBill
from hitl_sim.cost.charge import (
    electricity_cost,
    human_carbon,
    human_energy,
    labour_cost,
)
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.line import Line
from hitl_sim.cost.price import Rates
from hitl_sim.energy.error import Values
from hitl_sim.energy.quantity import Scope, unavailable

_SUNK = "label_standing sunk: these labels are there anyway"
_NO_LABELS = "no labels were used"
_SOLD = "whoever sold the labels does not say how long they took"


def people_lines(human: HumanBill, rates: Rates) -> list[Line]:
    """Bill paid and requester time, and what that time burns in the boundary."""
    lines = [
        Line(name, "people", "protocol", seconds, usd=labour_cost(seconds, rates))
        for name, seconds in (
            ("human_time", human.paid_s),
            ("requester_time", human.requester_s),
        )
    ]
    seconds = human.paid_s + human.requester_s
    joules = human_energy(seconds, rates)
    if rates.boundary == "workstation":
        usd = electricity_cost(joules, rates)
    else:
        source = f"boundary {rates.boundary}: no electricity of a workstation is bought"
        usd = exactly(0.0, "USD", source, Scope.MONEY)
    carbon = human_carbon(seconds, rates)
    energy = Line(
        "human_energy", "people", "protocol", joules=joules, usd=usd, kgco2e=carbon
    )
    return [*lines, energy]


def pool_label_line(human: HumanBill, rates: Rates) -> Line:
    """Bill the labels that the learner used, as `label_standing` says."""
    name, count = "pool_labels", human.num_pool_labels
    if rates.label_standing == "sunk":
        return _free_labels(name, _SUNK, rates)
    if rates.label_standing == "bought_same_price" or not np.any(count):
        return label_line(name, count, human, rates)
    labels = exactly(count, "1", "labels that the learner used", Scope.MONEY)
    seconds = unavailable("s", Scope.HUMAN_TIME, _SOLD)
    return Line(
        name=name,
        group="labels",
        standing="protocol",
        seconds=seconds,
        joules=human_energy(seconds, rates),
        usd=labels.times(rates.label, unit="USD"),
        kgco2e=human_carbon(seconds, rates),
    )


def label_line(name: str, count: Values, human: HumanBill, rates: Rates) -> Line:
    """Bill labels at the crew's own time, wage and boundary."""
    if not np.any(count):
        return _free_labels(name, _NO_LABELS, rates)
    seconds = human.label_s.scaled(count)
    return Line(
        name=name,
        group="labels",
        standing="protocol",
        seconds=seconds,
        joules=human_energy(seconds, rates),
        usd=labour_cost(seconds, rates),
        kgco2e=human_carbon(seconds, rates),
    )


def _free_labels(name: str, source: str, rates: Rates) -> Line:
    scope = rates.human_energy.scope
    return Line(
        name=name,
        group="labels",
        standing="protocol",
        seconds=exactly(0.0, "s", source, Scope.HUMAN_TIME),
        joules=exactly(0.0, "J", source, scope),
        usd=exactly(0.0, "USD", source, Scope.MONEY),
        kgco2e=exactly(0.0, "kgCO2e", source, scope),
    )
