"""The meters of a session: which can be read, one reading per run, and its shares.

A run lies in one long window of a `Meter`, with all that the meters know of it: their
errors, who else used a device, counters that fell. Its joules are shared out among
units of work by what the counters moved by in their windows. With power P, n windows
and a counter that is refreshed every T seconds, the edges of the windows leave an error
of variance n (P T)^2 / 6: that of one window (`hitl_sim.energy.meters.counter`), n
times, as windows begin and end at any time of the period.

A reading that is younger than a tenth of the period stands for a new one: a window that
opens where another closed costs one reading, and T is a tenth longer.

A meter without a counter, such as one that samples power or models it, is shared out by
time, which assumes that all work draws alike.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from hitl_sim.energy import Kind, Quantity, Scope, exact, unavailable
from hitl_sim.energy.error import Error, additive_interval, merge_errors
from hitl_sim.energy.meters import Backend, Capability, Meter, Window
from hitl_sim.energy.meters.backend import Quick, Snapshot
from hitl_sim.energy.meters.measure import choose_backends
from hitl_sim.energy.meters.meter import Reading, Shares
from hitl_sim.energy.meters.sensor import TO_95
from hitl_sim.session.error import SessionError
from hitl_sim.session.window import Tally
from hitl_sim.unit import S_PER_NS

_STALE = 0.1
"""Age up to which a reading stands for a new one, as a share of the period."""
_ON_BOARD = frozenset({Scope.CHIP, Scope.BOARD, Scope.MODULE})


@dataclass(frozen=True)
class Metering:
    """What can be measured where the session runs.

    Attributes:
        meter: of the meters that can be read; none of them may be.
        capabilities: what each can measure, or why not.
    """

    meter: Meter
    capabilities: tuple[Capability, ...]
    _quick: tuple[tuple[Quick, int], ...] = field(init=False)
    _period_s: Mapping[str, float] = field(init=False)
    _last: dict[int, Snapshot] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Find the counters that can be read often, and how soon one is stale, ns."""
        able = [c for c in self.capabilities if c.is_available]
        periods = {c.device: c.update_period_s or 0.0 for c in able}
        object.__setattr__(self, "_period_s", periods)
        quick = []
        for backend in self.meter.backends:
            if isinstance(backend, Quick):
                own = [c for c in able if c.backend == backend.name]
                paces = [c.update_period_s or 0.0 for c in own] or [0.0]
                quick.append((backend, int(_STALE * min(paces) / S_PER_NS)))
        object.__setattr__(self, "_quick", tuple(quick))

    def read(self) -> Mapping[str, float]:
        """Read all counters, J by device; those that fail are left out."""
        found: dict[str, float] = {}
        for place, (backend, stale_ns) in enumerate(self._quick):
            last = self._last.get(place)
            if last is None or self.meter.clock() - last.after_ns >= stale_ns:
                last = self._last[place] = backend.read_counters()
            found.update(last.joules)
        return found

    def window(self, name: str) -> AbstractContextManager[Window]:
        """Open the long window of a run."""
        return self.meter.window(name, phase="command")

    @property
    def accelerators(self) -> list[str]:
        """Return the accelerators that are measured."""
        return [
            c.device
            for c in self.capabilities
            if c.is_available and c.scope in _ON_BOARD
        ]

    @property
    def absent(self) -> dict[str, str]:
        """Return why what cannot be measured here cannot, by meter and device."""
        return {
            " ".join(filter(None, (c.backend, c.device))): c.reason
            for c in self.capabilities
            if not c.is_available
        }

    def share_out(
        self, reading: Reading, whole: Mapping[str, float], tally: Tally
    ) -> list[Quantity]:
        """Return a unit's part of a run's energy, one quantity per device.

        Args:
            reading: of the run's long window.
            whole: what each counter moved by in it, J.
            tally: what it moved by in the windows of the unit, and how long they were.
        """
        return [self._share(energy, reading, whole, tally) for energy in reading.gross]

    def _share(
        self,
        energy: Quantity,
        reading: Reading,
        whole: Mapping[str, float],
        tally: Tally,
    ) -> Quantity:
        if not energy.is_known or energy.value is None:
            return energy
        if energy.of not in whole:
            elapsed_s = float(reading.seconds.value or 0.0)
            source = f"share of the run's time in windows of {tally.unit!r}"
            part = min(1.0, tally.seconds / elapsed_s)
            share = exact(part, "1", Kind.MODELLED_CALIBRATED, Scope.CONSTANT, source)
            return energy.times(share, unit="J", scope=energy.scope)
        moved, period_s = tally.joules.get(energy.of, 0.0), self._period_s[energy.of]
        age_s = (1.0 + _STALE) * period_s
        watts = moved / tally.seconds if tally.seconds > 0.0 else 0.0
        half = TO_95 * watts * age_s * math.sqrt(tally.windows / 6.0)
        if not (moved > half and whole[energy.of] > 0.0):
            reason = (
                f"windows of {tally.unit!r} took {tally.seconds:.3g} s in all, too "
                f"little for a counter that moves every {period_s:.3g} s"
            )
            return unavailable("J", energy.scope, reason, of=energy.of)
        part = moved / whole[energy.of]
        shared = energy.scaled(part)
        if shared.errors is None or shared.value is None:
            return shared
        half *= float(energy.value) / whole[energy.of]
        label = f"{energy.of}: edges of windows of {tally.unit!r} in {reading.name}"
        errors = merge_errors((*shared.errors, Error(label, -half, half)))
        interval = additive_interval(shared.value, errors)
        return replace(shared, interval=interval, errors=errors)


def open_metering(
    meters: Meter | Sequence[Backend] | None = None, share: Shares | None = None
) -> Metering:
    """Find the meters that can be read here.

    Args:
        meters: a meter, or sources of joules; those of `default_backends` when left
            out.
        share: this program's share of devices that others use too, by their path.

    Raises:
        SessionError: a share is not in (0, 1].
    """
    given = meters if isinstance(meters, Meter) else None
    able, capabilities = choose_backends(None, _sources(meters))
    read = list(able) if any(c.is_available for c in capabilities) else []
    own = replace(given, backends=read) if given else Meter(read)
    try:
        meter = own if share is None else replace(own, share=dict(share))
    except ValueError as error:
        raise SessionError(str(error)) from error
    return Metering(meter, tuple(capabilities))


def _sources(meters: Meter | Sequence[Backend] | None) -> Sequence[Backend] | None:
    return meters.backends if isinstance(meters, Meter) else meters


def where() -> dict[str, str | int]:
    """Say where this process runs; never part of a record."""
    return {"host": platform.node(), "pid": os.getpid()}


def moved(start: Mapping[str, float], end: Mapping[str, float]) -> dict[str, float]:
    """Return what each counter moved by between two readings, J."""
    return {of: joules - start[of] for of, joules in end.items() if of in start}


def as_json(energies: Iterable[Quantity]) -> list[dict[str, object]]:
    """Write quantities as plain values."""
    return [energy.to_json() for energy in energies]
