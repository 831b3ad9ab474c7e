"""How sure a reading is, and which part of that no longer window can improve."""

from __future__ import annotations

import math

from hitl_sim.energy.error import Error
from hitl_sim.energy.quantity import Quantity

_GAIN = ": gain"


def gain_error(label: str, joules: float) -> Error:
    """Return the error that all readings of one sensor share."""
    return Error(f"{label}{_GAIN}", -joules, joules)


def is_gain(error: Error) -> bool:
    """Return whether an error is one that all readings of a sensor share."""
    return error.source.endswith(_GAIN)


def relative_half_width(quantity: Quantity) -> float:
    """Return half the interval over the value; infinite when nothing is known."""
    if not quantity.is_known or quantity.interval is None or not quantity.value:
        return math.inf
    low, high = quantity.interval
    return float((high - low) / 2 / quantity.value)


def sensor_half_width(quantity: Quantity) -> float:
    """Return the part of the relative half-width that no longer window reduces."""
    if not quantity.is_known or quantity.errors is None or not quantity.value:
        return math.inf
    gains = [float(e.high) for e in quantity.errors if is_gain(e)]
    return math.hypot(*gains) / float(quantity.value)
