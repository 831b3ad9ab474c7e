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
and more energy. With a deadline D the clock must be at least cycles / (D - memory);
energy rises from f* on, so the best clock is the larger of the two, within what the
device allows.

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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from hitl_sim.energy.profile import DeviceProfile, work_costs
from hitl_sim.energy.quantity import Quantity
from hitl_sim.energy.work import WorkUnit

Number = float | npt.NDArray[np.float64]
_FEWEST = 3
"""Clocks without which no fit is made."""
LOWEST_SHARE = 0.2
"""Lowest clock, beside the highest; processors go to about a fifth of it."""


@dataclass(frozen=True)
class Job:
    """Work of one kind.

    Attributes:
        cycles: clock cycles that it computes; >= 0.
        memory_s: time that it waits for memory, s; >= 0.

    Raises:
        ValueError: either is negative, or both are 0.
    """

    cycles: float
    memory_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a job that is none."""
        for name in ("cycles", "memory_s"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"`{name}` must be >= 0, got {getattr(self, name)}.")
        if self.cycles + self.memory_s == 0.0:
            raise ValueError("`cycles` must be > 0 where `memory_s` is 0, got 0.")


@dataclass(frozen=True)
class Clocked:
    """A device whose clock can be chosen.

    Attributes:
        bottom_hz: lowest clock, Hz; > 0.
        top_hz: highest clock, Hz.
        static_w: power that does not depend on the clock and ends with the job, W; > 0.
        dynamic_w: dynamic power at the top clock, W; > 0.

    Raises:
        ValueError: a power or clock is not positive, or the clocks are out of order.
    """

    bottom_hz: float
    top_hz: float
    static_w: float
    dynamic_w: float

    def __post_init__(self) -> None:
        """Refuse what is no device."""
        for name in ("bottom_hz", "static_w", "dynamic_w"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` must be > 0, got {getattr(self, name)}.")
        if not self.bottom_hz <= self.top_hz < math.inf:
            raise ValueError(
                f"`top_hz` must be >= {self.bottom_hz} Hz, got {self.top_hz}."
            )

    def power(self, clock_hz: Number) -> Number:
        """Return the power while computing, W."""
        share = np.asarray(clock_hz) / self.top_hz
        power: Number = self.static_w + self.dynamic_w * share**3
        return power


@dataclass(frozen=True)
class Point:
    """A job at one setting.

    Attributes:
        level: the clock, Hz, or the power limit, W.
        seconds: how long it took, s.
        joules: what it took, J.
    """

    level: float
    seconds: float
    joules: Quantity


def job_time(job: Job, clock_hz: Number) -> Number:
    """Return T(f), s."""
    return job.cycles / clock_hz + job.memory_s


def job_energy(job: Job, device: Clocked, clock_hz: Number) -> Number:
    """Return E(f), J."""
    dynamic = device.power(clock_hz) - device.static_w
    static: Number = device.static_w * job_time(job, clock_hz)
    return static + dynamic * (job.cycles / clock_hz)


def critical_clock(device: Clocked) -> float:
    """Return f*, the clock of least energy, kept within the device's clocks, Hz."""
    free = device.top_hz * math.cbrt(device.static_w / (2.0 * device.dynamic_w))
    return min(max(free, device.bottom_hz), device.top_hz)


def best_clock(job: Job, device: Clocked, deadline_s: float = math.inf) -> float | None:
    """Return the clock of least energy that meets a deadline, Hz.

    Returns:
        The clock; None where not even the top clock is in time.

    Raises:
        ValueError: the deadline is not positive.
    """
    if not deadline_s > 0.0:
        raise ValueError(f"`deadline_s` must be > 0 s, got {deadline_s}.")
    if job_time(job, device.top_hz) > deadline_s * (1.0 + 1e-12):
        return None
    if job.cycles == 0.0:
        return device.bottom_hz
    needed = job.cycles / max(deadline_s - job.memory_s, job.cycles / device.top_hz)
    return min(max(critical_clock(device), needed), device.top_hz)


def fit_sweep(points: Sequence[Point]) -> tuple[Job, Clocked]:
    """Fit the model to a sweep of clocks.

    Times are a straight line over 1 / f, energies over T and f^2, both with terms >= 0
    (least squares of the relative errors).

    Args:
        points: at three clocks or more.

    Raises:
        ValueError: there are fewer clocks, an energy is unavailable, or the sweep does
            not show that a faster clock takes less time and more power.
    """
    clocks = np.array([point.level for point in points])
    times = np.array([point.seconds for point in points])
    if len(set(clocks.tolist())) < _FEWEST:
        raise ValueError(f"`points` must hold >= {_FEWEST} clocks, got {len(clocks)}.")
    if any(point.joules.value is None for point in points):
        raise ValueError("`points` must all have joules, got one that is unavailable.")
    joules = np.array([float(point.joules.value or 0.0) for point in points])
    (cycles, memory_s), _ = nnls(
        np.stack([1.0 / clocks, np.ones_like(clocks)], axis=1) / times[:, None],
        np.ones_like(times),
    )
    top = float(clocks.max())
    busy = (clocks / top) ** 3 * cycles / clocks
    (static_w, dynamic_w), _ = nnls(
        np.stack([times, busy], axis=1) / joules[:, None], np.ones_like(joules)
    )
    if not min(cycles, static_w, dynamic_w) > 0.0:
        raise ValueError(
            "`points` must show less time and more power at faster "
            f"clocks, got {cycles} cycles, {static_w} W static and "
            f"{dynamic_w} W dynamic."
        )
    device = Clocked(float(clocks.min()), top, float(static_w), float(dynamic_w))
    return Job(float(cycles), float(memory_s)), device


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
