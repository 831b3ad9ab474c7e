"""Columns of text that are meant as something else: nothing, or numbers."""

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.table.missing import ANY_CASE, EXACT

_COMMA = r"^\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*$"
_NO_COMMA = r"^\s*[+-]?\d+([eE][+-]?\d+)?\s*$"
# Between columns that commas separate, 4,017 may be four thousand, and 1,2 two labels.
_NO_THOUSANDS = r"^\s*[+-]?(0\d*,\d+|\d{4,},\d+|\d+,(\d{1,2}|\d{4,}))([eE]|\s*$)"
_NO_LABELS = r"^\s*[+-]?\d+,0{1,2}\s*$"


def is_mark(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Say which texts are a mark of a missing value.

    Args:
        column: texts without outer blanks.

    Returns:
        Truth values; an empty text is no mark.
    """
    exact = pc.is_in(column, pa.array(EXACT))
    return pc.or_(exact, pc.is_in(pc.utf8_lower(column), pa.array(ANY_CASE)))


def is_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Say which texts are blank, or a mark of a missing value."""
    text = pc.utf8_trim_whitespace(column)
    return pc.or_(pc.equal(text, ""), is_mark(text))


def with_points(
    table: pa.Table,
    names: Sequence[str],
    delimiter: str,
    measured: Collection[str] = (),
) -> tuple[pa.Table, list[str]]:
    """Write points where all of a column are numbers with decimal commas.

    Args:
        table: as it was read.
        names: columns to look at, each once there; those that are no text stay.
        delimiter: what separates its columns. Where it is a comma, a comma within a
            cell is a decimal one only where it can separate neither thousands nor,
            unless the column is measured, labels.
        measured: columns that hold no labels.

    Returns:
        The table, and the names of the columns in which points were written.
    """
    read = []
    for name in names:
        number = table.column_names.index(name)
        column = table.column(number)
        if column.type != pa.string():
            continue
        fits, sure = _COMMA, _COMMA
        if delimiter == "," and name in measured:
            sure = _NO_THOUSANDS
        elif delimiter == ",":
            fits = sure = _NO_LABELS
        if _all_fit(column, fits, sure):
            point = pc.replace_substring(column, ",", ".")
            table = table.set_column(number, name, point)
            read.append(name)
    return table, read


def _all_fit(column: pa.ChunkedArray, fits: str, sure: str) -> bool:
    """Whether all that is there is whole or fits a pattern, and something is sure."""
    said = column.filter(pc.invert(is_empty(column)))
    comma = pc.match_substring_regex(said, fits)
    whole = pc.match_substring_regex(said, _NO_COMMA)
    is_sure = pc.match_substring_regex(said, sure)
    return bool(pc.any(is_sure).as_py() and pc.all(pc.or_(comma, whole)).as_py())
