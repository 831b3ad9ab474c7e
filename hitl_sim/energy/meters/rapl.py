"""Processor and memory energy through the powercap tree of Linux (RAPL)."""

from __future__ import annotations

import errno
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

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
from hitl_sim.energy.meters.counter import (
    PROBE_LIMIT_S,
    Watch,
    counter_energy,
    watch_counter,
)
from hitl_sim.energy.meters.processor_time import CpuTime, read_cpu_time
from hitl_sim.energy.meters.sensor import Accuracy, Sensor, meter_constants
from hitl_sim.energy.meters.zones import (
    Zone,
    find_zones,
    highest_power_w,
    mirrored,
)
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.part import meter
from hitl_sim.unit import J_PER_MICROJOULE

POWERCAP_ROOT = Path("/sys/class/powercap")
_ALL = "host/package"
_WATCH_S = 1.0
"""How often a counter is read while a window is open, s, to see that it moves."""


@meter(version=1)
def rapl() -> RaplBackend:
    """Processors and their memory through the powercap tree of Linux (RAPL)."""
    return RaplBackend()


@dataclass
class RaplBackend:
    """Energy of each package and its memory.

    Counters start again after a few hundred kilojoules. Every reading adds what was
    counted since the last one modulo that range, and while a window is open a reader in
    the background reads every second, or twice as often as a counter could go round at
    the highest plausible power. Without it (reading by hand), a span too long for that
    is refused.

    Attributes:
        root: folder that holds the zones.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.
        every: does background work.
        cpu_time: returns processor time, by which others' use is seen.
    """

    root: Path = POWERCAP_ROOT
    clock: Clock = time.monotonic_ns
    sleep: Sleep = time.sleep
    name: str = "rapl"
    every: Every = thread_every
    cpu_time: Callable[[], CpuTime | None] = read_cpu_time

    def __post_init__(self) -> None:
        """Read nothing; the tree is listed by the first reading."""
        self._watches: dict[str, Watch] = {}
        self.while_open = WhileOpen(self._begin)

    def probe(self) -> list[Capability]:
        """Read each counter until it moves, and say what was seen."""
        if not self._zones:
            return [Capability.absent(self.name, _ALL, Scope.PACKAGE, self._why_none())]
        before = self.read()
        found = [self._probe_zone(zone) for zone in self._zones]
        twins = self._mirrored(before, self.read())
        for place, seen in enumerate(found):
            if seen.is_available and seen.device in twins:
                reason = f"not counted: reads exactly as {twins[seen.device]}"
                found[place] = Capability.absent(
                    self.name, seen.device, seen.scope, reason
                )
        return found

    def read(self) -> Snapshot:
        """Read all counters; a zone that fails gives a reason."""
        found = self.read_counters()
        return replace(found, cpu=self.cpu_time() if self._counted else None)

    def read_counters(self) -> Snapshot:
        """Read all counters; a zone that fails gives a reason."""
        reasons = {} if self._counted else {_ALL: self._why_none()}
        joules: dict[str, float] = {}
        with self.while_open.lock:
            before = self.clock()
            for zone in self._counted:
                try:
                    joules[zone.of] = self._read_total(zone)
                except (OSError, ValueError) as error:
                    reasons[zone.of] = _why(zone, error)
            return Snapshot(before, self.clock(), joules, reasons)

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy of each zone between two readings."""
        reasons = {**start.reasons, **end.reasons}
        scopes = {zone.of: zone.scope for zone in self._zones}
        result = [
            unavailable("J", scopes.get(of, Scope.PACKAGE), reason, of=of)
            for of, reason in reasons.items()
        ]
        both = start.joules.keys() & end.joules.keys()
        twins = self._mirrored(start, end)
        result.extend(
            self._zone_energy(zone, start, end)
            for zone in self._counted
            if zone.of in both and zone.of not in twins
        )
        return result

    def checks(self, start: Snapshot, end: Snapshot) -> list[Check]:
        """Name the zones that repeated another one and were left out."""
        return [
            Check(of, "mirrored", f"reads exactly as {other}: not counted again")
            for of, other in self._mirrored(start, end).items()
        ]

    def sharers(self, start: Snapshot, end: Snapshot) -> Mapping[str, str]:
        """Return, for every zone, how much processor time other programs used.

        A zone's energy is the whole program's: of this worker and of those beside it.
        """
        if start.cpu is None or end.cpu is None:
            return {}
        host_s = end.cpu.host_s - start.cpu.host_s
        other_s = min(host_s, end.cpu.others_s - start.cpu.others_s)
        limit = meter_constants().rapl.sharing
        if other_s <= max(limit.busy_frac * host_s, limit.cores * end.since(start)):
            return {}
        who = f"other programs used {other_s:.2g} s of {host_s:.2g} s of processor time"
        return {zone.of: who for zone in self._counted}

    def _begin(self) -> Stop | None:
        """Read in the background from now on, often enough to see every wrap."""
        begin = self.clock()
        self.read_counters()
        for watch in self._watches.values():
            watch.forget(begin)
        if not self._watches:
            return None
        pauses = (watch.range_j / (2 * watch.max_w) for watch in self._watches.values())
        pause_s = min(_WATCH_S, *pauses)
        return self.every(self.read_counters, lambda: pause_s)

    def _read_total(self, zone: Zone) -> float:
        """Read one counter and return its total since the first reading, J.

        Raises:
            OSError: a file cannot be read.
            ValueError: a file holds no number that makes sense.
        """
        raw, now = _read_joules(zone.counter), self.clock()
        if zone.of not in self._watches:
            self._watches[zone.of] = Watch(
                _accuracy(zone.scope).update_period_s,
                _read_range(zone),
                highest_power_w(zone),
            )
        watch = self._watches[zone.of]
        if raw > watch.range_j:
            raise ValueError(
                f"{zone.counter} shows {raw:.6g} J and {zone.range.name} says that it"
                f" starts again at {watch.range_j:.6g} J"
            )
        return watch.add(raw, now)

    def _zone_energy(self, zone: Zone, start: Snapshot, end: Snapshot) -> Quantity:
        sensor = Sensor(zone.of, zone.scope, self.name, _accuracy(zone.scope))
        flaw = self._watches[zone.of].flaw(start.after_ns, end.after_ns)
        if flaw:
            return sensor.lacks(flaw)
        joules = max(0.0, end.joules[zone.of] - start.joules[zone.of])
        return counter_energy(sensor, joules, start, end)

    def _mirrored(self, start: Snapshot, end: Snapshot) -> dict[str, str]:
        both = start.joules.keys() & end.joules.keys()
        reading_s = max(start.reading_s, end.reading_s)
        rapl = meter_constants().rapl
        return mirrored(
            [zone for zone in self._counted if zone.of in both],
            start.joules,
            end.joules,
            rapl.plausible.package.max_w * (rapl.package.update_period_s + reading_s),
        )

    @functools.cached_property
    def _zones(self) -> list[Zone]:
        try:
            return find_zones(self.root)
        except OSError:
            return []

    @functools.cached_property
    def _counted(self) -> list[Zone]:
        return [zone for zone in self._zones if not zone.skipped]

    def _why_none(self) -> str:
        """Say why no zone is counted: there is none, or each is left out."""
        if not self._zones:
            return (
                f"no counters under {self.root}: not Linux on an Intel or AMD"
                " processor, or a virtual machine or container that hides them"
            )
        left_out = ", ".join(f"{zone.of} {zone.skipped}" for zone in self._zones)
        return (
            f"no zone under {self.root} can be counted: {left_out}, which is not listed"
        )

    def _probe_zone(self, zone: Zone) -> Capability:
        absent = functools.partial(Capability.absent, self.name, zone.of, zone.scope)
        if zone.skipped:
            return absent(f"not counted: {zone.skipped}")
        accuracy = _accuracy(zone.scope)
        try:
            wrap = _read_range(zone)
            pace_s = watch_counter(
                lambda: _read_joules(zone.counter),
                accuracy.update_period_s,
                wrap,
                self.clock,
                self.sleep,
            )
        except (OSError, ValueError) as error:
            return absent(_why(zone, error))
        if pace_s is None:
            return absent(f"the counter stood still for {PROBE_LIMIT_S} s")
        return Capability(
            self.name,
            True,
            zone.of,
            zone.scope,
            Kind.MEASURED_COUNTER,
            pace_s,
            note=f"the counter starts again every {wrap / 1e3:.0f} kJ",
            relative_error=accuracy.relative_error,
        )


def _accuracy(scope: Scope) -> Accuracy:
    accuracy: Accuracy = getattr(meter_constants().rapl, scope.value)
    return accuracy


def _read_joules(path: Path) -> float:
    """Read a file of microjoules.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no whole number.
    """
    text = path.read_text(encoding="ascii", errors="replace")
    try:
        return int(text) * J_PER_MICROJOULE
    except ValueError as error:
        raise ValueError(f"{path} holds no number") from error


def _read_range(zone: Zone) -> float:
    """Read where a counter starts again, J.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no number above 0.
    """
    range_j = _read_joules(zone.range)
    if not range_j > 0:
        raise ValueError(
            f"{zone.range} holds {zone.range.read_text(encoding='ascii').strip()}:"
            " where the counter starts again is not known"
        )
    return range_j


def _why(zone: Zone, error: OSError | ValueError) -> str:
    """Say why a zone gave no number, and what helps."""
    if isinstance(error, ValueError):
        return str(error)
    path = Path(error.filename or zone.counter)
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to read {path} (root only since CVE-2020-8694):"
            f" run as root, or 'sudo chmod -R a+r {path.parent}'"
        )
    if isinstance(error, FileNotFoundError):
        return f"{path} is not there, or vanished"
    return f"{path} cannot be read: {error}"
