"""A number with both of its uncertainties, kept apart."""

import math
from dataclasses import dataclass

import numpy as np

from hitl_sim.energy import Quantity, Scope, unavailable


@dataclass(frozen=True)
class Estimate:
    """What a study found, with chance and constants apart.

    Attributes:
        quantity: the number with unit, kind and source; its interval is what constants
            of devices and prices leave open. Unavailable where the number is unknown or
            infinite.
        low: lower end of the 95 % Monte-Carlo interval over replicates.
        high: upper end; `inf` where runs cannot bound it.
        is_infinite: whether the number is infinite (nobody reached the target, or
            nothing is saved), which is known and so differs from unavailable.
    """

    quantity: Quantity
    low: float
    high: float
    is_infinite: bool = False

    @property
    def value(self) -> float:
        """Return the number; `inf` where it is infinite, NaN where it is unknown."""
        if self.is_infinite:
            return math.inf
        if self.quantity.value is None or not self.quantity.is_known:
            return math.nan
        return float(self.quantity.value)

    @property
    def unit(self) -> str:
        """Return the unit."""
        return self.quantity.unit

    def holds(self, value: float) -> bool:
        """Return whether a number is in the Monte-Carlo interval."""
        return self.low <= value <= self.high

    @property
    def is_known(self) -> bool:
        """Return whether the number is known, infinite included."""
        return self.is_infinite or self.quantity.is_known


def number(quantity: Quantity | None) -> float:
    """Return the one number of a quantity; NaN where it is unknown or not there."""
    if quantity is None or quantity.value is None:
        return math.nan
    return float(np.asarray(quantity.value))


def ends_of(quantity: Quantity) -> tuple[float, float]:
    """Return what constants leave of a quantity; any number where nothing is known."""
    if not quantity.is_known or quantity.interval is None:
        return -math.inf, math.inf
    low, high = quantity.interval
    return float(low), float(high)


def infinite(unit: str, scope: Scope, reason: str, low: float) -> Estimate:
    """Make the estimate that is infinite for a known reason, above a lower bound."""
    return Estimate(unavailable(unit, scope, reason), low, math.inf, is_infinite=True)


def unknown(quantity: Quantity) -> Estimate:
    """Make the estimate of which nothing is known; the quantity says why."""
    return Estimate(quantity, -math.inf, math.inf)
