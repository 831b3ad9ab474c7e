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
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from msgspec.structs import replace

from hitl_sim.energy.meters.backend import Capability, Clock, Sleep, Snapshot
from hitl_sim.energy.meters.constant import Accuracy
from hitl_sim.energy.meters.counter import counter_energy
from hitl_sim.energy.meters.power import first_sample, sampled_energy
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.output import say_os_error
from hitl_sim.part import meter
from hitl_sim.unit import S_PER_NS

_NS_PER_S = 1e9
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
        relative_error: 95 % half-width relative to a reading, from the datasheet.
        source: meter and datasheet.
        max_gap_s: longest time without a row that is still believed, s.
        max_wait_s: how long to wait for the row after a window's end, s.
        skew_s: how far the logger's clock may be from this machine's, s.
    """
    return WallMeterBackend(
        Path(path), relative_error, source, max_gap_s, max_wait_s, skew_s
    )


@dataclass(frozen=True)
class WallSnapshot(Snapshot):
    """A moment on both clocks.

    Attributes:
        wall_s: seconds since 1970-01-01 UTC.
    """

    wall_s: float = 0.0


@dataclass(frozen=True)
class _Row:
    at_s: float
    number: float


@dataclass
class WallMeterBackend:
    """Energy of the whole machine at the plug, from a logged file.

    The only meter that sees fans, memory, disks and the power supply. It covers what
    processor and board counters cover, so its joules are never added to theirs.

    Attributes:
        path: file of readings; this module names its columns.
        relative_error: 95 % half-width of the meter relative to its reading, from its
            datasheet; > 0. There is no default, since meters differ tenfold.
        source: meter and datasheet.
        max_gap_s: longest time without a row, or with rows that repeat one number of
            joules, that is still believed, s.
        max_wait_s: how long to wait for the row after a window's end, s.
        skew_s: how far the logger's clock may be from this machine's, s.
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
            kind, rows = self._rows()
        except ValueError as error:
            return [self._absent(str(error))]
        if len(rows) < 2:
            return [self._absent(f"{self.path} holds fewer than two rows")]
        age_s = self.wall_clock() - rows[-1].at_s
        if age_s > self.max_gap_s:
            reason = (
                f"{self.path} got its last row {age_s:.0f} s ago: start the logger, or"
                " set this machine's clock by the logger's"
            )
            return [self._absent(reason)]
        return [
            Capability(
                self.name,
                True,
                "host",
                Scope.WALL,
                kind,
                _spacing_s(rows),
                note=self.source,
                relative_error=self.relative_error,
            )
        ]

    def read(self) -> Snapshot:
        """Read the clocks; the file is read when a window is over."""
        now = self.clock()
        return WallSnapshot(now, now, wall_s=self.wall_clock())

    def delta(self, start: Snapshot, end: Snapshot) -> list[Quantity]:
        """Return the energy at the plug between two moments."""
        if not isinstance(start, WallSnapshot) or not isinstance(end, WallSnapshot):
            raise TypeError("`start` and `end` must be snapshots of a wall meter.")
        step_s = (end.wall_s - start.wall_s) - (
            end.before_ns - start.before_ns
        ) * S_PER_NS
        if abs(step_s) > _CLOCK_STEP_S:
            return [_unknown(f"this machine's clock was set by {step_s:+.1f} s")]
        try:
            kind, rows = self._rows_past(end.wall_s)
            inside = self._cut(rows, start.wall_s, end.wall_s)
        except ValueError as error:
            return [_unknown(str(error))]
        accuracy = Accuracy(self.relative_error, _spacing_s(rows), self.source)
        if kind is Kind.MEASURED_COUNTER:
            return [self._by_counter(inside, start, end, accuracy)]
        return [self._by_power(inside, accuracy)]

    def _by_counter(
        self, rows: Sequence[_Row], start: Snapshot, end: Snapshot, accuracy: Accuracy
    ) -> Quantity:
        if any(b.number < a.number for a, b in itertools.pairwise(rows)):
            return _unknown(f"the energy in {self.path} fell: the meter was reset")
        rest_s = _longest_rest_s(rows)
        if rest_s > self.max_gap_s:
            return _unknown(f"the energy in {self.path} stood still for {rest_s:.1f} s")
        pace_s = max(accuracy.update_period_s, rest_s)
        accuracy = replace(accuracy, update_period_s=pace_s)
        return counter_energy(
            rows[-1].number - rows[0].number,
            start,
            end,
            scope=Scope.WALL,
            of="host",
            backend=self.name,
            accuracy=accuracy,
        )

    def _by_power(self, rows: Sequence[_Row], accuracy: Accuracy) -> Quantity:
        times = [round(row.at_s * _NS_PER_S) for row in rows]
        begin = total = first_sample(times[0], rows[0].number, None)
        for at_ns, row in zip(times[1:], rows[1:], strict=True):
            total = total.then(at_ns, row.number, None, accuracy.update_period_s)
        return sampled_energy(
            begin,
            total,
            scope=Scope.WALL,
            of="host",
            backend=self.name,
            accuracy=accuracy,
            averaging_s=self.skew_s,
        )

    def _rows_past(self, end_s: float) -> tuple[Kind, list[_Row]]:
        """Return all rows, once there is one after a moment or the wait is over."""
        waited = 0.0
        while True:
            kind, rows = self._rows()
            if (rows and rows[-1].at_s >= end_s) or waited >= self.max_wait_s:
                return kind, rows
            self.sleep(0.1)
            waited += 0.1

    def _rows(self) -> tuple[Kind, list[_Row]]:
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
        if any(b.at_s < a.at_s for a, b in itertools.pairwise(rows)):
            raise ValueError(f"`{self.path}` must hold rows in order of time.")
        is_counter = name == "joules"
        return (
            Kind.MEASURED_COUNTER if is_counter else Kind.MEASURED_SAMPLED,
            rows,
        )

    def _row(self, row: dict[str, str], time_name: str, name: str) -> _Row:
        try:
            text = row[time_name]
            at_s = float(text) if time_name == "time_s" else _from_iso(text)
            number = float(row[name])
        except (TypeError, ValueError) as error:
            raise ValueError(f"`{self.path}` holds a row {row}: {error}") from error
        if number < 0:
            raise ValueError(f"`{name}` in {self.path} must be >= 0, got {number}.")
        return _Row(at_s, number)

    def _cut(self, rows: Sequence[_Row], start_s: float, end_s: float) -> list[_Row]:
        """Return the rows of a span, with ends put in on straight lines.

        Raises:
            ValueError: the rows do not reach around it, or leave too long a gap.
        """
        if not rows or rows[0].at_s > start_s:
            raise ValueError(f"{self.path} begins after the window")
        if rows[-1].at_s < end_s:
            raise ValueError(
                f"{self.path} ends {end_s - rows[-1].at_s:.1f} s before the window does"
            )
        first = max(i for i, row in enumerate(rows) if row.at_s <= start_s)
        last = min(i for i, row in enumerate(rows) if row.at_s >= end_s)
        around = rows[first : last + 1]
        gap_s = max(
            (b.at_s - a.at_s for a, b in itertools.pairwise(around)), default=0.0
        )
        if gap_s > self.max_gap_s:
            raise ValueError(f"{self.path} has no row for {gap_s:.1f} s of the window")
        inner = [row for row in around if start_s < row.at_s < end_s]
        return [_between(around, start_s), *inner, _between(around, end_s)]

    def _absent(self, reason: str) -> Capability:
        return Capability(
            self.name, False, "host", Scope.WALL, Kind.UNAVAILABLE, reason=reason
        )


def _unknown(reason: str) -> Quantity:
    return unavailable("J", Scope.WALL, reason, of="host")


def _spacing_s(rows: Sequence[_Row]) -> float:
    return median(b.at_s - a.at_s for a, b in itertools.pairwise(rows))


def _longest_rest_s(rows: Sequence[_Row]) -> float:
    """Return the longest time over which rows hold one number: no news, as a gap."""
    spans = (list(same) for _, same in itertools.groupby(rows, lambda row: row.number))
    return max(span[-1].at_s - span[0].at_s for span in spans)


def _between(rows: Sequence[_Row], at_s: float) -> _Row:
    """Return the row at a moment, on the straight line between its neighbours."""
    for a, b in itertools.pairwise(rows):
        if a.at_s <= at_s <= b.at_s and b.at_s > a.at_s:
            part = (at_s - a.at_s) / (b.at_s - a.at_s)
            return _Row(at_s, a.number + part * (b.number - a.number))
    return _Row(at_s, rows[0].number)


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
