"""Boards of known power on a clock that only we move: the truth to test meters by.

`measure_coverage` says how often a 95 % interval holds it.
"""

import itertools
import threading
from bisect import bisect_right
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import simpy

from hitl_sim.energy.meters.backend import Check, Stop
from hitl_sim.energy.meters.meter import Meter
from hitl_sim.energy.meters.nvml import NvmlBackend
from hitl_sim.energy.meters.sensor import TO_95, meter_constants
from hitl_sim.energy.quantity import Quantity
from hitl_sim.unit import J_PER_MILLIJOULE, S_PER_NS


class VirtualTime:
    """A clock, a sleep and background work, all in time that passes at once."""

    def __init__(self) -> None:
        """Start at zero."""
        self._world = simpy.Environment()

    @property
    def now_s(self) -> float:
        """Return the time, s."""
        return self.clock() * S_PER_NS

    def clock(self) -> int:
        """Return the time, ns."""
        return int(self._world.now)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and do the background work that falls due."""
        end = self.clock() + round(seconds / S_PER_NS)
        while self._world.peek() <= end:
            self._world.step()
        if end > self.clock():
            self._world.run(end)

    def every(self, tick: Callable[[], object], pause_s: Callable[[], float]) -> Stop:
        """Call `tick` after each pause, as `thread_every` does."""
        is_over = threading.Event()

        def work() -> Generator[simpy.Event]:
            while True:
                yield self._world.timeout(round(pause_s() / S_PER_NS))
                if is_over.is_set():
                    return
                tick()

        self._world.process(work())
        return is_over.set


@dataclass(frozen=True)
class Waveform:
    """Power that is constant between steps.

    Attributes:
        times_s: `[T]` when each power begins, s; the first is 0.
        watts: `[T]` the powers, W; the last one stays.
    """

    times_s: Sequence[float]
    watts: Sequence[float]

    @cached_property
    def _before_j(self) -> tuple[float, ...]:
        """Add up the energy before each step."""
        spans = (b - a for a, b in itertools.pairwise(self.times_s))
        parts = (span * watts for span, watts in zip(spans, self.watts, strict=False))
        return tuple(itertools.accumulate(parts, initial=0.0))

    def power(self, at_s: float) -> float:
        """Return the power at a moment, W."""
        return self.watts[self._step(at_s)]

    def energy(self, at_s: float) -> float:
        """Return the energy from time 0 to a moment, J."""
        step = self._step(at_s)
        return self._before_j[step] + (at_s - self.times_s[step]) * self.watts[step]

    def _step(self, at_s: float) -> int:
        return max(0, bisect_right(self.times_s, at_s) - 1)


@dataclass
class SimulatedBoard:
    """A board with a counter and a power reading, and nothing wrong with it.

    Attributes:
        waveform: its true power.
        gain: what its sensor shows, as a part of the truth.
        counter_s: how often the counter refreshes, s.
        power_s: how often the power reading refreshes, s.
        phase_s: when both last refreshed before time 0, s.
        name: its model.
    """

    waveform: Waveform
    gain: float = 1.0
    counter_s: float = 0.1
    power_s: float = 0.1
    phase_s: float = 0.0
    name: str = "Simulated board"

    def counter_j(self, at_s: float) -> float:
        """Return what the counter shows, J."""
        return self.gain * self.waveform.energy(self.refreshed(at_s, self.counter_s))

    def power_w(self, at_s: float) -> float:
        """Return what the power reading shows, W."""
        return self.gain * self.waveform.power(self.refreshed(at_s, self.power_s))

    def refreshed(self, at_s: float, period_s: float) -> float:
        """Return when a reading with some period was last refreshed, s; >= 0."""
        if period_s == 0:
            return at_s
        return max(0.0, (at_s + self.phase_s) // period_s * period_s - self.phase_s)


class SimulatedDriver:
    """The part of `pynvml` that the NVML backend cannot do without."""

    def __init__(self, boards: Sequence[SimulatedBoard], time: VirtualTime) -> None:
        """Hold boards on a clock."""
        self.boards = list(boards)
        self.time = time
        names: dict[str, Callable[..., Any]] = {
            "nvmlInit": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.boards),
            "nvmlDeviceGetHandleByIndex": lambda index: self.boards[index],
            "nvmlDeviceGetName": lambda board: board.name,
            "nvmlDeviceGetTotalEnergyConsumption": self.counter_mj,
            "nvmlDeviceGetFieldValues": self.fields,
        }
        self.__dict__.update(names)

    def counter_mj(self, board: SimulatedBoard) -> int:
        """Return the energy counter, mJ."""
        return int(board.counter_j(self.time.now_s) / J_PER_MILLIJOULE)

    def fields(
        self, board: SimulatedBoard, fields: Sequence[tuple[int, int]]
    ) -> list[Any]:
        """Return the power of this instant, mW, whatever is asked for."""
        milliwatts = int(board.power_w(self.time.now_s) / J_PER_MILLIJOULE)
        value = SimpleNamespace(uiVal=milliwatts)
        return [SimpleNamespace(nvmlReturn=0, value=value) for _ in fields]


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
    held = []
    for _ in range(num_windows):
        (check,), truth = _one_window(dice, spread / TO_95)
        views = (_holds(view, truth) for view in (check.counter, check.sampled))
        held.append([*views, check.label == "suspect"])
    counter, sampled, suspect = np.mean(held, axis=0).tolist()
    return Coverage(num_windows, counter, sampled, suspect)


def _one_window(
    dice: np.random.Generator, gain_sd: float
) -> tuple[tuple[Check, ...], float]:
    """Measure one window and return its checks and its true energy, J."""
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
    return window.reading.checks, truth


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
