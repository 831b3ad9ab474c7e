"""How often a 95 % interval holds the truth, over windows whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitl_sim.energy.meters.constant import meter_constants
from hitl_sim.energy.meters.meter import Meter, Reading
from hitl_sim.energy.meters.nvml import NvmlBackend
from hitl_sim.energy.meters.sensor import TO_95
from hitl_sim.energy.meters.simulated import (
    SimulatedBoard,
    SimulatedDriver,
    VirtualTime,
    Waveform,
)
from hitl_sim.energy.quantity import Quantity

NUM_WINDOWS = 2_000


@dataclass(frozen=True)
class Coverage:
    """Share of windows whose interval holds the truth.

    Attributes:
        num_windows: windows.
        counter: share for the energy counter.
        sampled: share for the integrated power.
        suspect: share in which the two were said to disagree.
    """

    num_windows: int
    counter: float
    sampled: float
    suspect: float


def measure_coverage(
    num_windows: int = NUM_WINDOWS,
    seed: int = 0,
    *,
    gain_frac: float | None = None,
) -> Coverage:
    """Measure windows on simulated boards through the NVML backend.

    Each window gets a board of its own: idle at 40 to 120 W, then from the window's
    start a load of 100 to 600 W that changes after 0.02 to 2 s, again and again; a
    counter and a power reading that refresh at the shipped pace in some phase; a gain
    drawn from a normal distribution with the shipped 95 % half-width; a window of 0.3
    to 10 s.

    Args:
        num_windows: how many; >= 1.
        seed: seed of all draws.
        gain_frac: 95 % half-width of the boards' gain; default as shipped; less
            than that must cover more than 95 %.
    """
    dice = np.random.default_rng(seed)
    spread = meter_constants().nvml.relative_error if gain_frac is None else gain_frac
    held = np.zeros((num_windows, 3), dtype=bool)
    for number in range(num_windows):
        reading, truth = _one_window(dice, spread / TO_95)
        (check,) = reading.checks
        held[number] = (
            _holds(check.counter, truth),
            _holds(check.sampled, truth),
            check.label == "suspect",
        )
    counter, sampled, suspect = held.mean(axis=0).tolist()
    return Coverage(num_windows, counter, sampled, suspect)


def _one_window(dice: np.random.Generator, gain_sd: float) -> tuple[Reading, float]:
    """Measure one window and return its reading and its true energy, J."""
    start_s = float(dice.uniform(1.0, 1.5))
    length_s = float(np.exp(dice.uniform(np.log(0.3), np.log(10.0))))
    period_s = meter_constants().nvml.update_period_s
    time = VirtualTime()
    board = SimulatedBoard(
        _load(dice, start_s, length_s),
        gain=1.0 + gain_sd * float(dice.standard_normal()),
        counter_s=period_s,
        power_s=period_s,
        phase_s=float(dice.uniform(0.0, period_s)),
    )
    backend = NvmlBackend(
        SimulatedDriver([board], time),
        time.clock,
        time.sleep,
        environ={},
        every=time.every,
    )
    time.sleep(start_s)
    meter = Meter([backend], clock=time.clock, sleep=time.sleep)
    with meter.window("work", phase="train") as window:
        time.sleep(length_s)
    load = board.waveform
    truth = load.energy(start_s + length_s) - load.energy(start_s)
    return window.reading, truth


def _load(dice: np.random.Generator, start_s: float, length_s: float) -> Waveform:
    """Return idle power, then a load from the window's start."""
    times, watts = [0.0], [float(dice.uniform(40.0, 120.0))]
    at, pace = start_s, sorted(np.log([0.02, 2.0]))
    while at < start_s + length_s:
        times.append(at)
        watts.append(float(dice.uniform(100.0, 600.0)))
        at += float(np.exp(dice.uniform(*pace)))
    return Waveform(times, watts)


def _holds(energy: Quantity | None, truth: float) -> bool:
    if energy is None or energy.interval is None:
        return False
    low, high = energy.interval
    return bool(low <= truth <= high)
