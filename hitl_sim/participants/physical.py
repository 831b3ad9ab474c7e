"""What a column of Parquet or Arrow says by its type: read so, or refused."""

import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.participants.answers import FIELDS
from hitl_sim.participants.column import Place
from hitl_sim.table.column_type import decoded, meaning

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

    Args:
        column: of any Arrow type.
        field: one of `FIELDS`.
        name: what the file calls it.
        place: the file.
        unit_s: seconds in a unit of time, as the caller was told.

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
            f"{_MEANT[FIELDS[field]]}, got type {kind}.{_said_by(what)}"
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


def _said_by(what: str) -> str:
    if what == "list":
        return " Write an answer of several labels as one text, as 'a|b'."
    if what == "bytes":
        return " Write it as text in UTF-8."
    if what == "time of day":
        return " That is a time of day; a time that passed is a duration or a number."
    return ""


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
