"""Time and energy of a job against the clock, and the clock that takes least energy.

A job has a part that counts cycles and a part that waits for memory, whose clock stays:

    T(f) = cycles / f + memory
    P(f) = static + d (f / top) V(f)^2    while computing
           static + gate d (f / top) V(f)^2    while waiting for memory

with d the dynamic power at the top clock, and the voltage V(f) = f / top, or `floor`
where that is more: below some clock it does not fall any further. `static` is the power
that ends with the job (what would be drawn anyway is left out). With V proportional to
f, and the clock stopped while waiting (gate = 0) or no waiting,

    E(f) = static (cycles / f + memory) + d cycles f^2 / top^3
    f*   = top (static / (2 d))^(1/3)

the critical clock, whatever the cycles and the waiting. A clock below it takes longer
and more energy. With a deadline D the clock must be at least cycles / (D - memory);
energy rises from f* on, so the best clock is the larger of the two, within what the
device allows.

References:
    Burd and Brodersen (1995), Energy efficient CMOS microprocessor design, HICSS,
    288-297 (dynamic power C V^2 f).
    Jejurikar, Pereira and Gupta (2004), Leakage aware dynamic voltage scaling for
    real-time embedded systems, DAC, 275-280 (the critical speed).
    Tang, Wang, Wang and Chu (2019), The impact of GPU DVFS on the energy and
    performance of deep learning, e-Energy, arXiv 1905.11012.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Number = float | npt.NDArray[np.float64]

_STEPS = 200
"""Halvings of an interval; each narrows it to 0.62, so 200 exhaust a float."""


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
        floor_frac: lowest voltage, share of that at the top clock.
        gate_frac: share of the dynamic power that is drawn while waiting for memory.

    Raises:
        ValueError: a power or clock is not positive, the clocks are out of order, or a
            share is not within 0 and 1.
    """

    bottom_hz: float
    top_hz: float
    static_w: float
    dynamic_w: float
    floor_frac: float = 0.0
    gate_frac: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no device."""
        for name in ("bottom_hz", "static_w", "dynamic_w"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"`{name}` must be > 0, got {getattr(self, name)}.")
        if not self.bottom_hz <= self.top_hz < math.inf:
            raise ValueError(
                f"`top_hz` must be >= {self.bottom_hz} Hz, got {self.top_hz}."
            )
        for name in ("floor_frac", "gate_frac"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(
                    f"`{name}` must be >= 0 and <= 1, got {getattr(self, name)}."
                )

    def power(self, clock_hz: Number) -> Number:
        """Return the power while computing, W."""
        share = np.asarray(clock_hz) / self.top_hz
        voltage = np.maximum(share, self.floor_frac)
        power: Number = self.static_w + self.dynamic_w * share * voltage**2
        return power


def job_time(job: Job, clock_hz: Number) -> Number:
    """Return T(f), s."""
    return work_time(job.cycles, job.memory_s, clock_hz)


def job_energy(job: Job, device: Clocked, clock_hz: Number) -> Number:
    """Return E(f), J."""
    return work_energy(job.cycles, job.memory_s, device, clock_hz)


def work_time(cycles: Number, memory_s: Number, clock_hz: Number) -> Number:
    """Return T(f) of one job or many, s; shapes broadcast."""
    return cycles / clock_hz + memory_s


def work_energy(
    cycles: Number, memory_s: Number, device: Clocked, clock_hz: Number
) -> Number:
    """Return E(f) of one job or many, J; shapes broadcast."""
    dynamic = device.power(clock_hz) - device.static_w
    busy = cycles / clock_hz + device.gate_frac * memory_s
    energy: Number = device.static_w * work_time(cycles, memory_s, clock_hz)
    return energy + dynamic * busy


def critical_clock(device: Clocked) -> float:
    """Return f*, the clock of least energy where waiting costs no dynamic power, Hz.

    The closed form for a voltage proportional to the clock, raised to where the voltage
    stops falling (below it only the time grows) and kept within the device's clocks.
    """
    free = device.top_hz * math.cbrt(device.static_w / (2.0 * device.dynamic_w))
    least = max(device.bottom_hz, device.floor_frac * device.top_hz)
    return min(max(free, least), device.top_hz)


def best_clock(job: Job, device: Clocked, deadline_s: float = math.inf) -> float | None:
    """Return the clock of least energy that meets a deadline, Hz.

    Args:
        job: the work.
        device: what runs it.
        deadline_s: when it must be done; > 0.

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
    free = (
        critical_clock(device)
        if device.gate_frac == 0.0 or job.memory_s == 0.0
        else _search(job, device)
    )
    needed = job.cycles / max(deadline_s - job.memory_s, job.cycles / device.top_hz)
    return min(max(free, needed), device.top_hz)


def _search(job: Job, device: Clocked) -> float:
    """Find the clock of least energy by golden section; energy falls, then rises."""
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    low, high = device.bottom_hz, device.top_hz
    for _ in range(_STEPS):
        width = golden * (high - low)
        left, right = high - width, low + width
        if job_energy(job, device, left) < job_energy(job, device, right):
            high = right
        else:
            low = left
    return 0.5 * (low + high)
