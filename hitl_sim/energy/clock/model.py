"""Time and energy of a job against the clock, and the clock that takes least energy.

A job has a part that counts cycles and a part that waits for memory, whose clock stays:

    T(f) = cycles / f + memory
    P(f) = static + d (f / top)^3    while computing
           static                    while waiting for memory, the clock stopped

with d the dynamic power at the top clock, and the voltage proportional to the clock.
`static` is the power that ends with the job (what would be drawn anyway is left out).
So

    E(f) = static (cycles / f + memory) + d cycles f^2 / top^3
    f*   = top (static / (2 d))^(1/3)

the critical clock, whatever the cycles and the waiting. A clock below it takes longer
and more energy. `clock.share` says it of a device of which only shares are known.

A unit of work of which a device profile says more takes, with the clock at a share s of
the highest, launches and arithmetic 1/s as long and memory as long as before:

    seconds(s) = launch / s + max(compute / s, memory)
    joules(s)  = left(s) (launch / s * launch_w + max(compute / s, memory) * active_w)
    left(s)    = static + (1 - static) s^3

with `static` the share of the power that does not follow the clock. Only what a unit
takes beside the highest clock is told, so it goes with costs that were measured there
as well.

References:
    Burd and Brodersen (1995), Energy efficient CMOS microprocessor design, HICSS,
    288-297 (dynamic power C V^2 f).
    Jejurikar, Pereira and Gupta (2004), Leakage aware dynamic voltage scaling for
    real-time embedded systems, DAC, 275-280 (the critical speed).
    Tang, Wang, Wang and Chu (2019), The impact of GPU DVFS on the energy and
    performance of deep learning, e-Energy, arXiv 1905.11012.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.energy.profile import DeviceProfile, work_costs
from hitl_sim.energy.work import WorkUnit

Number = float | npt.NDArray[np.float64]
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
    """Return what a share of the highest clock makes of a unit of work.

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
