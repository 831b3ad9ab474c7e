"""One column of a file as texts, numbers or moments; what is wrong names its row.

What a column of Parquet or Arrow says by its type is read so, or refused; marks of
missing values are read as missing unless the user says that they are not.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hitl_sim.participants.answers import FIELDS, encode
from hitl_sim.table.column_type import decoded, meaning
from hitl_sim.table.spelling import canonical, is_number
from hitl_sim.table.text_column import is_mark

MAX_SECONDS = 7 * 24 * 3600.0
"""Longest time of one answer that is believed, s: a week; more is another unit."""


_MOST_NAMES = 12
_TURK = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d?) (\d\d):(\d\d):(\d\d) ([A-Z]{3}) (\d{4})"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_ZONES = {"UTC": 0, "GMT": 0, "PST": -8, "PDT": -7, "MST": -7, "MDT": -6}
_ZONES |= {"CST": -6, "CDT": -5, "EST": -5, "EDT": -4}
"""Hours before UTC of the zones that the United States name."""


@dataclass(frozen=True)
class Place:
    """Where in a file something is wrong.

    Attributes:
        origin: the file.
        line_of: tells the line of a row in a text file; rows count from 0 here.
        row_of: tells the file's row of a row, where one row was turned into several.
        name_of: tells what the file calls a row's column, for the same reason.
        tasks: what the task behind each row is called, where a file has tasks.
    """

    origin: str
    line_of: Callable[[int], int] | None = None
    row_of: Callable[[int], int] | None = None
    name_of: Callable[[int, str], str] | None = None
    tasks: Sequence[str] = ()

    def where(self, row: int) -> str:
        """Name a row by its task, or by its number (the first is 1) and its line."""
        if self.tasks:
            return self.tasks[row]
        row = row if self.row_of is None else self.row_of(row)
        line = "" if self.line_of is None else f" (line {self.line_of(row)})"
        return f"row {row + 1}{line}"

    def refuse(self, row: int, column: str, must: str, got: object) -> ValueError:
        """Return the error that names file, row and column."""
        if self.tasks:
            return ValueError(
                f"{self.origin}, {self.tasks[row]}, field {column!r}: must be {must}, "
                f"got {got!r}."
            )
        name = column if self.name_of is None else self.name_of(row, column)
        row = row if self.row_of is None else self.row_of(row)
        counted = "Rows are counted from 1."
        if self.line_of is not None:
            counted = (
                f"Rows are counted from 1, without a header: row {row + 1} is line "
                f"{self.line_of(row)} of the file."
            )
        return ValueError(
            f"{self.origin}, row {row + 1}, column {name!r}: must be {must}, got "
            f"{got!r}. {counted}"
        )

    def refuse_any(
        self, bad: NDArray[np.bool_], column: str, must: str, values: Any
    ) -> None:
        """Refuse the first of the rows that are bad, `[L]`, if there is one."""
        if bad.any():
            row = int(bad.argmax())
            got = values[row]
            got = got.as_py() if isinstance(got, pa.Scalar) else got.item()
            raise self.refuse(row, column, must, got)


def flags_of(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return truth values, none of which is missing, `[L]`."""
    flags: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return flags


def list_names(names: Sequence[str]) -> str:
    """List columns for a message, the first of many."""
    rest = len(names) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(map(repr, names[:_MOST_NAMES])) + more


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts stripped of outer blanks; empty ones become null.

    Numbers are written in their shortest form, so that 3.0 and 3 name one thing.
    """
    kind = column.type
    column = column.cast(pa.string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        column = mapped(column, {text: canonical(text) for text in encode(column)[1]})
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def mapped(column: pa.ChunkedArray, to: Mapping[str, str]) -> pa.ChunkedArray:
    """Replace texts by others; those that are not named stay."""
    codes, texts = encode(column)
    new = pa.array([to.get(text, text) for text in texts], pa.string())
    return pa.chunked_array([new.take(pa.array(codes, mask=codes < 0))])


def as_numbers(
    column: pa.ChunkedArray,
    name: str,
    place: Place,
    low: float,
    high: float,
    unit: str = "",
) -> pa.ChunkedArray:
    """Return numbers in a range, null where there is none.

    Raises:
        ValueError: something is no number, or out of range; names row and column.
    """
    must = f"a number in [{low:g}, {high:g}]{' ' + unit if unit else ''}"

    def refuse(row: int, got: object) -> ValueError:
        comma = ", written with a decimal point" if "," in str(got) else ""
        return place.refuse(row, name, must + comma, got)

    values = _floats(column, refuse)
    numbers = values.to_numpy(zero_copy_only=False)
    known = ~flags_of(values.is_null())
    bad = known & ~((numbers >= low) & (numbers <= high))
    place.refuse_any(bad, name, must, numbers)
    return values


def as_whole(column: pa.ChunkedArray, name: str, place: Place) -> pa.ChunkedArray:
    """Return whole numbers from 0, null where there is none.

    Raises:
        ValueError: something is no whole number; names row and column.
    """
    values = as_numbers(column, name, place, 0, 2**52)
    numbers = values.to_numpy(zero_copy_only=False)
    bad = ~flags_of(values.is_null()) & (numbers != np.floor(numbers))
    place.refuse_any(bad, name, "a whole number", numbers)
    return values.cast(pa.int64())


def as_flags(column: pa.ChunkedArray, name: str, place: Place) -> pa.ChunkedArray:
    """Return flags written as 0 and 1, false and true, no and yes.

    Raises:
        ValueError: something else; names row and column.
    """
    if pa.types.is_boolean(column.type):
        return column
    text = pc.utf8_lower(as_text(column))
    yes = pc.is_in(text, pa.array(["1", "true", "yes", "1.0"]))
    no = pc.is_in(text, pa.array(["0", "false", "no", "0.0"]))
    bad = ~flags_of(text.is_null()) & ~flags_of(pc.or_(yes, no))
    place.refuse_any(bad, name, "0 or 1", text)
    return pc.if_else(pc.is_null(text), pa.scalar(None, pa.bool_()), yes)


def as_moments(column: pa.ChunkedArray, name: str, place: Place) -> pa.ChunkedArray:
    """Return moments in seconds since 1970, from numbers or texts.

    Texts are as in ISO 8601, or as Amazon Mechanical Turk writes them. A time without
    a zone counts as UTC.

    Raises:
        ValueError: something else; names row and column.
    """
    if pa.types.is_timestamp(column.type):
        rounded = column.cast(pa.timestamp("us"), safe=False)
        return pc.divide(rounded.cast(pa.int64()), 1e6)
    if not pa.types.is_string(column.type):
        return as_numbers(column, name, place, 0.0, math.inf, "s since 1970")
    found = [
        None if text is None else _moment(text, row, name, place)
        for row, text in enumerate(as_text(column).to_pylist())
    ]
    return pa.chunked_array([pa.array(found, pa.float64())])


def _moment(text: str, row: int, name: str, place: Place) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    turk = _TURK.fullmatch(text)
    try:
        moment = datetime.fromisoformat(text) if turk is None else _as_turk(turk)
    except (ValueError, KeyError):
        must = "a time, as 2024-05-31T12:00:00Z or seconds since 1970"
        raise place.refuse(row, name, must, text) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _as_turk(found: re.Match[str]) -> datetime:
    """Read the parts of a time such as Fri May 01 09:03:04 PDT 2026."""
    month, day, hour, minute, second, name, year = found.groups()
    zone = timezone(timedelta(hours=_ZONES[name]))
    parts = (int(year), _MONTHS.index(month) // 3 + 1, int(day), int(hour))
    return datetime(*parts, int(minute), int(second), tzinfo=zone)


def _floats(
    column: pa.ChunkedArray, refuse: Callable[[int, object], ValueError]
) -> pa.ChunkedArray:
    kind = column.type
    if (
        pa.types.is_null(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
    ):
        return column.cast(pa.float64())
    text = as_text(column)
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        values = text.to_pylist()
        for row, value in enumerate(values):
            if value is not None and not is_number(value):
                raise refuse(row, value) from None
    # a sign in front of a number is Python's to read
    return pa.chunked_array([pa.array([v and float(v) for v in values], pa.float64())])


_TICKS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_CLOCK = (
    r"^\s*(?:(?P<days>\d+) days?,? )?(?P<hours>\d\d?):(?P<minutes>[0-5]\d)"
    r":(?P<seconds>[0-5]\d(?:\.\d+)?)\s*$"
)
_PARTS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_NUMBERS = ("integer", "number", "decimal")
_ALLOWED = {
    pa.string(): ("text", *_NUMBERS, "truth value", "date", "moment", "time of day"),
    pa.int64(): ("text", *_NUMBERS),
    pa.float64(): ("text", *_NUMBERS),
    pa.bool_(): ("text", *_NUMBERS, "truth value"),
}
_REMEDIES = {
    "list": " Write an answer of several labels as one text, as 'a|b'.",
    "bytes": " Write it as text in UTF-8.",
    "time of day": (
        " That is a time of day; a time that passed is a duration or a number."
    ),
}
_MEANT = {
    pa.string(): "text or numbers",
    pa.int64(): "numbers",
    pa.float64(): "numbers",
    pa.bool_(): "truth values or 0 and 1",
}


def readable(
    column: pa.ChunkedArray, field: str, name: str, place: Place, unit_s: float = 1.0
) -> pa.ChunkedArray:
    """Bring a column into a type that its field can be read from.

    `unit_s` are the seconds in a unit of time, as the caller was told.

    Returns:
        Texts, integers, fractions, truth values or moments, missing where the file
        holds a NaN; a duration in units of `unit_s`.

    Raises:
        ValueError: the type cannot hold that field; names column and type.
    """
    kind = column.type
    column = decoded(column)
    what = meaning(column.type)
    if field == "seconds" and what == "duration":
        _check_unit(f"type {column.type}", name, place, unit_s)
        ticks = column.cast(pa.int64()).cast(pa.float64())
        return pc.multiply(ticks, _TICKS[column.type.unit])
    allowed = _ALLOWED[FIELDS[field]]
    if field == "started":
        allowed = (*allowed, "date", "moment")
    if what not in (*allowed, "nothing"):
        raise ValueError(
            f"{place.origin}: column {name!r} must hold "
            f"{_MEANT[FIELDS[field]]}, got type {kind}.{_REMEDIES.get(what, '')}"
        )
    if what in ("text", "nothing"):
        column = column.cast(pa.string())
        is_clock = field == "seconds" and _is_clock(column)
        return _clock_seconds(column, name, place, unit_s) if is_clock else column
    if what == "number":
        # half floats are compared nowhere
        wide = column.cast(pa.float32()) if pa.types.is_float16(column.type) else column
        return pc.if_else(pc.is_nan(wide), pa.scalar(None, wide.type), wide)
    if what == "decimal" and FIELDS[field] != pa.string():
        return column.cast(pa.float64())
    if what == "date" and field == "started":
        return column.cast(pa.timestamp("us"))
    return column


def _check_unit(what: str, name: str, place: Place, unit_s: float) -> None:
    if unit_s != 1.0:
        raise ValueError(
            f"`seconds_per_unit` must be left out where column {name!r} has {what}, "
            f"which says its unit ({place.origin}), got {unit_s:g}."
        )


def _is_clock(column: pa.ChunkedArray) -> bool:
    """Whether all texts are times as 0 days 00:00:02.545 or 00:00:02."""
    said = column.drop_null()
    found = pc.match_substring_regex(said, _CLOCK)
    return len(said) > 0 and bool(pc.all(found).as_py())


def _clock_seconds(
    column: pa.ChunkedArray, name: str, place: Place, unit_s: float
) -> pa.ChunkedArray:
    _check_unit("hours, minutes and seconds", name, place, unit_s)
    part = pc.extract_regex(column, _CLOCK)
    total = None
    for field, each_s in _PARTS.items():
        texts = pc.struct_field(part, field)
        number = pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.float64())
        seconds = pc.multiply(number, each_s)
        total = seconds if total is None else pc.add(total, seconds)
    return total


_MEANING = {"answer": "they count as skips", "gold": "they count as no gold"}


def blank_marks(
    column: pa.ChunkedArray, field: str, name: str, place: Place
) -> tuple[pa.ChunkedArray, list[str]]:
    """Turn marks of missing values into missing ones.

    What is no text stays.

    Returns:
        The column, and a note that counts marks of answers and golds.

    Raises:
        ValueError: a person or an item is marked as missing; names the row.
    """
    if column.type != pa.string():
        return column, []
    trimmed = pc.utf8_trim_whitespace(column)
    found = pc.fill_null(is_mark(trimmed), False)
    flags = flags_of(found)
    if field in ("annotator", "item"):
        must = "filled (`--keep-na` takes a mark of missing values for a name)"
        place.refuse_any(flags, name, must, trimmed)
    if not flags.any():
        return column, []
    blank = pc.if_else(found, pa.scalar(None, pa.string()), column)
    if FIELDS[field] != pa.string():
        return blank, []
    marks = sorted(set(trimmed.filter(found).to_pylist()))
    meaning = _MEANING.get(field, "they count as missing")
    return blank, [
        f"column {name!r} says {' or '.join(map(repr, marks))} in {int(flags.sum())} "
        f"rows, the first {place.where(int(flags.argmax()))}: {meaning}. --keep-na "
        "makes the mark a class."
    ]
