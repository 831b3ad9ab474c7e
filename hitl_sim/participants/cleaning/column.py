"""One column of a file as texts, numbers or moments; what is wrong names its row.

What a column of Parquet or Arrow says by its type is read so, or refused; marks of
missing values are read as missing unless the user says that they are not.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
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
_ZONES = {"UTC": 0, "GMT": 0, "PST": -8, "PDT": -7, "MST": -7, "MDT": -6}
_ZONES |= {"CST": -6, "CDT": -5, "EST": -5, "EDT": -4}
"""Hours before UTC of the zones that the United States name."""
_YES, _NO = ["1", "true", "yes", "1.0"], ["0", "false", "no", "0.0"]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where in a file something is wrong.

    Attributes:
        origin: the file.
        line_of: tells the line of a row in a text file; rows count from 0 here.
        rows: the file's row of each row, where some are left out or repeated.
        num_above: rows of the file that stand above its answers, and are not counted.
        names: what the file calls a column of `FIELDS`, where it is another name.
        name_of: tells the file's column of a row, where several became one.
        tasks: what the task behind each row is called, where a file has tasks.
    """

    origin: str
    line_of: Callable[[int], int] | None = None
    rows: NDArray[np.intp] | None = None
    num_above: int = 0
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    name_of: Callable[[int, str], str] | None = None
    tasks: Sequence[str] = ()

    def take(self, rows: NDArray[np.intp]) -> "Place":
        """Return the place of some of the rows, in any order."""
        return dataclasses.replace(
            self, rows=rows if self.rows is None else self.rows[rows]
        )

    def where(self, row: int) -> str:
        """Name a row by its task, or by its number (the first is 1) and its line."""
        if self.tasks:
            return self.tasks[row]
        number, line = self._counted(row)
        return f"row {number}" if line is None else f"row {number} (line {line})"

    def _counted(self, row: int) -> tuple[int, int | None]:
        """Return the number of a row, and its line in a text file."""
        row = row if self.rows is None else int(self.rows[row])
        line = None if self.line_of is None else self.line_of(row)
        return row - self.num_above + 1, line

    def refuse(self, row: int, column: str, must: str, got: object) -> ValueError:
        """Return the error that names file, row and column."""
        name = self.names.get(column, column)
        if self.tasks:
            return ValueError(
                f"{self.origin}, {self.tasks[row]}, field {name!r}: must be {must}, "
                f"got {got!r}."
            )
        name = name if self.name_of is None else self.name_of(row, name)
        number, line = self._counted(row)
        counted = "Rows are counted from 1"
        if line is not None:
            counted += f", without a header: row {number} is line {line} of the file"
        return ValueError(
            f"{self.origin}, row {number}, column {name!r}: must be {must}, got "
            f"{got!r}. {counted}."
        )

    def refuse_any(
        self, bad: NDArray[np.bool_], column: str, must: str, values: pa.ChunkedArray
    ) -> None:
        """Refuse the first of the rows that are bad, `[L]`, if there is one."""
        if bad.any():
            row = int(bad.argmax())
            raise self.refuse(row, column, must, values[row].as_py())


def flags_of(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return truth values, none of which is missing, `[L]`."""
    flags: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return flags


def find_two(values: NDArray[Any], group: NDArray[np.int64]) -> tuple[int, int] | None:
    """Find a row whose value is another than the first one's of its group.

    Of values and groups `[L]`.

    Returns:
        The row, and the first of its group; None where each group has one value.
    """
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    before = first[of]
    differs = values != values[before]
    row = int(differs.argmax()) if differs.any() else -1
    return None if row < 0 else (row, int(before[row]))


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
    field: str,
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
    values = _floats(column, field, place, must)
    numbers = values.to_numpy(zero_copy_only=False)
    bad = flags_of(values.is_valid()) & ~((numbers >= low) & (numbers <= high))
    place.refuse_any(bad, field, must, values)
    return values


def as_whole(column: pa.ChunkedArray, field: str, place: Place) -> pa.ChunkedArray:
    """Return whole numbers from 0, null where there is none.

    Raises:
        ValueError: something is no whole number; names row and column.
    """
    values = as_numbers(column, field, place, 0, 2**52)
    broken = pc.fill_null(pc.not_equal(values, pc.floor(values)), False)
    place.refuse_any(flags_of(broken), field, "a whole number", values)
    return values.cast(pa.int64())


def as_flags(column: pa.ChunkedArray, field: str, place: Place) -> pa.ChunkedArray:
    """Return flags written as 0 and 1, false and true, no and yes.

    Raises:
        ValueError: something else; names row and column.
    """
    if pa.types.is_boolean(column.type):
        return column
    text = pc.utf8_lower(as_text(column))
    found = pc.index_in(text, pa.array(_YES + _NO))
    place.refuse_any(
        flags_of(pc.and_(text.is_valid(), found.is_null())), field, "0 or 1", text
    )
    return pc.less(found, len(_YES))


def as_moments(column: pa.ChunkedArray, field: str, place: Place) -> pa.ChunkedArray:
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
        return as_numbers(column, field, place, 0.0, math.inf, "s since 1970")
    found = [
        None if text is None else _moment(text, row, field, place)
        for row, text in enumerate(as_text(column).to_pylist())
    ]
    return pa.chunked_array([pa.array(found, pa.float64())])


def _moment(text: str, row: int, field: str, place: Place) -> float:
    for read in (float, _iso_s, _turk_s):
        with contextlib.suppress(ValueError, KeyError):
            return read(text)
    must = "a time, as 2024-05-31T12:00:00Z or seconds since 1970"
    raise place.refuse(row, field, must, text)


def _iso_s(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _turk_s(text: str) -> float:
    """Read a time such as Fri May 01 09:03:04 PDT 2026."""
    *words, name, year = text.split(" ")
    zone = timezone(timedelta(hours=_ZONES[name]))
    moment = datetime.strptime(" ".join([*words, year]), "%a %b %d %H:%M:%S %Y")
    return moment.replace(tzinfo=zone).timestamp()


def _floats(
    column: pa.ChunkedArray, field: str, place: Place, must: str
) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column.cast(pa.float64())
    text = as_text(column)
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        values = text.to_pylist()
    for row, value in enumerate(values):
        if value is not None and not is_number(value):
            comma = ", written with a decimal point" if "," in value else ""
            raise place.refuse(row, field, must + comma, value)
    # a sign in front of a number is Python's to read
    return pa.chunked_array([pa.array([v and float(v) for v in values], pa.float64())])


_TICKS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_CLOCK = (
    r"^\s*(?:(?P<days>\d+) days?,? )?(?P<hours>\d\d?):(?P<minutes>[0-5]\d)"
    r":(?P<seconds>[0-5]\d(?:\.\d+)?)\s*$"
)
_PARTS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_NUMBERS = ("text", "nothing", "integer", "number", "decimal")
_OF_TEXT = (*_NUMBERS, "truth value", "date", "moment", "time of day")
_READABLE = {
    pa.string(): ("text or numbers", _OF_TEXT),
    pa.int64(): ("numbers", _NUMBERS),
    pa.float64(): ("numbers", _NUMBERS),
    pa.bool_(): ("truth values or 0 and 1", (*_NUMBERS, "truth value")),
}
"""What a column of each type of `FIELDS` may hold, in words and by `meaning`."""
_REMEDIES = {
    "list": " Write an answer of several labels as one text, as 'a|b'.",
    "bytes": " Write it as text in UTF-8.",
    "time of day": (
        " That is a time of day; a time that passed is a duration or a number."
    ),
}


def readable(
    column: pa.ChunkedArray, field: str, place: Place, unit_s: float = 1.0
) -> pa.ChunkedArray:
    """Bring a column into a type that its field can be read from.

    `unit_s` are the seconds in a unit of time, as the caller was told.

    Returns:
        Texts, integers, fractions, truth values or moments, missing where the file
        holds a NaN; a duration in units of `unit_s`.

    Raises:
        ValueError: the type cannot hold that field; names column and type.
    """
    kind, name = column.type, place.names[field]
    column = decoded(column)
    what = meaning(column.type)
    if field == "seconds" and what == "duration":
        _check_unit(f"type {column.type}", name, place, unit_s)
        ticks = column.cast(pa.int64()).cast(pa.float64())
        return pc.multiply(ticks, _TICKS[column.type.unit])
    meant, allowed = _READABLE[FIELDS[field]]
    is_moment = field == "started" and what in ("date", "moment")
    if what not in allowed and not is_moment:
        raise ValueError(
            f"{place.origin}: column {name!r} must hold {meant}, got type {kind}."
            f"{_REMEDIES.get(what, '')}"
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
    return column.cast(pa.timestamp("us")) if is_moment and what == "date" else column


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
    total = pa.scalar(0.0)
    for unit, each_s in _PARTS.items():
        texts = pc.struct_field(part, unit)
        number = pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.float64())
        total = pc.add(total, pc.multiply(number, each_s))
    return total


_MEANING = {"answer": "they count as skips", "gold": "they count as no gold"}


def blank_marks(
    column: pa.ChunkedArray, field: str, place: Place
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
        place.refuse_any(flags, field, must, trimmed)
    blank = pc.if_else(found, pa.scalar(None, pa.string()), column)
    if FIELDS[field] != pa.string() or not flags.any():
        return blank, []
    marks = sorted(set(trimmed.filter(found).to_pylist()))
    meaning = _MEANING.get(field, "they count as missing")
    return blank, [
        f"column {place.names[field]!r} says {' or '.join(map(repr, marks))} in "
        f"{int(flags.sum())} rows, the first {place.where(int(flags.argmax()))}: "
        f"{meaning}. --keep-na makes the mark a class."
    ]
