"""NVIDIA boards through the driver: the energy counter, and power beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from hitl_sim.energy.meters.backend import (
    Capability,
    Check,
    Clock,
    Every,
    Sleep,
    Snapshot,
    Stop,
    WhileOpen,
    thread_every,
)
from hitl_sim.energy.meters.boards import (
    COUNTER_HELP,
    Board,
    Found,
    find_boards,
    other_programs,
    read_joules,
    read_power_w,
    why,
)
from hitl_sim.energy.meters.counter import PROBE_LIMIT_S, Watch, watch_counter
from hitl_sim.energy.meters.power import (
    PowerTotal,
    check_sensor,
    checked_energy,
    first_sample,
)
from hitl_sim.energy.meters.sensor import Sensor, duty_of, meter_constants
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.part import meter

_ALL = "host/gpu"


@meter(version=1)
def nvml() -> NvmlBackend:
    """NVIDIA boards through the driver: the energy counter, and power beside it."""
    return NvmlBackend()


@dataclass
class NvmlBackend:
    """Board energy of the NVIDIA GPUs that this program sees.

    Boards are numbered as the driver does, `host/gpu0` onwards, which need not be the
    order that a program sees; `CUDA_VISIBLE_DEVICES` is read as CUDA does. While a
    window is open, power is sampled in the background too, at random times: its
    integral is compared with the counter, and stands in for it where a board has no
    counter or the counter starts again.

    Attributes:
        driver: the `pynvml` module or one like it; imported when first needed if None.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.
        environ: environment of the program; default this process's.
        every: does background work.
        sample_s: mean time between samples of power, s.
    """

    driver: Any = None
    clock: Clock = time.monotonic_ns
    sleep: Sleep = time.sleep
    name: str = "nvml"
    environ: Mapping[str, str] | None = None
    every: Every = thread_every
    sample_s: float = 0.05

    def __post_init__(self) -> None:
        """Start with no boards; the driver is opened by the first reading."""
        self._averaged: dict[str, bool] = {}
        self._power: dict[str, PowerTotal] = {}
        self._watches: dict[str, Watch] = {}
        self._others: dict[str, str] = {}
        self.while_open = WhileOpen(self._begin)

    def probe(self) -> list[Capability]:
        """Read each board's counter until it moves, and say what was seen."""
        found = self._found
        absent = [
            Capability.absent(self.name, board.of, board.scope, board.hidden)
            for board in found.hidden
        ]
        if not found.boards and not absent:
            return [Capability.absent(self.name, _ALL, Scope.BOARD, found.reason)]
        return [self._probe_board(board) for board in found.boards] + absent

    def read(self) -> Snapshot:
        """Read all counters and the power; a board that fails gives a reason."""
        found = self._found
        reasons = {} if found.boards else {_ALL: found.reason}
        joules: dict[str, float] = {}
        with self.while_open.lock:
            before = self.clock()
            for board in found.boards:
                try:
                    joules[board.of] = read_joules(board)
                except Exception as error:
                    reasons[board.of] = why(error)
                self._sample(board, joules.get(board.of))
            after = self.clock()
            return Snapshot(before, after, joules, reasons, dict(self._power))

    def read_counters(self) -> Snapshot:
        """Read all counters; a board that fails gives a reason."""
        joules: dict[str, float] = {}
        reasons: dict[str, str] = {}
        with self.while_open.lock:
            before = self.clock()
            for board in self._found.boards:
                try:
                    joules[board.of] = read_joules(board)
                except Exception as error:
                    reasons[board.of] = why(error)
            return Snapshot(before, self.clock(), joules, reasons)

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy of each board between two readings.

        By the counter; where the sampled power disagrees with it, the interval holds
        both. Without a counter that can be trusted, by the sampled power.
        """
        found = self._found
        if not found.boards:
            return [unavailable("J", Scope.BOARD, found.reason, of=_ALL)]
        reasons = {**start.reasons, **end.reasons}
        return [
            checked_energy(
                self._check(board, start, end),
                board.scope,
                reasons.get(board.of, COUNTER_HELP),
            )
            for board in found.boards
        ]

    def checks(self, start: Snapshot, end: Snapshot) -> list[Check]:
        """Compare counter and sampled power of each board between two readings."""
        return [self._check(board, start, end) for board in self._found.boards]

    def sharers(self, start: Snapshot, end: Snapshot) -> Mapping[str, str]:
        """Return what else used each board, seen when windows open and close."""
        seen = {}
        for board in self._found.boards:
            now = other_programs(board)
            seen[board.of] = board.limits or now or self._others.get(board.of, "")
        return {of: who for of, who in seen.items() if who}

    def _begin(self) -> Stop | None:
        """Sample power in the background from now on."""
        boards = self._found.boards
        if not boards:
            return None
        self._power.clear()
        self._watches.clear()
        self._others = {b.of: other_programs(b) for b in boards}
        dice = random.Random(0)
        return self.every(self.read, lambda: self.sample_s * (0.5 + dice.random()))

    @cached_property
    def _found(self) -> Found:
        return find_boards(self.driver, self.environ)

    def _sample(self, board: Board, joules: float | None) -> None:
        """Add one sample of a board's power, if it tells any, and see its counter."""
        if joules is not None:
            period_s = meter_constants().nvml.update_period_s
            watch = self._watches.setdefault(board.of, Watch(period_s))
            watch.add(joules, self.clock())
        watts, self._averaged[board.of] = read_power_w(board)
        if watts is None:
            self._power.pop(board.of, None)
            return
        now, known = self.clock(), self._power.get(board.of)
        period_s = meter_constants().nvml_power.update_period_s
        self._power[board.of] = (
            first_sample(now, watts)
            if known is None
            else known.then(now, watts, period_s)
        )

    def _check(self, board: Board, start: Snapshot, end: Snapshot) -> Check:
        constants = meter_constants()
        is_averaged = self._averaged.get(board.of, False)
        sensor = Sensor(
            board.of,
            board.scope,
            self.name,
            constants.nvml,
            constants.nvml_power,
            constants.nvml_check.averaging_s if is_averaged else 0.0,
            duty_of(board.name),
        )
        watch = self._watches.get(board.of)
        flaw = watch.flaw(start.after_ns, end.after_ns) if watch else ""
        return check_sensor(sensor, start, end, flaw)

    def _probe_board(self, board: Board) -> Capability:
        accuracy, kind = meter_constants().nvml, Kind.MEASURED_COUNTER
        notes, lack = [_describe(board)], ""
        if board.limits:
            notes.append(f"{board.limits}; declare a share to attribute it")
        try:
            pace_s = watch_counter(
                partial(read_joules, board),
                accuracy.update_period_s,
                clock=self.clock,
                sleep=self.sleep,
            )
            if pace_s is None:
                lack = reason = f"its energy counter stood still for {PROBE_LIMIT_S} s"
        except Exception as error:
            lack, reason = "no energy counter", why(error)
        if lack:
            # by its power, if it tells any
            watts, is_averaged = read_power_w(board)
            if watts is None:
                return Capability.absent(self.name, board.of, board.scope, reason)
            how = "average" if is_averaged else "instantaneous"
            notes = [_describe(board), f"{lack}, so {how} power is sampled"]
            accuracy, kind = meter_constants().nvml_power, Kind.MEASURED_SAMPLED
            pace_s = accuracy.update_period_s
        return Capability(
            self.name,
            True,
            board.of,
            board.scope,
            kind,
            pace_s,
            note="; ".join(notes),
            relative_error=accuracy.relative_error,
        )


def _describe(board: Board) -> str:
    """Name a board, and say what its sensor leaves out or holds beside it."""
    parts, duty = [board.name], duty_of(board.name)
    if duty is not None:
        part = f"{100 * duty.seen_frac:.0f} % of each {duty.period_s} s"
        parts.append(f"its sensor looks at {part}")
    if board.scope is Scope.MODULE:
        parts.append("its counter holds the whole module, with processor and memory")
    return "; ".join(parts)
