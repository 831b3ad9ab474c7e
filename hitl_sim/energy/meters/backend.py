"""The interface of a source of joules; other vendors' counters come in through it.

A backend is any object with a `name` and the three methods of `Backend`. It opens
nothing when it is made, so that importing and building meters starts no driver.

1. `probe` reads twice and says what it saw, one `Capability` per device. A device that
   cannot be read is listed too, with the reason and its remedy.
2. `read` returns a `Snapshot` of all counters with the times around the reading. It
   never raises for a device that fails: that device stands in `reasons`.
3. `delta` turns two snapshots into one `Quantity` per device. For the interval, use
   `counter_energy` or `sampled_energy` of a `Sensor`. What cannot be known is
   `unavailable`, never 0.

`of` names a device as a path, `host/gpu0` or `host/package-0/dram`: two quantities
whose scopes lie inside one another at the same path are never added.

A backend may also offer any of four abilities, which are found by their names:
`WindowAware` works only while a window is open (a sampling thread, a reader that keeps
up with a counter that wraps), `Checked` compares two views of one device, `Shared`
says who else uses a device, and `Quick` reads its counters and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from hitl_sim.energy.meters.processor_time import CpuTime
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.unit import S_PER_NS

if TYPE_CHECKING:
    from hitl_sim.energy.meters.power import PowerTotal

Clock = Callable[[], int]
Sleep = Callable[[float], None]

Label = Literal["agree", "suspect", "one view", "reset", "still", "mirrored", "gap"]


@dataclass(frozen=True)
class Capability:
    """What a backend can measure here, or why it cannot.

    Attributes:
        backend: name of the backend, such as `nvml` or `rapl`.
        is_available: whether two readings of it made sense.
        device: which device, as a path such as `host/gpu0`; empty when none was found.
        scope: what a reading covers.
        kind: how strong its readings are.
        update_period_s: time between two different readings as seen or as documented,
            s; `None` when nothing could be read.
        reason: why it is not available, with the remedy; empty when it is.
        note: what to know of it when it is.
        relative_error: 95 % half-width relative to a reading, from the sensor alone;
            `None` when nothing could be read or nothing is known of it.
    """

    backend: str
    is_available: bool
    device: str
    scope: Scope
    kind: Kind
    update_period_s: float | None = None
    reason: str = ""
    note: str = ""
    relative_error: float | None = None

    @classmethod
    def absent(cls, backend: str, of: str, scope: Scope, reason: str) -> Capability:
        """Say why a device, or all of a backend, cannot be read."""
        return cls(backend, False, of, scope, Kind.UNAVAILABLE, reason=reason)


@dataclass(frozen=True)
class Snapshot:
    """One reading of all counters of a backend.

    Attributes:
        before_ns: monotonic clock before reading, ns.
        after_ns: monotonic clock after it, ns.
        joules: counter by device, J; each counts from its own unknown start.
        reasons: why a device could not be read.
        power: samples of power so far by device, where the backend takes any.
        cpu: processor time so far, where the backend reads it.
        wall_s: seconds since 1970-01-01 UTC, where the backend reads them.
    """

    before_ns: int
    after_ns: int
    joules: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    power: Mapping[str, PowerTotal] = field(default_factory=dict)
    cpu: CpuTime | None = None
    wall_s: float = 0.0

    @property
    def reading_s(self) -> float:
        """Return how long the reading took, s."""
        return (self.after_ns - self.before_ns) * S_PER_NS

    def since(self, start: Snapshot) -> float:
        """Return the time from an earlier reading to this one, s."""
        return (self.before_ns - start.before_ns) * S_PER_NS


@dataclass(frozen=True)
class Check:
    """What a backend knows of a reading beyond its joules.

    Attributes:
        of: device.
        label: `agree` or `suspect` for two views of one device; `one view` when there
            is no second; `reset` for a counter that started again inside the window;
            `still` for one that stood still or was not refreshed in it;
            `mirrored` for a zone that repeats another one; `gap` for power that was not
            sampled for long.
        note: the same in words, with numbers.
        counter: energy by the counter, J, where there is one.
        sampled: energy by integrated power, J, where there is one.
    """

    of: str
    label: Label
    note: str
    counter: Quantity | None = None
    sampled: Quantity | None = None


class Backend(Protocol):
    """A source of joules. Making one opens nothing; reading does."""

    name: str

    def probe(self) -> list[Capability]:
        """Read twice and say what can be measured, or why not."""
        ...

    def read(self) -> Snapshot:
        """Read all counters once."""
        ...

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy between two readings, one quantity per device."""
        ...


@runtime_checkable
class WindowAware(Protocol):
    """A backend that works in the background, only while windows are open."""

    while_open: WhileOpen


@runtime_checkable
class Checked(Protocol):
    """A backend that has a second view of what it measures."""

    def checks(self, start: Snapshot, end: Snapshot) -> list[Check]:
        """Compare the views between two readings."""
        ...


@runtime_checkable
class Shared(Protocol):
    """A backend that can tell when others use its devices."""

    def sharers(self, start: Snapshot, end: Snapshot) -> Mapping[str, str]:
        """Return who else used a device between two readings, in words."""
        ...


@runtime_checkable
class Quick(Protocol):
    """A backend whose counters can be read at once, many times a second."""

    def read_counters(self) -> Snapshot:
        """Read all counters once, and nothing beside them."""
        ...


Stop = Callable[[], None]
Every = Callable[[Callable[[], object], Callable[[], float]], Stop]
"""Calls a function again and again, after pauses of some seconds, until stopped."""


def thread_every(tick: Callable[[], object], pause_s: Callable[[], float]) -> Stop:
    """Call `tick` on a daemon thread after each pause, s; it must not raise.

    Returns:
        A function that ends the thread and waits for it.
    """
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(pause_s()):
            tick()

    thread = threading.Thread(target=work, name="hitl_sim meter", daemon=True)
    thread.start()

    def stop() -> None:
        is_over.set()
        thread.join()

    return stop


class WhileOpen:
    """Background work of a backend, as a context of each window.

    Attributes:
        lock: held while the work begins; for the backend's own use as well.
    """

    def __init__(self, begin: Callable[[], Stop | None]) -> None:
        """Take what the first window begins, and what that returns to end it."""
        self.lock = threading.RLock()
        self._begin = begin
        self._num_open = 0
        self._stop: Stop | None = None

    def __enter__(self) -> None:
        """Count one more window; with the first, begin the work."""
        with self.lock:
            self._num_open += 1
            if self._num_open == 1:
                self._stop = self._begin()

    def __exit__(self, *_: object) -> None:
        """Count one window less; with the last, end the work and wait for its end."""
        with self.lock:
            self._num_open -= 1
            stop = None
            if self._num_open == 0:
                stop, self._stop = self._stop, None
        if stop is not None:
            stop()
