"""A board of known power on a clock that only we move: the truth to test meters by."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hitl_sim.energy.meters.boards import MODULE_SCOPE, POWER_INSTANT_FIELD
from hitl_sim.energy.meters.ticker import Stop
from hitl_sim.unit import J_PER_MILLIJOULE, S_PER_NS

_NS_PER_S = 1e9
_NOT_SUPPORTED = 3


class VirtualTime:
    """A clock, a sleep and background work, all in time that passes at once."""

    def __init__(self) -> None:
        """Start at zero."""
        self.now_ns = 0
        self._order = itertools.count()
        self._due: list[tuple[int, int, Callable[[], None]]] = []

    @property
    def now_s(self) -> float:
        """Return the time, s."""
        return self.now_ns * S_PER_NS

    def clock(self) -> int:
        """Return the time, ns."""
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        """Let time pass, and do the background work that falls due."""
        end = self.now_ns + round(seconds * _NS_PER_S)
        while self._due and self._due[0][0] <= end:
            at, _, work = heapq.heappop(self._due)
            self.now_ns = max(self.now_ns, at)
            work()
        self.now_ns = end

    def every(self, tick: Callable[[], None], pause_s: Callable[[], float]) -> Stop:
        """Call `tick` after each pause, as `thread_every` does."""
        is_over = False

        def plan() -> None:
            at = self.now_ns + round(pause_s() * _NS_PER_S)
            heapq.heappush(self._due, (at, next(self._order), work))

        def work() -> None:
            if not is_over:
                tick()
                plan()

        def stop() -> None:
            nonlocal is_over
            is_over = True

        plan()
        return stop


@dataclass(frozen=True)
class Waveform:
    """Power that is constant between steps.

    Attributes:
        times_s: `[T]` when each power begins, s; the first is 0.
        watts: `[T]` the powers, W; the last one stays.
    """

    times_s: Sequence[float]
    watts: Sequence[float]

    def __post_init__(self) -> None:
        """Add up the energy before each step."""
        spans = (b - a for a, b in itertools.pairwise(self.times_s))
        parts = (span * watts for span, watts in zip(spans, self.watts, strict=False))
        before = tuple(itertools.accumulate(parts, initial=0.0))
        object.__setattr__(self, "_before_j", before)

    def power(self, at_s: float) -> float:
        """Return the power at a moment, W."""
        return self.watts[self._step(at_s)]

    def energy(self, at_s: float) -> float:
        """Return the energy from time 0 to a moment, J."""
        step = self._step(at_s)
        before: tuple[float, ...] = self._before_j  # type: ignore[attr-defined]
        return before[step] + (at_s - self.times_s[step]) * self.watts[step]

    def _step(self, at_s: float) -> int:
        return max(0, bisect_right(self.times_s, at_s) - 1)


@dataclass
class SimulatedBoard:
    """A board, and what is wrong with it.

    Attributes:
        waveform: its true power.
        gain: what its sensor shows, as a part of the truth.
        counter_s: how often the counter refreshes, s.
        power_s: how often the power reading refreshes, s.
        phase_s: when both last refreshed before time 0, s.
        has_counter: whether there is a counter.
        has_power: whether power can be read.
        lost_s: when it falls off the bus, s.
        reset_s: when its counter starts again from 0, s.
        mig_mode: 1 when it is cut in slices.
        virtualization: the driver's number of it; 2 for a guest's virtual GPU.
        uuid: its UUID.
        name: its model.
        pids: programs that run on it.
        seen_frac: last part of each refresh period that its sensor looks at.
        module_w: power of the rest of its module, W, which its counter holds too.
        has_module_power: whether the module's power can be read.
    """

    waveform: Waveform
    gain: float = 1.0
    counter_s: float = 0.1
    power_s: float = 0.1
    phase_s: float = 0.0
    has_counter: bool = True
    has_power: bool = True
    lost_s: float = float("inf")
    reset_s: float = float("inf")
    mig_mode: int = 0
    virtualization: int = 0
    uuid: str = "GPU-00000000-0000-0000-0000-000000000000"
    name: str = "Simulated board"
    pids: Sequence[int] = field(default_factory=tuple)
    seen_frac: float = 1.0
    module_w: float = 0.0
    has_module_power: bool = True

    def counter_j(self, at_s: float) -> float:
        """Return what the counter shows, J."""
        shown = self._energy(self._refreshed(at_s, self.counter_s))
        if at_s >= self.reset_s:
            shown -= self._energy(self.reset_s)
        return max(0.0, shown)

    def power_w(self, at_s: float) -> float:
        """Return what the power reading shows, W."""
        refreshed = self._refreshed(at_s, self.power_s)
        if self.seen_frac < 1.0:
            return self.gain * self._seen_w(refreshed, self.power_s)
        return self.gain * self.waveform.power(max(0.0, refreshed))

    def _energy(self, at_s: float) -> float:
        """Return the energy up to a refresh as the sensor takes it, J."""
        at_s = max(0.0, at_s)
        joules = self.waveform.energy(at_s)
        if self.seen_frac < 1.0:
            num = int((at_s + self.phase_s) / self.counter_s + 0.5)
            ends = (i * self.counter_s - self.phase_s for i in range(1, num + 1))
            watts = (self._seen_w(end, self.counter_s) for end in ends)
            joules = self.counter_s * sum(watts)
        return self.gain * (joules + self.module_w * at_s)

    def _seen_w(self, end_s: float, period_s: float) -> float:
        """Return the mean power over the part of a period that is looked at, W."""
        seen_s = self.seen_frac * period_s
        first, last = (max(0.0, at) for at in (end_s - seen_s, end_s))
        return (self.waveform.energy(last) - self.waveform.energy(first)) / seen_s

    def _refreshed(self, at_s: float, period_s: float) -> float:
        if period_s == 0:
            return at_s
        return (at_s + self.phase_s) // period_s * period_s - self.phase_s


class SimulatedDriverError(Exception):
    """What the simulated driver raises."""


class SimulatedDriver:
    """The part of `pynvml` that the NVML backend asks, over simulated boards."""

    def __init__(self, boards: Sequence[SimulatedBoard], time: VirtualTime) -> None:
        """Hold boards on a clock."""
        self.boards = list(boards)
        self.time = time
        names: dict[str, Callable[..., Any]] = {
            "nvmlInit": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.boards),
            "nvmlDeviceGetHandleByIndex": lambda index: self.boards[index],
            "nvmlDeviceGetName": lambda board: board.name,
            "nvmlDeviceGetUUID": lambda board: board.uuid,
            "nvmlDeviceGetMigMode": lambda board: [board.mig_mode, board.mig_mode],
            "nvmlDeviceGetVirtualizationMode": lambda board: board.virtualization,
            "nvmlDeviceGetComputeRunningProcesses": lambda board: [
                SimpleNamespace(pid=pid) for pid in board.pids
            ],
            "nvmlDeviceGetTotalEnergyConsumption": self._counter_mj,
            "nvmlDeviceGetPowerUsage": self._power_mw,
            "nvmlDeviceGetFieldValues": self._fields,
        }
        self.__dict__.update(names)

    def _counter_mj(self, board: SimulatedBoard) -> int:
        self._refuse(board, board.has_counter)
        return int(board.counter_j(self.time.now_s) / J_PER_MILLIJOULE)

    def _power_mw(self, board: SimulatedBoard) -> int:
        self._refuse(board, board.has_power)
        return int(board.power_w(self.time.now_s) / J_PER_MILLIJOULE)

    def _fields(
        self, board: SimulatedBoard, fields: Sequence[tuple[int, int]]
    ) -> list[Any]:
        ((number, scope),) = fields
        if number != POWER_INSTANT_FIELD:
            return [SimpleNamespace(nvmlReturn=_NOT_SUPPORTED, value=None)]
        milliwatts = self._power_mw(board)
        if scope == MODULE_SCOPE:
            self._refuse(board, board.has_module_power)
            milliwatts += int(board.gain * board.module_w / J_PER_MILLIJOULE)
        value = SimpleNamespace(uiVal=milliwatts)
        return [SimpleNamespace(nvmlReturn=0, value=value)]

    def _refuse(self, board: SimulatedBoard, is_there: bool) -> None:
        if self.time.now_s >= board.lost_s:
            raise SimulatedDriverError("GPU is lost")
        if not is_there:
            raise SimulatedDriverError("Not Supported")
