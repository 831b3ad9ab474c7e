"""Processor and memory energy through the powercap tree of Linux (RAPL)."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.energy.meters.backend import (
    PROBE_LIMIT_S,
    Accuracy,
    Capability,
    Clock,
    Sleep,
    Snapshot,
    counter_energy,
    meter_constants,
    watch_counter,
)
from hitl_sim.energy.meters.zones import Zone, find_zones
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import J_PER_MICROJOULE, S_PER_NS

POWERCAP_ROOT = Path("/sys/class/powercap")
_ALL = "host/package"


@dataclass
class RaplBackend:
    """Energy of each package and its memory.

    Counters start again after a few hundred kilojoules; a difference is taken modulo
    that range. A window long enough for two rounds at a plausible power is refused.

    Attributes:
        root: folder that holds the zones.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.
    """

    root: Path = POWERCAP_ROOT
    clock: Clock = time.monotonic_ns
    sleep: Sleep = time.sleep
    name: str = "rapl"

    def __post_init__(self) -> None:
        """Start with no zones; the tree is listed by the first reading."""
        self._zones: list[Zone] | None = None
        self._reason = ""

    def probe(self) -> list[Capability]:
        """Read each counter until it moves, and say what was seen."""
        zones = self._list()
        if not zones:
            return [self._absent(_ALL, Scope.PACKAGE, self._reason)]
        return [self._probe_zone(zone) for zone in zones]

    def read(self) -> Snapshot:
        """Read all counters; a zone that fails gives a reason."""
        zones = [zone for zone in self._list() if not zone.skipped]
        reasons = {} if zones else {_ALL: self._reason}
        joules: dict[str, float] = {}
        before = self.clock()
        for zone in zones:
            try:
                joules[zone.of] = _read_joules(zone.counter)
            except (OSError, ValueError) as error:
                reasons[zone.of] = _why(zone.counter, error)
        return Snapshot(before, self.clock(), joules, reasons)

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy of each zone between two readings."""
        reasons = {**start.reasons, **end.reasons}
        scopes = {zone.of: zone.scope for zone in self._list()}
        result = [
            unavailable("J", scopes.get(of, Scope.PACKAGE), reason, of=of)
            for of, reason in reasons.items()
        ]
        both = start.joules.keys() & end.joules.keys()
        result.extend(
            self._zone_energy(zone, start, end)
            for zone in self._list()
            if zone.of in both and not zone.skipped
        )
        return result

    def _zone_energy(self, zone: Zone, start: Snapshot, end: Snapshot) -> Quantity:
        try:
            wrap = _read_joules(zone.path / "max_energy_range_uj")
        except (OSError, ValueError) as error:
            reason = _why(zone.path / "max_energy_range_uj", error)
            return unavailable("J", zone.scope, reason, of=zone.of)
        elapsed_s = (end.after_ns - start.before_ns) * S_PER_NS
        limit_s = wrap / meter_constants().rapl.plausible.max_w
        if elapsed_s > limit_s:
            reason = (
                f"a window of {elapsed_s:.0f} s is too long: the counter may go round"
                f" in {limit_s:.0f} s; measure in shorter windows and add them"
            )
            return unavailable("J", zone.scope, reason, of=zone.of)
        return counter_energy(
            (end.joules[zone.of] - start.joules[zone.of]) % wrap,
            start,
            end,
            scope=zone.scope,
            of=zone.of,
            backend=self.name,
            accuracy=_accuracy(zone.scope),
        )

    def _list(self) -> list[Zone]:
        """List the tree once; on failure keep the reason and return no zones."""
        if self._zones is not None:
            return self._zones
        try:
            self._zones = find_zones(self.root)
        except OSError:
            self._zones = []
        if not self._zones:
            self._reason = (
                f"no counters under {self.root}: not Linux on an Intel or AMD"
                " processor, or a virtual machine or container that hides them"
            )
        return self._zones

    def _probe_zone(self, zone: Zone) -> Capability:
        if zone.skipped:
            return self._absent(zone.of, zone.scope, f"not counted: {zone.skipped}")
        try:
            wrap = _read_joules(zone.path / "max_energy_range_uj")
            counted, period = watch_counter(
                lambda: _read_joules(zone.counter), wrap, self.clock, self.sleep
            )
        except (OSError, ValueError) as error:
            return self._absent(zone.of, zone.scope, _why(zone.counter, error))
        if counted == 0.0:
            reason = f"the counter stood still for {PROBE_LIMIT_S} s"
            return self._absent(zone.of, zone.scope, reason)
        return Capability(
            self.name,
            True,
            zone.of,
            zone.scope,
            Kind.MEASURED_COUNTER,
            _accuracy(zone.scope).update_period_s if period is None else period,
            note=f"the counter starts again every {wrap / 1e3:.0f} kJ",
        )

    def _absent(self, of: str, scope: Scope, reason: str) -> Capability:
        return Capability(self.name, False, of, scope, Kind.UNAVAILABLE, reason=reason)


def probe() -> list[Capability]:
    """Say what the powercap tree of this machine can measure."""
    return RaplBackend().probe()


def _accuracy(scope: Scope) -> Accuracy:
    rapl = meter_constants().rapl
    if scope is Scope.DRAM:
        return rapl.dram
    return rapl.node if scope is Scope.NODE else rapl.package


def _read_joules(path: Path) -> float:
    """Read a file of microjoules.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no whole number.
    """
    return int(path.read_text(encoding="ascii")) * J_PER_MICROJOULE


def _why(path: Path, error: Exception) -> str:
    """Say why a file of the tree gave no number, and what helps."""
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to read {path} (root only since CVE-2020-8694):"
            f" run as root, or 'sudo chmod -R a+r {path.parent}'"
        )
    if isinstance(error, FileNotFoundError):
        return f"{path} is not there, or vanished"
    if isinstance(error, ValueError):
        return f"{path} holds no number"
    return f"{path} cannot be read: {error}"
