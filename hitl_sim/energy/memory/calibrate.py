"""One factor between modelled and measured joules of a device.

A technology's constants leave out what a device draws besides. Where units of work were
measured on a device, one factor for all of them is fitted on the log scale:

    ln factor = mean over units of ln(measured / modelled)

Its interval is where the ratio of a further unit is expected to lie, from the spread of
the ratios that were seen (Student's t) and the errors of their measurements. One or two
units tell no spread: then it holds the ratios that were seen, and those errors. Shares
of operations and levels stay as the model has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.quantity import Kind, Quantity, Scope

_TOO_FEW = 2
"""Units of which no spread is told."""


@dataclass(frozen=True)
class Calibration:
    """Measured joules per modelled joule of one device.

    Attributes:
        factor: the factor, with its interval.
        scope: what the measurement covers.
        of: the device.
        num_units: units of work that it rests on.
    """

    factor: Quantity
    scope: Scope
    of: str
    num_units: int

    def apply(self, modelled: Quantity) -> Quantity:
        """Return a modelled energy as the device would have shown it."""
        scaled = modelled.times(self.factor, unit=modelled.unit, scope=self.scope)
        value, interval = scaled.value, scaled.interval
        return Quantity(
            value,
            scaled.unit,
            Kind.MODELLED_CALIBRATED,
            self.scope,
            interval,
            scaled.source,
            of=self.of,
        )


def calibrate(
    modelled: Mapping[str, Quantity], profile: DeviceProfile
) -> Calibration | None:
    """Fit the factor on the units whose joules were measured on a device.

    Args:
        modelled: J by name of the unit of work.
        profile: the device.

    Returns:
        The calibration; None where the profile holds no measured joules of any unit,
        so that what was modelled stays modelled.
    """
    ratios, errors = [], []
    for name, unit in profile.unit.items():
        if unit.joules is None or name not in modelled:
            continue
        joules = modelled[name].value
        if joules is None or not float(joules) > 0.0:
            continue
        value, low, high = unit.joules.ends
        ratios.append(math.log(value / float(joules)))
        errors.append((math.log(low / value), math.log(high / value)))
    if not ratios:
        return None
    centre = float(np.mean(ratios))
    low, high = _reach(ratios, errors)
    factor = Quantity(
        math.exp(centre),
        "1",
        Kind.MODELLED_CALIBRATED,
        Scope.CONSTANT,
        (math.exp(centre + low), math.exp(centre + high)),
        f"{len(ratios)} units measured on {profile.label}",
    )
    return Calibration(factor, Scope(profile.scope), profile.name, len(ratios))


def _reach(
    ratios: list[float], errors: list[tuple[float, float]]
) -> tuple[float, float]:
    """Return how far a further unit may lie below and above, on the log scale."""
    num, centre = len(ratios), float(np.mean(ratios))
    below = max(-low for low, _ in errors)
    above = max(high for _, high in errors)
    if num <= _TOO_FEW:
        return min(ratios) - centre - below, max(ratios) - centre + above
    spread = float(np.std(ratios, ddof=1)) * math.sqrt(1.0 + 1.0 / num)
    half = stdtrit(num - 1, 0.975) * spread
    return -math.hypot(half, below), math.hypot(half, above)
