"""The feature columns of a user's table: numbers, categories, and what is missing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np
from jaxtyping import Bool, Float

from hitl_sim.table.spelling import is_number
from hitl_sim.task.cell import decode, is_text, plain
from hitl_sim.task.check import check_features
from hitl_sim.task.option import TaskOptions

if TYPE_CHECKING:
    import pyarrow as pa

MOST_VALUES = 256
"""Values of a category, beyond which it is more like a name: assumed."""
_NONE = "(none)"
"""Value of a category where its cell is empty."""


class Features(NamedTuple):
    """Feature columns side by side.

    Attributes:
        values: `[kept, D]`, finite.
        names: `D` of them; "column=value" of a category.
        is_kept: `[rows]` rows of the file that stay.
        notes: what was filled, left out or written otherwise.
    """

    values: Float[np.ndarray, "items features"]
    names: tuple[str, ...]
    is_kept: Bool[np.ndarray, " rows"]
    notes: tuple[str, ...]


def read_features(
    table: "pa.Table", columns: Sequence[str], options: TaskOptions, path: Path
) -> Features:
    """Read the feature columns of a table.

    Args:
        table: of the file.
        columns: those that are features.
        options: `categorical` and `impute`.
        path: of the file, for messages.

    Raises:
        ValueError: there is no column; one does not hold what it is said to; a number
            is missing, and nothing says what is to be done.
    """
    _check_categorical(columns, options, path)
    if not columns:
        raise ValueError(
            f"{path}: must have feature columns beside the label, got none."
        )
    parts, names, notes = [], list[str](), list[str]()
    for name in columns:
        column = table.column(name)
        if name in options.categorical:
            values, levels, note = _categories(column, name, path)
            parts.append(values)
            names += [f"{name}={level}" for level in levels]
            notes.append(note)
        else:
            parts.append(_numbers(column, name, path)[:, None])
            names.append(name)
    values = np.concatenate(parts, axis=1)
    is_missing = np.isnan(values)
    is_kept = np.ones(len(values), bool)
    if options.impute is not None and is_missing.any():
        rows = int(is_missing.any(axis=1).sum())
        if options.impute == "drop":
            is_kept = ~is_missing.any(axis=1)
            notes.append(
                f"{rows} of {len(values)} rows are left out, for a number is missing"
            )
        else:
            values = _with_medians(values, names, path)
            notes.append(
                f"{int(is_missing.sum())} missing numbers in {rows} of {len(values)} "
                "rows are the median of their column"
            )
    where = f"{path} (row 1 follows the header)"
    check_features(values[is_kept], names, where, _REMEDY)
    return Features(values[is_kept], tuple(names), is_kept, tuple(notes))


def _with_medians(
    values: Float[np.ndarray, "items features"], names: Sequence[str], path: Path
) -> Float[np.ndarray, "items features"]:
    """Fill what is missing with the median of what its column has.

    Raises:
        ValueError: a column has nothing.
    """
    is_empty = np.isnan(values).all(axis=0)
    if is_empty.any():
        raise ValueError(
            f"{path}, column {names[int(np.argmax(is_empty))]!r}: must hold a number "
            "at the least where `impute` is 'median', got none. Leave it out of the "
            "file."
        )
    return np.where(np.isnan(values), np.nanmedian(values, axis=0)[None], values)


def _check_categorical(
    columns: Sequence[str], options: TaskOptions, path: Path
) -> None:
    """Refuse categories that are in no feature column."""
    for name in options.categorical:
        if name not in columns:
            raise ValueError(
                f"`categorical` must name feature columns of {path} "
                f"({', '.join(map(repr, columns))}), got {name!r}."
            )


def _categories(
    column: "pa.ChunkedArray", name: str, path: Path
) -> tuple[Float[np.ndarray, "items levels"], list[str], str]:
    """Return a column of 0 and 1 for each value of a category, and say so."""
    import pyarrow as pa  # noqa: PLC0415

    from hitl_sim.table.column_type import decoded  # noqa: PLC0415

    where = f"{path}, column {name!r} (`categorical`)"
    column = decoded(column)
    if pa.types.is_nested(column.type):
        raise ValueError(f"{where}: must hold one value per row, got {column.type}.")
    if not is_text(column):
        column = plain(column).cast(pa.string())
    cells = [cell.strip() or _NONE for cell in decode(column, where)]
    levels, place = np.unique(np.array(cells), return_inverse=True)
    if len(levels) > MOST_VALUES:
        raise ValueError(
            f"{where}: must have at most {MOST_VALUES} different values, got "
            f"{len(levels)}. Leave it out of the file, or name it as `text_column`."
        )
    empty = sum(cell == _NONE for cell in cells)
    note = f"column {name!r} has {len(levels)} values, each a feature of its own"
    if empty:
        note += f"; its {empty} empty cells are a value too"
    one_hot = np.eye(len(levels))[place.reshape(-1)]
    return one_hot, levels.tolist(), note


def _numbers(
    column: "pa.ChunkedArray", name: str, path: Path
) -> Float[np.ndarray, " items"]:
    """Return a column of numbers; a missing one is NaN."""
    from hitl_sim.table.column_type import decoded, meaning  # noqa: PLC0415

    column = decoded(column)
    if is_text(column):
        _refuse_text(decode(column, f"{path}, column {name!r}"), name, path)
    if meaning(column.type) not in _NUMBERS:
        raise ValueError(
            f"{path}, column {name!r}: must hold numbers, got type {column.type}. "
            "Leave it out of the file, or name it as `text_column`."
        )
    values = plain(column).to_numpy(zero_copy_only=False)
    return np.array(values, dtype=np.float64)


_NUMBERS = ("number", "integer", "decimal", "truth value", "nothing")
"""A csv column without any value has no type: all its numbers are missing."""
_REMEDY = (
    " Fill them, with `impute = 'median'` for the median of their column, or leave "
    "those rows out, with `impute = 'drop'`."
)


def _refuse_text(texts: Sequence[str], name: str, path: Path) -> NoReturn:
    """Refuse a column of text: a stray mark among numbers, or categories.

    Raises:
        ValueError: says which, and what can be done.
    """
    where = f"{path}, column {name!r}: must hold numbers, got"
    given = [(row, text) for row, text in enumerate(texts) if text]
    odd = [(row, text) for row, text in given if not is_number(text)]
    if 2 * len(odd) < len(given):
        row, text = odd[0] if odd else given[0]
        raise ValueError(
            f"{where} {text!r} in row {row + 1} (counted from 1, without the header; "
            f"{len(odd)} such values). Fill them, or leave those rows out of the file."
        )
    values = sorted({text for _, text in given})
    shown = ", ".join(map(repr, values[:_SHOWN])) + (", ..." * (len(values) > _SHOWN))
    raise ValueError(
        f"{where} type string ({shown}). Name it in `categorical`, which gives each of "
        f"its {len(values)} values a column of 0 and 1 (one-hot), leave it out of the "
        "file, or name it as `text_column`."
    )


_SHOWN = 3
