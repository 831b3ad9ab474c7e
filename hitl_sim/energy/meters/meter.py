"""Windows: joules and seconds of a stretch of a program."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from hitl_sim.energy.meters.backend import Backend, Capability, Clock, Sleep, Snapshot
from hitl_sim.energy.meters.nvml import NvmlBackend
from hitl_sim.energy.meters.rapl import RaplBackend
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact, unavailable
from hitl_sim.unit import S_PER_NS

Tree = TypeVar("Tree")


@dataclass(frozen=True)
class Reading:
    """What a window took; the energies stand in one order, one per device.

    Attributes:
        name: name of the window.
        phase: compile, train, choose, score, evaluate, idle or waiting.
        seconds: elapsed time, s.
        gross: energy of each device, J; a device that could not be read is unavailable.
        idle: what each would have used without work, J; unavailable if its idle power
            is not known.
        marginal: gross minus idle, J.
    """

    name: str
    phase: str
    seconds: Quantity
    gross: tuple[Quantity, ...]
    idle: tuple[Quantity, ...]
    marginal: tuple[Quantity, ...]


class Window:
    """An open stretch; it holds its reading once it is closed."""

    def __init__(self, name: str, phase: str) -> None:
        """Name the stretch."""
        self.name = name
        self.phase = phase
        self._reading: Reading | None = None

    def wait_on(self, outputs: Tree) -> Tree:
        """Wait until arrays are really computed, and return them.

        Programs on an accelerator return before they finish; a window that does not
        wait on its outputs misses their energy.
        """
        jax = sys.modules.get("jax")
        if jax is not None:
            jax.block_until_ready(outputs)
            jax.effects_barrier()
        return outputs

    @property
    def reading(self) -> Reading:
        """Return what the window took.

        Raises:
            RuntimeError: the window is still open.
        """
        if self._reading is None:
            raise RuntimeError(f"`window` '{self.name}' must be closed to be read.")
        return self._reading

    @property
    def joules(self) -> list[Quantity]:
        """Return the gross energy of each device, J."""
        return list(self.reading.gross)

    @property
    def seconds(self) -> Quantity:
        """Return the elapsed time, s."""
        return self.reading.seconds

    def _close(self, reading: Reading) -> None:
        self._reading = reading


@dataclass
class Meter:
    """Measures windows with some backends; windows may lie inside one another.

    Attributes:
        backends: sources of joules; default the counters that this machine may have.
            One that cannot measure gives unavailable energy with its reason, not 0.
        idle_w: idle power by device, W; see `measure_idle`.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.
    """

    backends: Sequence[Backend] = field(
        default_factory=lambda: (NvmlBackend(), RaplBackend())
    )
    idle_w: Mapping[str, Quantity] = field(default_factory=dict)
    clock: Clock = time.monotonic_ns
    sleep: Sleep = time.sleep

    @contextmanager
    def window(self, name: str, *, phase: str) -> Iterator[Window]:
        """Measure what runs inside a `with` block, also if it ends in an error.

        Args:
            name: what to call it.
            phase: compile, train, choose, score, evaluate, idle or waiting.
        """
        window = Window(name, phase)
        starts = [backend.read() for backend in self.backends]
        begin = self.clock()
        try:
            yield window
        finally:
            finish = self.clock()
            ends = [backend.read() for backend in self.backends]
            window._close(self._reading(window, finish - begin, starts, ends))

    def measure_idle(self, duration_s: float) -> dict[str, Quantity]:
        """Wait without work, and keep and return each device's idle power, W.

        Args:
            duration_s: how long to wait, s; > 0. Ten seconds give a counter that moves
                every 0.1 s an error of about 1 %.

        Raises:
            ValueError: the duration is not positive.
        """
        if not duration_s > 0:
            raise ValueError(f"`duration_s` must be > 0 s, got {duration_s}.")
        with self.window("idle", phase="idle") as window:
            self.sleep(duration_s)
        self.idle_w = {
            energy.of: energy.over(window.seconds, unit="W")
            for energy in window.joules
            if energy.is_known
        }
        return dict(self.idle_w)

    def _reading(
        self,
        window: Window,
        elapsed_ns: int,
        starts: Sequence[Snapshot],
        ends: Sequence[Snapshot],
    ) -> Reading:
        seconds = exact(
            elapsed_ns * S_PER_NS,
            "s",
            Kind.MEASURED_COUNTER,
            Scope.ELAPSED_TIME,
            "monotonic clock",
        )
        gross = tuple(
            energy
            for backend, start, end in zip(self.backends, starts, ends, strict=True)
            for energy in backend.delta(start, end)
        )
        idle = tuple(self._idle(energy, seconds) for energy in gross)
        return Reading(
            window.name,
            window.phase,
            seconds,
            gross,
            idle,
            tuple(_marginal(*pair) for pair in zip(gross, idle, strict=True)),
        )

    def _idle(self, gross: Quantity, seconds: Quantity) -> Quantity:
        power = self.idle_w.get(gross.of)
        if power is None:
            reason = "idle power was not measured"
            return unavailable("J", gross.scope, reason, of=gross.of)
        return power.times(seconds, unit="J")


def _marginal(gross: Quantity, idle: Quantity) -> Quantity:
    return gross - idle if gross.is_known else gross


def probe_meters(backends: Sequence[Backend] | None = None) -> list[Capability]:
    """Say what can be measured on this machine, and why the rest cannot.

    Args:
        backends: sources to ask; default all counters that the package knows.
    """
    asked = (NvmlBackend(), RaplBackend()) if backends is None else backends
    return [capability for backend in asked for capability in backend.probe()]
