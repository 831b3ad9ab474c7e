"""Unit prices written out in the prices that a reader may move.

What one of everything costs is linear in each price by itself (a wage, a tariff, a
PUE), whatever the others are. So it is a sum of products of prices, and the ledger
itself, asked at two values of each, gives all coefficients: its arithmetic is written
down nowhere a second time.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hitl_sim.array import FloatArray
from hitl_sim.cost.boundary import BOUNDARIES, Boundary
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.engine import LABELS, SECONDS, Pricing, price_table
from hitl_sim.cost.ledger import MEASURES, Measure
from hitl_sim.cost.price import LABEL_COSTS, LabelCost
from hitl_sim.cost.scenario import Scenarios
from hitl_sim.energy import Scope, UnitCost

NODES: Mapping[str, tuple[float, float]] = {
    "wage_usd_per_h": (0.0, 1.0),
    "overhead_frac": (0.0, 1.0),
    "electricity_usd_per_kwh": (0.0, 1.0),
    "device_usd_per_h": (0.0, 1.0),
    "pue": (1.0, 2.0),
    "grid_kgco2e_per_kwh": (0.0, 1.0),
    "label_price_usd": (0.0, 1.0),
}
"""Prices that may be moved, and the values at which the ledger is asked."""
ASKED = ("second", "joule", *SECONDS, LABELS)
"""What is priced: a second and a joule of the device at work; a second that it waits,
that people are paid for, and of the requester; a label of the pool."""
_ROUNDING = 1e-12
"""Of the largest coefficient of one amount; what is below it is none."""

Term = tuple[int, float]
"""Which prices are multiplied, as bits in the order of `NODES`, and the coefficient."""


@dataclass(frozen=True)
class Expansion:
    """What one of everything costs on one device, under one boundary and label cost.

    Attributes:
        terms: by measure and name among `ASKED`; None where the cost is not known.
    """

    terms: Mapping[Measure, Mapping[str, tuple[Term, ...] | None]]

    def at(self, prices: Mapping[str, float], measure: Measure, name: str) -> float:
        """Return what one costs at some prices; NaN where that is not known."""
        terms = self.terms[measure][name]
        if terms is None:
            return float("nan")
        given = [prices[field] for field in NODES]
        return float(
            sum(
                coefficient
                * float(np.prod([p for bit, p in enumerate(given) if mask >> bit & 1]))
                for mask, coefficient in terms
            )
        )


def expand(
    pricings: Sequence[Pricing],
) -> dict[tuple[int, Boundary, LabelCost], Expansion]:
    """Write unit prices out, for every device, boundary and cost of labels.

    Args:
        pricings: of one study, one per device.

    Returns:
        One expansion per place among the devices, boundary and label cost.
    """
    one = exactly(1.0, "s", "one second", Scope.DEVICE_TIME)
    alone = []
    for pricing in pricings:
        joule = replace(
            exactly(1.0, "J", "one joule", pricing.device.idle_power.scope),
            of=pricing.device.idle_power.of,
        )
        costs = {
            "second": UnitCost(one, joule.scaled(0.0)),
            "joule": UnitCost(one.scaled(0.0), joule),
        }
        alone.append(replace(pricing, device=replace(pricing.device, costs=costs)))
    corners = np.array(list(itertools.product(*NODES.values())))
    choices = list(
        itertools.product(
            range(len(alone)), range(len(BOUNDARIES)), range(len(LABEL_COSTS))
        )
    )
    places = np.repeat(np.array(choices, np.int64), len(corners), axis=0)
    columns = np.tile(corners, (len(choices), 1)).T
    scenarios = Scenarios(
        dict(zip(NODES, columns, strict=True)),
        boundary=places[:, 1],
        label_cost=places[:, 2],
        device=places[:, 0],
    )
    table = price_table(alone, scenarios)
    found: dict[Any, dict[Measure, dict[str, tuple[Term, ...] | None]]] = {}
    for measure in MEASURES:
        whole = table.whole(measure).reshape(len(ASKED), len(choices), len(corners))
        for row, name in enumerate(ASKED):
            for place, (device, boundary, cost) in enumerate(choices):
                key = device, BOUNDARIES[boundary], LABEL_COSTS[cost]
                terms = _terms(whole[row, place])
                found.setdefault(key, {}).setdefault(measure, {})[name] = terms
    return {key: Expansion(terms) for key, terms in found.items()}


def _terms(values: FloatArray) -> tuple[Term, ...] | None:
    """Return the coefficients of a function that is linear in each price by itself.

    Args:
        values: `[2 ** K]` at every corner, the last price changing first.
    """
    if np.isnan(values).any():
        return None
    cube = values.reshape((2,) * len(NODES))
    for axis, (low, high) in enumerate(NODES.values()):
        first, second = np.take(cube, 0, axis), np.take(cube, 1, axis)
        slope = (second - first) / (high - low)
        cube = np.stack([first - slope * low, slope], axis)
    least = _ROUNDING * float(np.abs(cube).max())
    return tuple(
        (sum(bit << place for place, bit in enumerate(corner)), float(value))
        for corner, value in np.ndenumerate(cube)
        if abs(value) > least
    )
