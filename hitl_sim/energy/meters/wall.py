"""Wall power from the file that a plug meter's logger writes.

The file is CSV with a header line and grows by a row per reading. Columns:

- `time_s`: seconds since 1970-01-01 UTC; or `time`: the same moment as ISO 8601 with
  its offset, such as `2026-03-01T12:00:00.5+00:00`.
- `watts`: power, W; or `joules`: energy since the meter was reset, J. With both, the
  energy is used.

Other columns are ignored. Rows must be in order of time; a last line that is still
being written, without its line end, is left for later.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hitl_sim.array import FloatArray
from hitl_sim.energy.meters.backend import Capability, Clock, Sleep, Snapshot
from hitl_sim.energy.meters.counter import counter_energy
from hitl_sim.energy.meters.power import first_sample, sampled_energy
from hitl_sim.energy.meters.sensor import Accuracy, Sensor
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.output import say_os_error
from hitl_sim.part import meter
from hitl_sim.unit import S_PER_NS

_CLOCK_STEP_S = 0.5


@meter(version=1)
def wall(
    *,
    path: str,
    relative_error: float,
    source: str,
    max_gap_s: float = 5.0,
    max_wait_s: float = 5.0,
    skew_s: float = 0.1,
) -> WallMeterBackend:
    """The whole machine at the plug, from a CSV file that a plug meter's logger writes.

    Args:
        path: of the file.
        relative_error: 95 % half-width relative to a reading, from the datasheet; > 0.
            There is no default, since meters differ tenfold.
        source: meter and datasheet.
        max_gap_s: longest time without a row, or with rows that repeat one number of
            joules, that is still believed, s.
        max_wait_s: how long to wait for the row after a window's end, s.
        skew_s: how far the logger's clock may be from this machine's, s.
    """
    return WallMeterBackend(
        Path(path), relative_error, source, max_gap_s, max_wait_s, skew_s
    )


class _Log(NamedTuple):
    """What the file holds.

    Attributes:
        kind: of the readings: a counter of joules, or samples of watts.
        times_s: `[T]` seconds since 1970-01-01 UTC, in order.
        numbers: `[T]` joules or watts.
    """

    kind: Kind
    times_s: FloatArray
    numbers: FloatArray

    @property
    def spacing_s(self) -> float:
        """Return the usual time between rows, s."""
        return float(np.median(np.diff(self.times_s)))


@dataclass
class WallMeterBackend:
    """Energy of the whole machine at the plug, from a logged file.

    The only meter that sees fans, memory, disks and the power supply. It covers what
    processor and board counters cover, so its joules are never added to theirs.

    Attributes:
        path, relative_error, source, max_gap_s, max_wait_s, skew_s: as for `wall`.
        clock: monotonic clock, ns.
        wall_clock: seconds since 1970-01-01 UTC.
        sleep: waits for some seconds.

    Raises:
        ValueError: the error is not positive or the source is empty.
    """

    path: Path
    relative_error: float
    source: str
    max_gap_s: float = 5.0
    max_wait_s: float = 5.0
    skew_s: float = 0.1
    clock: Clock = time.monotonic_ns
    wall_clock: Callable[[], float] = time.time
    sleep: Sleep = time.sleep
    name: str = "wall"

    def __post_init__(self) -> None:
        """Check what has no default."""
        if not self.relative_error > 0:
            raise ValueError(
                f"`relative_error` must be > 0, got {self.relative_error}."
            )
        if not self.source:
            raise ValueError("`source` must name meter and datasheet, got ''.")

    def probe(self) -> list[Capability]:
        """Read the file and say how often it gets a row."""
        try:
            log = self._read_log()
            if log.times_s.size < 2:
                raise ValueError(f"{self.path} holds fewer than two rows")
            age_s = self.wall_clock() - log.times_s[-1]
            if age_s > self.max_gap_s:
                raise ValueError(
                    f"{self.path} got its last row {age_s:.0f} s ago: start the logger,"
                    " or set this machine's clock by the logger's"
                )
        except ValueError as error:
            return [Capability.absent(self.name, "host", Scope.WALL, str(error))]
        return [
            Capability(
                self.name,
                True,
                "host",
                Scope.WALL,
                log.kind,
                log.spacing_s,
                note=self.source,
                relative_error=self.relative_error,
            )
        ]

    def read(self) -> Snapshot:
        """Read the clocks; the file is read when a window is over."""
        now = self.clock()
        return Snapshot(now, now, wall_s=self.wall_clock())

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy at the plug between two moments."""
        step_s = end.wall_s - start.wall_s - end.since(start)
        if abs(step_s) > _CLOCK_STEP_S:
            return [_unknown(f"this machine's clock was set by {step_s:+.1f} s")]
        try:
            log = self._read_past(end.wall_s)
            inside = self._cut(log, start.wall_s, end.wall_s)
        except ValueError as error:
            return [_unknown(str(error))]
        if log.kind is Kind.MEASURED_COUNTER:
            return [self._by_counter(inside, start, end, log.spacing_s)]
        return [self._by_power(inside, log.spacing_s)]

    def _sensor(self, pace_s: float) -> Sensor:
        accuracy = Accuracy(self.relative_error, pace_s, self.source)
        return Sensor("host", Scope.WALL, self.name, accuracy, averaging_s=self.skew_s)

    def _by_counter(
        self, log: _Log, start: Snapshot, end: Snapshot, spacing_s: float
    ) -> Quantity:
        steps = np.diff(log.numbers)
        if np.any(steps < 0):
            return _unknown(f"the energy in {self.path} fell: the meter was reset")
        moved = np.flatnonzero(steps)
        since, until = np.append(0, moved + 1), np.append(moved, steps.size)
        rest_s = float(np.max(log.times_s[until] - log.times_s[since]))
        if rest_s > self.max_gap_s:
            return _unknown(f"the energy in {self.path} stood still for {rest_s:.1f} s")
        sensor = self._sensor(max(spacing_s, rest_s))
        joules = float(log.numbers[-1] - log.numbers[0])
        return counter_energy(sensor, joules, start, end)

    def _by_power(self, log: _Log, spacing_s: float) -> Quantity:
        times = np.rint(log.times_s / S_PER_NS).astype(np.int64).tolist()
        watts = log.numbers.tolist()
        begin = total = first_sample(times[0], watts[0])
        for at_ns, number in zip(times[1:], watts[1:], strict=True):
            total = total.then(at_ns, number, spacing_s)
        return sampled_energy(self._sensor(spacing_s), begin, total)

    def _read_past(self, end_s: float) -> _Log:
        """Read the file once it has a row after a moment, or the wait is over."""
        waited = 0.0
        while True:
            log = self._read_log()
            if (log.times_s >= end_s).any() or waited >= self.max_wait_s:
                return log
            self.sleep(0.1)
            waited += 0.1

    def _read_log(self) -> _Log:
        """Read the file.

        Raises:
            ValueError: it cannot be read, a column is missing, or a row is not
                understood.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(say_os_error(error)) from error
        whole_lines = text[: text.rfind("\n") + 1].splitlines()
        table = csv.DictReader(whole_lines)
        names = table.fieldnames or ()
        time_name = _first_of(("time_s", "time"), names, self.path)
        name = _first_of(("joules", "watts"), names, self.path)
        rows = [self._row(row, time_name, name) for row in table]
        times_s, numbers = np.array(rows, np.float64).reshape(-1, 2).T
        if np.any(np.diff(times_s) < 0):
            raise ValueError(f"`{self.path}` must hold rows in order of time.")
        is_counter = name == "joules"
        kind = Kind.MEASURED_COUNTER if is_counter else Kind.MEASURED_SAMPLED
        return _Log(kind, times_s, numbers)

    def _row(
        self, row: dict[str, str], time_name: str, name: str
    ) -> tuple[float, float]:
        try:
            text = row[time_name]
            at_s = float(text) if time_name == "time_s" else _from_iso(text)
            number = float(row[name])
        except (TypeError, ValueError) as error:
            raise ValueError(f"`{self.path}` holds a row {row}: {error}") from error
        if number < 0:
            raise ValueError(f"`{name}` in {self.path} must be >= 0, got {number}.")
        return at_s, number

    def _cut(self, log: _Log, start_s: float, end_s: float) -> _Log:
        """Return the rows of a span, with ends put in on straight lines.

        Raises:
            ValueError: the rows do not reach around it, or leave too long a gap.
        """
        times_s = log.times_s
        if not times_s.size or times_s[0] > start_s:
            raise ValueError(f"{self.path} begins after the window")
        if times_s[-1] < end_s:
            raise ValueError(
                f"{self.path} ends {end_s - times_s[-1]:.1f} s before the window does"
            )
        first = np.searchsorted(times_s, start_s, side="right") - 1
        last = np.searchsorted(times_s, end_s, side="left")
        gap_s = float(np.max(np.diff(times_s[first : last + 1]), initial=0.0))
        if gap_s > self.max_gap_s:
            raise ValueError(f"{self.path} has no row for {gap_s:.1f} s of the window")
        is_inner = (start_s < times_s) & (times_s < end_s)
        cut_s = np.concatenate([[start_s], times_s[is_inner], [end_s]])
        return log._replace(
            times_s=cut_s, numbers=np.interp(cut_s, times_s, log.numbers)
        )


def _unknown(reason: str) -> Quantity:
    return unavailable("J", Scope.WALL, reason, of="host")


def _first_of(wanted: Sequence[str], names: Sequence[str], path: Path) -> str:
    for name in wanted:
        if name in names:
            return name
    words = " or ".join(f"'{name}'" for name in wanted)
    raise ValueError(f"`{path}` must have a column {words}, got {list(names)}.")


def _from_iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"`time` must have an offset, such as +00:00, got '{text}'.")
    return moment.timestamp()
