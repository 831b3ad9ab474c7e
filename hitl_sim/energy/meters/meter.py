"""Windows: joules and seconds of a stretch of a program.

Of devices that others use too nothing is attributed unless a share is declared.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from hitl_sim.energy.meters.backend import (
    Backend,
    Check,
    Checked,
    Clock,
    Shared,
    Sleep,
    Snapshot,
    WindowAware,
)
from hitl_sim.energy.meters.choose import default_backends
from hitl_sim.energy.meters.outputs import wait_on
from hitl_sim.energy.meters.repeat import Goal, Repeated, lengthen
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact, unavailable
from hitl_sim.unit import S_PER_NS

Tree = TypeVar("Tree")

Shares = Mapping[str, float | Quantity]
"""Declared shares of devices' energy, by path; see `checked_shares`."""

PHASES = (
    "compile",
    "embed",
    "pretrain",
    "train",
    "choose",
    "score",
    "evaluate",
    "idle",
    "waiting",
    "command",
)
"""Phases of a window; `waiting` is for people, `command` is a whole other program."""


@dataclass(frozen=True)
class Reading:
    """What a window took; the energies stand in one order, one per device.

    Attributes:
        name: name of the window.
        phase: one of `PHASES`.
        seconds: elapsed time, s.
        gross: energy of each device, J; a device that could not be read is unavailable.
        idle: what each would have used without work, J; unavailable if its idle power
            is not known.
        marginal: gross minus idle, J.
        checks: what the backends know of these energies beyond their numbers.
    """

    name: str
    phase: str
    seconds: Quantity
    gross: tuple[Quantity, ...]
    idle: tuple[Quantity, ...]
    marginal: tuple[Quantity, ...]
    checks: tuple[Check, ...] = ()


class Window:
    """An open stretch; it holds its reading once it is closed."""

    def __init__(self, name: str, phase: str) -> None:
        """Name the stretch.

        Raises:
            ValueError: the phase does not exist.
        """
        if phase not in PHASES:
            names = ", ".join(map(repr, PHASES))
            raise ValueError(f"`phase` must be one of {names}, got {phase!r}.")
        self.name = name
        self.phase = phase
        self._reading: Reading | None = None
        self._read_now: Callable[[], Reading] | None = None

    def wait_on(self, outputs: Tree) -> Tree:
        """Wait until outputs are really computed, and return them.

        Programs on an accelerator return before they finish; a window that does not
        wait on its outputs misses their energy.
        """
        return wait_on(outputs)

    def so_far(self) -> Reading:
        """Return what the window took until now, or in all once it is closed."""
        if self._reading is None and self._read_now is not None:
            return self._read_now()
        return self.reading

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


@dataclass
class Meter:
    """Measures windows with some backends; windows may lie inside one another.

    Attributes:
        backends: sources of joules; default those of `default_backends`.
            One that cannot measure gives unavailable energy with its reason, not 0.
        idle_w: idle power by device, W; see `measure_idle`.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.
        share: this program's share of a device's energy, by the device's path or one
            above it (`host` for all). The energy of a device that others are seen to
            use is unavailable unless its share is declared here.

    Raises:
        ValueError: a share is not in (0, 1].
    """

    backends: Sequence[Backend] = field(default_factory=default_backends)
    idle_w: Mapping[str, Quantity] = field(default_factory=dict)
    clock: Clock = time.monotonic_ns
    sleep: Sleep = time.sleep
    share: Shares = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shares."""
        self._shares = checked_shares(self.share)

    @contextmanager
    def window(self, name: str, *, phase: str) -> Iterator[Window]:
        """Measure what runs inside a `with` block, also if it ends in an error.

        Raises:
            ValueError: the phase is none of `PHASES`.
        """
        window = Window(name, phase)
        with ExitStack() as opened:
            for backend in self.backends:
                if isinstance(backend, WindowAware):
                    opened.enter_context(backend.while_open)
            starts = [backend.read() for backend in self.backends]
            begin = self.clock()
            window._read_now = lambda: self._read(window, begin, starts)
            try:
                yield window
            finally:
                window._reading = window._read_now()

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

    def repeat(
        self,
        work: Callable[[], object],
        *,
        name: str,
        phase: str,
        max_relative_error: float = 0.05,
        max_repeats: int = 1_000,
        max_s: float = 60.0,
        has_failed: Callable[[], bool] = bool,
    ) -> Repeated:
        """Call some work again and again until its energy is known well enough.

        The calls lie in one window, so the error of the counter's pace falls with their
        number. The error of the sensor itself does not: where it is above the target
        already, calls end when all other errors are within it, and the result says so.

        Args:
            work: what to measure; its outputs are waited for.
            name: name of the window.
            phase: one of `PHASES`.
            max_relative_error: see `Goal`.
            max_repeats: see `Goal`.
            max_s: see `Goal`.
            has_failed: asked after each call; the calls end when it returns true.

        Raises:
            ValueError: a number is out of range.
        """
        goal = Goal(max_relative_error, max_repeats, max_s)
        with self.window(name, phase=phase) as window:
            num, stopped = lengthen(
                lambda: window.wait_on(work()), window.so_far, goal, has_failed
            )
        found, part = window.reading, 1.0 / num
        return Repeated(
            found,
            num,
            tuple(energy.scaled(part) for energy in found.gross),
            tuple(energy.scaled(part) for energy in found.marginal),
            found.seconds.scaled(part),
            stopped,
        )

    def _read(
        self, window: Window, begin_ns: int, starts: Sequence[Snapshot]
    ) -> Reading:
        elapsed_ns = self.clock() - begin_ns
        ends = [backend.read() for backend in self.backends]
        seconds = exact(
            elapsed_ns * S_PER_NS,
            "s",
            Kind.MEASURED_COUNTER,
            Scope.ELAPSED_TIME,
            "monotonic clock",
        )
        gross: list[Quantity] = []
        checks: list[Check] = []
        for backend, start, end in zip(self.backends, starts, ends, strict=True):
            sharers: Mapping[str, str] = {}
            if isinstance(backend, Shared):
                sharers = backend.sharers(start, end)
            energies = backend.delta(start, end)
            gross.extend(attribute(one, sharers, self._shares) for one in energies)
            if isinstance(backend, Checked):
                checks.extend(backend.checks(start, end))
        idle = tuple(self._idle(energy, seconds) for energy in gross)
        return Reading(
            window.name,
            window.phase,
            seconds,
            tuple(gross),
            idle,
            tuple(
                whole - rest if whole.is_known else whole
                for whole, rest in zip(gross, idle, strict=True)
            ),
            tuple(checks),
        )

    def _idle(self, gross: Quantity, seconds: Quantity) -> Quantity:
        power = self.idle_w.get(gross.of)
        if power is None:
            reason = "idle power was not measured"
            return unavailable("J", gross.scope, reason, of=gross.of)
        return power.times(seconds, unit="J")


def checked_shares(shares: Shares) -> dict[str, Quantity]:
    """Return declared shares as quantities.

    Args:
        shares: by device path, the fraction of its energy that is this program's; 1 for
            a device that is known to be used by nothing else. A number is assumed to
            be exact; a quantity brings its own interval.

    Raises:
        ValueError: a share is not in (0, 1].
    """
    result = {}
    for of, share in shares.items():
        value = share.value if isinstance(share, Quantity) else share
        if not isinstance(value, float | int) or not 0 < value <= 1:
            raise ValueError(f"`share` of {of} must be in (0, 1], got {value}.")
        result[of] = (
            share
            if isinstance(share, Quantity)
            else exact(
                share, "1", Kind.ASSUMED, Scope.CONSTANT, f"declared share of {of}"
            )
        )
    return result


def attribute(
    energy: Quantity, sharers: Mapping[str, str], shares: Mapping[str, Quantity]
) -> Quantity:
    """Return what is this program's of the energy of a whole device.

    Args:
        energy: of the device.
        sharers: who else uses a device, in words, where somebody does.
        shares: declared shares, by the device's path or one above it.

    Returns:
        The energy times the declared share; without one, as it is where nobody else
        uses the device, and unavailable otherwise.
    """
    place = energy.of
    while place and place not in shares:
        place = place.rpartition("/")[0]
    share = shares.get(place)
    if share is not None:
        is_whole = share.value == 1.0 and share.interval in (None, (1.0, 1.0))
        return energy if is_whole else energy.times(share, unit=energy.unit)
    who = sharers.get(energy.of)
    if who is None or energy.value is None:
        return energy
    reason = f"the device is shared ({who}): declare this program's share of it"
    return unavailable(energy.unit, energy.scope, reason, of=energy.of)
