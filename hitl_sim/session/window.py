"""Windows of work: what each took by the clock, the processor and the counters.

Windows may be shorter than the period of a counter, so none is read by itself: what the
counters moved by is added up by unit of work, and only the sum is made a number, with
the error that the edges of so many windows leave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hitl_sim.energy.meters.outputs import wait_on
from hitl_sim.purpose import INSTRUMENT, PROTOCOL
from hitl_sim.session.error import SessionError
from hitl_sim.unit import S_PER_NS

Tree = TypeVar("Tree")

WAIT = "wait"
PHASES = ("pretrain", "train", "choose", "score", "embed", "evaluate", WAIT)
"""Phases of work; waiting for people is no work and is billed as waiting."""
PURPOSES = (PROTOCOL, INSTRUMENT)


@dataclass
class Tally:
    """What all windows of one unit of work took.

    Attributes:
        unit: its name.
        phase: one of `PHASES`.
        purpose: "protocol", or "instrument" where only the experimenter needs it.
        is_first_use: whether these are first windows of the unit in a run, in which
            programs are compiled and caches filled: kept apart, and billed to nobody
            where there are any others.
        windows: how many.
        items: units of work done in them.
        seconds: elapsed time, s.
        cpu_s: processor time of this process, s.
        joules: what each counter moved by, by device, J.
        squares: sums over windows of seconds x seconds, seconds x items and items x
            items, from which the error of the seconds per item follows.
    """

    unit: str
    phase: str
    purpose: str
    is_first_use: bool
    windows: int = 0
    items: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    joules: dict[str, float] = field(default_factory=dict)
    squares: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def add(
        self, items: int, seconds: float, cpu_s: float, joules: Mapping[str, float]
    ) -> None:
        """Add one window."""
        self.windows += 1
        self.items += items
        self.seconds += seconds
        self.cpu_s += cpu_s
        for of, one in joules.items():
            self.joules[of] = self.joules.get(of, 0.0) + one
        tt, tn, nn = self.squares
        more = seconds * seconds, seconds * items, float(items) * items
        self.squares = tt + more[0], tn + more[1], nn + more[2]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, but for the counters."""
        return {
            "unit": self.unit,
            "phase": self.phase,
            "purpose": self.purpose,
            "is_first_use": self.is_first_use,
            "windows": self.windows,
            "items": self.items,
            "seconds": self.seconds,
            "cpu_s": self.cpu_s,
            "squares": list(self.squares),
        }


class Window:
    """One open stretch of work, as a context."""

    __slots__ = ("_begin", "_clock", "_close", "_open", "_read", "_start")

    def __init__(
        self,
        read: Callable[[], Mapping[str, float]],
        clock: Callable[[], int],
        open_: Callable[[], None],
        close: Callable[[tuple[float, float, Mapping[str, float]] | None], None],
    ) -> None:
        """Take how counters and the clock, ns, are read, and what is told at both ends.

        At its end these are seconds, processor seconds and J by device; None where an
        error ended it.
        """
        self._read, self._clock = read, clock
        self._open, self._close = open_, close
        self._begin = (0, 0)
        self._start: Mapping[str, float] = {}

    def wait(self, outputs: Tree) -> Tree:
        """Wait until outputs are really computed, and return them.

        Programs on an accelerator return before they finish: a window that does not
        wait measures how long it takes to ask for them.

        Args:
            outputs: arrays of JAX, tensors of PyTorch, or lists, tuples, mappings and
                dataclasses of them; anything else is there already.
        """
        return wait_on(outputs)

    def __enter__(self) -> Window:
        """Open the window."""
        self._open()
        self._start = self._read()
        self._begin = self._clock(), time.process_time_ns()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Close it, and count what was done unless an error is on its way."""
        end = self._clock(), time.process_time_ns()
        if kind is not None:
            self._close(None)
            return
        seconds, cpu_s = (
            (last - first) * S_PER_NS
            for first, last in zip(self._begin, end, strict=True)
        )
        start = self._start
        moved = {of: j - start[of] for of, j in self._read().items() if of in start}
        self._close((seconds, cpu_s, moved))


def check_work(phase: str, items: int, purpose: str) -> None:
    """Refuse work that cannot be counted.

    Raises:
        SessionError: names the argument of `Arm.work`.
    """
    for name, value, allowed in (
        ("phase", phase, PHASES),
        ("purpose", purpose, PURPOSES),
    ):
        if value not in allowed:
            known = ", ".join(map(repr, allowed))
            raise SessionError(f"`{name}` must be one of {known}, got {value!r}.")
    if isinstance(items, bool) or not int(items) == items or items < 1:
        raise SessionError(f"`items` must be a whole number >= 1, got {items!r}.")
