"""Marks of missing values: read as missing unless the user says that they are not."""

import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.participants.answers import FIELDS
from hitl_sim.participants.column import Place
from hitl_sim.table.text_column import is_mark

_MEANING = {
    "answer": "they count as skips",
    "gold": "they count as no gold",
}


def blank_marks(
    column: pa.ChunkedArray, field: str, name: str, place: Place
) -> tuple[pa.ChunkedArray, list[str]]:
    """Turn marks of missing values into missing ones.

    Args:
        column: of a file; what is no text stays.
        field: what it holds, one of `FIELDS`.
        name: what the file calls it.
        place: the file.

    Returns:
        The column, and a note that counts marks of answers and golds.

    Raises:
        ValueError: a person or an item is marked as missing; names the row.
    """
    if column.type != pa.string():
        return column, []
    trimmed = pc.utf8_trim_whitespace(column)
    found = pc.fill_null(is_mark(trimmed), False)
    flags = found.to_numpy(zero_copy_only=False)
    if not flags.any():
        return column, []
    row = int(flags.argmax())
    if field in ("annotator", "item"):
        must = "filled (`--keep-na` takes a mark of missing values for a name)"
        raise place.refuse(row, name, must, trimmed[row].as_py())
    blank = pc.if_else(found, pa.scalar(None, pa.string()), column)
    if FIELDS[field] != pa.string():
        return blank, []
    marks = sorted(set(trimmed.filter(found).to_pylist()))
    meaning = _MEANING.get(field, "they count as missing")
    return blank, [
        f"column {name!r} says {' or '.join(map(repr, marks))} in {int(flags.sum())} "
        f"rows, the first {place.where(row)}: {meaning}. --keep-na makes the mark a "
        "class."
    ]
