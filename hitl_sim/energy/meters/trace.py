"""Record what a meter reads, and play it back where there is no such device.

A trace is a text file. Its first line is `#` and a JSON object: `format` (always
"hitl_sim energy trace"), `version` (1), `backend`, `recorded` (date), `note`, and
`devices`, which gives by path the device's `scope`, `relative_error`,
`update_period_s` and `source`. The rest is CSV: a column `time_s`, seconds since the
start on a monotonic clock, and for each device `<path> joules`, its counter from 0, and
`<path> watts`, its power, where it has them; an empty field was not read.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hitl_sim.energy.meters.backend import (
    Backend,
    Capability,
    Check,
    Clock,
    Sleep,
    Snapshot,
    WindowAware,
)
from hitl_sim.energy.meters.constant import Accuracy
from hitl_sim.energy.meters.duty import duty_of
from hitl_sim.energy.meters.power import PowerTotal, first_sample
from hitl_sim.energy.meters.standing import Standing
from hitl_sim.energy.meters.views import Sensor, check_sensor, checked_energy
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.output import write_text
from hitl_sim.unit import S_PER_NS

FORMAT = "hitl_sim energy trace"
VERSION = 1
_NS_PER_S = 1e9


def record_trace(
    backend: Backend,
    path: Path,
    duration_s: float,
    *,
    period_s: float = 0.01,
    note: str = "",
    clock: Clock = time.monotonic_ns,
    sleep: Sleep = time.sleep,
) -> int:
    """Read a backend again and again, and write what it says to a file.

    Run the load from another thread or process meanwhile.

    Args:
        backend: what to record.
        path: file to write; replaced if it is there.
        duration_s: how long, s; > 0.
        period_s: time between rows, s; > 0. Rows further apart than the counter's own
            refreshes hide its pace.
        note: what ran, for people.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.

    Returns:
        Rows written.

    Raises:
        ValueError: a time is not positive, or the backend can measure nothing here.
    """
    for name, number in (("duration_s", duration_s), ("period_s", period_s)):
        if not number > 0:
            raise ValueError(f"`{name}` must be > 0 s, got {number}.")
    able = [seen for seen in backend.probe() if seen.is_available]
    if not able:
        reasons = "; ".join(seen.reason for seen in backend.probe())
        raise ValueError(f"`backend` must be able to measure here, got: {reasons}")
    snapshots = _watch(backend, duration_s, period_s, clock, sleep)
    header = {
        "format": FORMAT,
        "version": VERSION,
        "backend": backend.name,
        "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
        "note": note,
        "devices": {seen.device: _describe(seen) for seen in able},
    }
    _write(path, header, snapshots)
    return len(snapshots)


def _watch(
    backend: Backend, duration_s: float, period_s: float, clock: Clock, sleep: Sleep
) -> list[Snapshot]:
    aware = backend if isinstance(backend, WindowAware) else None
    if aware is not None:
        aware.open_window()
    try:
        begin = clock()
        snapshots = [backend.read()]
        while (clock() - begin) * S_PER_NS < duration_s:
            sleep(period_s)
            snapshots.append(backend.read())
    finally:
        if aware is not None:
            aware.close_window()
    return snapshots


def _describe(seen: Capability) -> dict[str, Any]:
    return {
        "scope": seen.scope.value,
        "relative_error": seen.relative_error,
        "update_period_s": seen.update_period_s,
        "source": seen.note,
    }


def _write(
    path: Path, header: Mapping[str, Any], snapshots: Sequence[Snapshot]
) -> None:
    devices = list(header["devices"])
    begin = snapshots[0].before_ns
    base = snapshots[0].joules
    file = io.StringIO(f"# {json.dumps(header)}\n")
    file.seek(0, io.SEEK_END)
    rows = csv.writer(file, lineterminator="\n")
    names = [f"{of} {what}" for of in devices for what in ("joules", "watts")]
    rows.writerow(["time_s", *names])
    for shot in snapshots:
        fields = [f"{(shot.before_ns - begin) * S_PER_NS:.6f}"]
        for of in devices:
            joules, power = shot.joules.get(of), shot.power.get(of)
            since = None if joules is None else joules - base.get(of, 0.0)
            fields.append("" if since is None else f"{since:.6f}")
            fields.append("" if power is None else f"{power.watts:.3f}")
        rows.writerow(fields)
    write_text(path, file.getvalue())


@dataclass(frozen=True)
class Trace:
    """A recording.

    Attributes:
        path: its file.
        header: the first line.
        times_s: `[T]` time of each row since the start, s.
        joules: by device, `[T]` counter, J; `None` where it was not read.
        watts: by device, `[T]` power, W; `None` where it was not read.
    """

    path: Path
    header: Mapping[str, Any]
    times_s: tuple[float, ...]
    joules: Mapping[str, tuple[float | None, ...]]
    watts: Mapping[str, tuple[float | None, ...]]

    @property
    def duration_s(self) -> float:
        """Return how long the recording is, s."""
        return self.times_s[-1]


def read_trace(path: Path) -> Trace:
    """Read a recording.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a trace of a known version, or a row is not understood.
    """
    with path.open(newline="", encoding="utf-8") as file:
        first = file.readline()
        header = json.loads(first[1:]) if first.startswith("#") else {}
        if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
            raise ValueError(
                f"`{path}` must begin with '# ' and the header of a trace of version"
                f" {VERSION}, got {first[:60]!r}."
            )
        rows = list(csv.DictReader(file))
    try:
        times = tuple(float(row["time_s"]) for row in rows)
        columns = {
            name: {of: _column(rows, f"{of} {name}") for of in header["devices"]}
            for name in ("joules", "watts")
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"`{path}` must be a trace, got {error!r}.") from error
    if len(times) < 2 or any(b <= a for a, b in itertools.pairwise(times)):
        raise ValueError(f"`time_s` in {path} must rise over at least two rows.")
    return Trace(path, header, times, columns["joules"], columns["watts"])


def _column(rows: Sequence[Mapping[str, str]], name: str) -> tuple[float | None, ...]:
    return tuple(float(row[name]) if row[name] else None for row in rows)


@dataclass
class ReplayBackend:
    """A recording in the place of a device, from the first reading on.

    Its joules were measured when the trace was recorded, not now: it is for testing
    programs and for looking at a recording again, and every source says so.

    Attributes:
        trace: the recording.
        clock: monotonic clock, ns.
    """

    trace: Trace
    clock: Clock = time.monotonic_ns
    name: str = "replay"

    def __post_init__(self) -> None:
        """Start at the first reading."""
        self._begin_ns: int | None = None
        self._power: dict[str, PowerTotal] = {}
        self._standing: dict[str, Standing] = {}
        self._row = -1

    def probe(self) -> list[Capability]:
        """Say what was recorded."""
        header = self.trace.header
        return [
            Capability(
                self.name,
                True,
                of,
                Scope(device["scope"]),
                self._kind(of),
                self._sensor(of).counter.update_period_s,
                note=(
                    f"replay of {self.trace.path.name}, recorded"
                    f" {header['recorded']} by {header['backend']}:"
                    f" {device['source']}; not measured now"
                ),
                relative_error=device["relative_error"],
            )
            for of, device in header["devices"].items()
        ]

    def read(self) -> Snapshot:
        """Return the row of this moment."""
        now = self.clock()
        if self._begin_ns is None:
            self._begin_ns = now
        at_s = (now - self._begin_ns) * S_PER_NS
        devices = self.trace.header["devices"]
        if at_s > self.trace.duration_s + self._spacing_s:
            reason = f"the recording ended after {self.trace.duration_s:.3g} s"
            return Snapshot(now, now, reasons=dict.fromkeys(devices, reason))
        row = bisect_right(self.trace.times_s, at_s + S_PER_NS) - 1
        self._integrate(row)
        joules = {of: self.trace.joules[of][row] for of in devices}
        return Snapshot(
            now,
            now,
            {of: number for of, number in joules.items() if number is not None},
            power=dict(self._power),
        )

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the recorded energy between two readings."""
        reasons = {**start.reasons, **end.reasons}
        return [
            checked_energy(
                check,
                self._sensor(check.of).scope,
                reasons.get(check.of, "neither energy nor power was recorded"),
            )
            for check in self.checks(start, end)
        ]

    def checks(self, start: Snapshot, end: Snapshot) -> list[Check]:
        """Compare recorded counter and recorded power."""
        begin_ns = self._begin_ns or 0
        checks = []
        for of in self.trace.header["devices"]:
            standing = self._standing.get(of)
            span = (start.before_ns - begin_ns, end.before_ns - begin_ns)
            flaw = standing.flaw(*span) if standing else ""
            checks.append(check_sensor(self._sensor(of), start, end, flaw))
        return checks

    @property
    def _spacing_s(self) -> float:
        times = self.trace.times_s
        return max(b - a for a, b in itertools.pairwise(times))

    def _integrate(self, row: int) -> None:
        """Add the power of the rows up to one to the sums, and see their counters."""
        while self._row < row:
            self._row += 1
            at_ns = round(self.trace.times_s[self._row] * _NS_PER_S)
            for of, counters in self.trace.joules.items():
                joules = counters[self._row]
                if joules is not None:
                    period_s = self._sensor(of).counter.update_period_s
                    standing = self._standing.setdefault(of, Standing(period_s))
                    standing.see(joules, at_ns)
            for of, watts in self.trace.watts.items():
                power = watts[self._row]
                if power is None:
                    continue
                known, counter = self._power.get(of), self.trace.joules[of][self._row]
                self._power[of] = (
                    first_sample(at_ns, power, counter)
                    if known is None
                    else known.then(
                        at_ns, power, counter, self._sensor(of).power.update_period_s
                    )
                )

    def _kind(self, of: str) -> Kind:
        has_counter = any(number is not None for number in self.trace.joules[of])
        return Kind.MEASURED_COUNTER if has_counter else Kind.MEASURED_SAMPLED

    def _sensor(self, of: str) -> Sensor:
        device = self.trace.header["devices"][of]
        accuracy = Accuracy(
            device["relative_error"] or 0.0,
            max(device["update_period_s"] or 0.0, self._spacing_s),
            device["source"],
        )
        return Sensor(
            of,
            Scope(device["scope"]),
            f"replay of {self.trace.path.name}: {self.trace.header['backend']}",
            accuracy,
            accuracy,
            duty=duty_of(device["source"]),
        )
