"""Joules of a sensor with their errors, and which of these no longer window mends."""

from __future__ import annotations

import math

from hitl_sim.energy.error import Error, additive_interval, merge_errors
from hitl_sim.energy.quantity import Kind, Quantity, Scope

TO_95 = 1.96
"""Standard deviations of a normal error on each side of a 95 % interval."""

_GAIN = ": gain"


def measured_energy(
    joules: float,
    kind: Kind,
    scope: Scope,
    of: str,
    label: str,
    gain_frac: float,
    others: tuple[Error, ...],
) -> Quantity:
    """Return what a sensor showed, with its errors added in quadrature.

    Args:
        joules: what it showed, J; > 0.
        kind: how it was measured.
        scope: what it covers.
        of: its device.
        label: name of the sensor, whose gain is one source of error for all readings.
        gain_frac: 95 % half-width of that gain, relative.
        others: errors of this reading alone.
    """
    gain = gain_frac * joules
    errors = merge_errors((Error(f"{label}{_GAIN}", -gain, gain), *others))
    low, high = additive_interval(joules, errors)
    return Quantity(
        joules,
        "J",
        kind,
        scope,
        (max(0.0, float(low)), high),
        label,
        of=of,
        errors=errors,
    )


def within(source: str, joules: float, half: float) -> Error:
    """Return an error of equal sides that takes no more than all of some joules."""
    return Error(source, -min(half, joules), half)


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
