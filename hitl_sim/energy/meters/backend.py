"""What a source of joules offers, and how a counter's difference becomes a number."""

from __future__ import annotations

import functools
import importlib.resources
import math
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from hitl_sim.energy.error import Error, additive_interval, merge_errors
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.unit import S_PER_NS

Clock = Callable[[], int]
Sleep = Callable[[float], None]

PROBE_LIMIT_S = 0.5
"""How long a probe waits for a counter to move; every known counter moves sooner."""

_TO_95 = 1.96


@dataclass(frozen=True)
class Capability:
    """What a backend can measure here, or why it cannot.

    Attributes:
        backend: `nvml`, `rapl` or `analytic`.
        is_available: whether two readings of it made sense.
        device: which device, as a path such as `host/gpu0`; empty when none was found.
        scope: what a reading covers.
        kind: how strong its readings are.
        update_period_s: time between two different readings as seen or as documented,
            s; `None` when nothing could be read.
        reason: why it is not available, with the remedy; empty when it is.
        note: what to know of it when it is.
    """

    backend: str
    is_available: bool
    device: str
    scope: Scope
    kind: Kind
    update_period_s: float | None = None
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One reading of all counters of a backend.

    Attributes:
        before_ns: monotonic clock before reading, ns.
        after_ns: monotonic clock after it, ns.
        joules: counter by device, J; each counts from its own unknown start.
        reasons: why a device could not be read.
    """

    before_ns: int
    after_ns: int
    joules: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


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


class Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How good a counter is.

    Attributes:
        relative_error: 95 % half-width relative to the reading.
        update_period_s: time between refreshes of the counter, s.
        source: where both come from.
    """

    relative_error: float
    update_period_s: float
    source: str


class Plausible(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Power above which a reading is not believed.

    Attributes:
        max_w: the limit, W.
        source: where it comes from.
    """

    max_w: float
    source: str


class RaplConstants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Constants of the processor counters, by what they cover."""

    package: Accuracy
    dram: Accuracy
    node: Accuracy
    plausible: Plausible


class MeterConstants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Constants of all meters."""

    nvml: Accuracy
    rapl: RaplConstants


@functools.cache
def meter_constants() -> MeterConstants:
    """Return the shipped constants of the meters."""
    file = importlib.resources.files("hitl_sim.energy") / "data" / "meters.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return msgspec.convert(data, MeterConstants)


def counter_energy(
    joules: float,
    start: Snapshot,
    end: Snapshot,
    *,
    scope: Scope,
    of: str,
    backend: str,
    accuracy: Accuracy,
) -> Quantity:
    """Turn a counter's difference into joules with an interval.

    Two independent errors: the sensor's gain, which all windows of the device share,
    and the unknown age of the first and last refresh, each uniform over one update
    period and a reading's duration, so that P·T/sqrt(6) is its standard deviation for
    mean power P; the latter is the window's own.

    Args:
        joules: difference of the readings, J; >= 0.
        start: reading at the beginning.
        end: reading at the end.
        scope: what the counter covers.
        of: its device.
        backend: which backend read it.
        accuracy: the counter's error and pace.
    """
    elapsed_s = (end.before_ns - start.before_ns) * S_PER_NS
    reading_s = max(
        (snapshot.after_ns - snapshot.before_ns) * S_PER_NS for snapshot in (start, end)
    )
    power_w = joules / elapsed_s if elapsed_s > 0 else 0.0
    period_s = accuracy.update_period_s + reading_s
    timing = _TO_95 * power_w * period_s / math.sqrt(6.0)
    timing_low = min(timing, joules)
    gain = accuracy.relative_error * joules
    label = f"{backend} counter of {of}"
    errors = merge_errors(
        (
            Error(f"{label}: gain", -gain, gain),
            Error(f"{label}: window at {start.before_ns} ns", -timing_low, timing),
        )
    )
    low, high = additive_interval(joules, errors)
    return Quantity(
        joules,
        "J",
        Kind.MEASURED_COUNTER,
        scope,
        (max(0.0, float(low)), high),
        label,
        of=of,
        errors=errors,
    )


def watch_counter(
    read: Callable[[], float],
    wrap: float | None = None,
    clock: Clock = time.monotonic_ns,
    sleep: Sleep = time.sleep,
) -> tuple[float, float | None]:
    """Read a counter until it has moved twice, or for `PROBE_LIMIT_S`.

    Args:
        read: returns the counter, J.
        wrap: value at which the counter starts again, J.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.

    Returns:
        Joules counted over the watch, and the time between its two moves, s (`None`
        when it moved less than twice).

    Raises:
        ValueError: the counter went backwards without a wrap.
    """
    begin = clock()
    last = read()
    counted = 0.0
    moves: list[int] = []
    while len(moves) < 2 and (clock() - begin) * S_PER_NS < PROBE_LIMIT_S:
        sleep(1e-3)
        now = read()
        step = now - last
        if step < 0 and wrap is not None:
            step += wrap
        if step < 0:
            raise ValueError(f"`counter` must not fall, got {last} J and then {now} J.")
        if step > 0:
            moves.append(clock())
        counted += step
        last = now
    period = (moves[1] - moves[0]) * S_PER_NS if len(moves) == 2 else None
    return counted, period
