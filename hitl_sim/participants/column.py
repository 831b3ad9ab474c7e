"""One column of a file as texts, numbers or moments; what is wrong names its row."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MAX_SECONDS = 7 * 24 * 3600.0
"""Longest time of one answer that is believed, s: a week; more is another unit."""


class Place:
    """Where in a file something is wrong.

    Attributes:
        origin: the file.
    """

    def __init__(self, origin: str) -> None:
        """Remember the file."""
        self.origin = origin

    def refuse(self, row: int, column: str, must: str, got: object) -> ValueError:
        """Return the error that names file, row (the first is 1) and column."""
        return ValueError(
            f"{self.origin}, row {row + 1}, column {column!r}: must be {must}, got "
            f"{got!r}. Rows are counted from 1, without a header."
        )


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts stripped of outer blanks; empty ones become null.

    Whole numbers that a frame or a Parquet file holds as fractions are written as
    whole ones, so that 3.0 and 3 name one thing.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_floating(kind):
        whole = pc.all(pc.equal(column, pc.floor(column))).as_py()
        column = column.cast(pa.int64()) if whole else column
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def as_numbers(
    column: pa.ChunkedArray,
    name: str,
    place: Place,
    low: float,
    high: float,
    unit: str = "",
) -> pa.ChunkedArray:
    """Return numbers in a range, null where there is none.

    Args:
        column: texts or numbers.
        name: what the file calls the column.
        place: the file.
        low: least number that is allowed.
        high: largest number that is allowed.
        unit: their unit, for the message.

    Raises:
        ValueError: something is no number, or out of range; names row and column.
    """
    must = f"a number in [{low:g}, {high:g}]{' ' + unit if unit else ''}"
    values = _floats(column, lambda row, got: place.refuse(row, name, must, got))
    numbers = values.to_numpy(zero_copy_only=False)
    known = ~_nulls(values)
    bad = known & ~((numbers >= low) & (numbers <= high))
    if bad.any():
        row = int(bad.argmax())
        raise place.refuse(row, name, must, float(numbers[row]))
    return values


def as_whole(column: pa.ChunkedArray, name: str, place: Place) -> pa.ChunkedArray:
    """Return whole numbers from 0, null where there is none.

    Raises:
        ValueError: something is no whole number; names row and column.
    """
    values = as_numbers(column, name, place, 0, 2**52)
    numbers = values.to_numpy(zero_copy_only=False)
    bad = ~_nulls(values) & (numbers != np.floor(numbers))
    if bad.any():
        row = int(bad.argmax())
        raise place.refuse(row, name, "a whole number", float(numbers[row]))
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
    bad = ~_nulls(text) & ~pc.or_(yes, no).to_numpy(zero_copy_only=False)
    if bad.any():
        row = int(bad.argmax())
        raise place.refuse(row, name, "0 or 1", text[row].as_py())
    return pc.if_else(pc.is_null(text), pa.scalar(None, pa.bool_()), yes)


def as_moments(column: pa.ChunkedArray, name: str, place: Place) -> pa.ChunkedArray:
    """Return moments in seconds since 1970, from numbers or ISO 8601 texts.

    A time without a zone counts as UTC.

    Raises:
        ValueError: something else; names row and column.
    """
    if pa.types.is_timestamp(column.type):
        return pc.divide(column.cast(pa.timestamp("us")).cast(pa.int64()), 1e6)
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(
        column.type
    ):
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
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        must = "a time, as 2024-05-31T12:00:00Z or seconds since 1970"
        raise place.refuse(row, name, must, text) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


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
        for row, value in enumerate(text.to_pylist()):
            try:
                float(value if value is not None else 0)
            except ValueError:
                raise refuse(row, value) from None
        raise


def _nulls(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return flags
