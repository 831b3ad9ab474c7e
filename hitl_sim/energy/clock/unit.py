"""What another clock does to a unit of work, by the rule of a device profile.

With the clock at a share s of the highest, launches and arithmetic take 1/s as long and
memory as long as before:

    seconds(s) = launch / s + max(compute / s, memory)
    joules(s)  = left(s) (launch / s * launch_w + max(compute / s, memory) * active_w)
    left(s)    = static + (1 - static) s^3

with `static` the share of the power that does not follow the clock (`clock.model`, with
the voltage proportional to the clock). Only what a unit takes beside the highest clock
is told, so it goes with costs that were measured there as well.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hitl_sim.energy.clock.model import Number
from hitl_sim.energy.profile import DeviceProfile, work_costs
from hitl_sim.energy.work import WorkUnit

LOWEST_SHARE = 0.2
"""Lowest clock, beside the highest; processors go to about a fifth of it."""


class Slowed(NamedTuple):
    """A unit at another clock, beside the highest.

    Attributes:
        seconds: times as long.
        joules: times the joules, were the power that of the highest clock.
    """

    seconds: float
    joules: float


def slow_unit(work: WorkUnit, profile: DeviceProfile, share: float) -> Slowed:
    """Return what a share of the highest clock makes of a unit; see the module.

    Raises:
        ValueError: the share is not in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"`share` must be > 0 and <= 1, got {share}.")
    before, joules_before = _cost(work, profile, 1.0)
    after, joules_after = _cost(work, profile, share)
    if before == 0.0:
        return Slowed(1.0, 1.0)
    return Slowed(after / before, joules_after / joules_before)


def _cost(work: WorkUnit, profile: DeviceProfile, share: float) -> tuple[float, float]:
    constants = dict(profile.centre)
    constants["launch_s"] /= share
    constants["compute_efficiency_frac"] *= share
    seconds, joules = work_costs(work, constants)
    return float(seconds), float(joules)


def power_left(static_frac: Number, share: float) -> Number:
    """Return the power at a share of the highest clock, beside that at the highest."""
    static = np.asarray(static_frac)
    left: Number = static + (1.0 - static) * share**3
    return left


def capped_share(static_frac: float, cap_frac: float) -> float | None:
    """Return the highest clock whose power stays within a cap.

    All are shares of what they are at the highest clock, `static_frac` that of the
    power which does not follow the clock. None where even `LOWEST_SHARE` draws more.
    """
    if power_left(static_frac, LOWEST_SHARE) > cap_frac:
        return None
    free = (cap_frac - static_frac) / (1.0 - static_frac)
    return min(math.cbrt(free), 1.0)
