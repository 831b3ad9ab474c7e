"""A user's own table, from a text or .parquet file: numbers, or one column of text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from jaxtyping import Float

from hitl_sim.table.spelling import is_number
from hitl_sim.task.check import check_features, check_item_ids
from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups
from hitl_sim.task.label import read_labels
from hitl_sim.task.option import Representation, TaskOptions
from hitl_sim.task.read import DEFAULT_LABEL_COLUMN, format_of, read_table
from hitl_sim.task.standard import standardise
from hitl_sim.task.text import represent
from oracles import part

if TYPE_CHECKING:
    import pyarrow as pa


def reads(path: Path) -> bool:
    """Whether a name ends as that of a table does."""
    return format_of(path) is not None


@part.task(version=1)
def table(
    path: Path,
    *,
    num_features: int = 256,
    num_groups: int | None = None,
    label_column: str = DEFAULT_LABEL_COLUMN,
    text_column: str | None = None,
    item_column: str | None = None,
    representation: Representation | None = None,
    length: int | None = None,
) -> RawTask:
    """Load a task from a table of numbers, or from one column of text.

    Args:
        path: an existing file of a format in `SUFFIXES`.
        num_features: of a text task; a table of numbers brings its own.
        num_groups: G, equal parts of the features; by default one group per column, or
            the default of a text task.
        label_column: column of the labels.
        text_column: column of text; without it all other columns are numbers.
        item_column: column of ids.
        representation: how text is represented; see `represent`.
        length: of a text as tokens.

    Returns:
        The task; columns of numbers are standardised over the items.

    Raises:
        ValueError: the file cannot be read, lacks a column, a feature is not a finite
            number, a label or text is missing, or a class has no item.
    """
    options = TaskOptions(
        num_features=num_features,
        label_column=label_column,
        text_column=text_column,
        item_column=item_column,
        representation=representation,
        length=length,
    )
    table, notes = read_table(path, options)
    where = f"{path}, column {label_column!r}"
    column = _column(table, label_column, "label_column", path)
    labels, class_names, more = read_labels(_labels(column, where), where)
    notes = (*notes, *more)
    item_ids = _item_ids(table, item_column, path)
    if text_column is not None:
        column = _column(table, text_column, "text_column", path)
        where = f"{path}, column {text_column!r}"
        texts = represent(_texts(column, where), options, where)
        source = f"{path.name}, texts of column {text_column!r}."
        task = texts.as_task(_name(path), source, labels, class_names, num_groups)
        return task._replace(item_ids=item_ids, notes=notes)
    unused = (label_column, item_column)
    columns = [name for name in table.column_names if name not in unused]
    numbers = _numbers(table, columns, path)
    groups, group_names = block_groups(columns, num_groups)
    return RawTask(
        name=_name(path),
        source=f"{path.name}; each column standardised over all items",
        kind="table",
        features=standardise(numbers),
        labels=labels,
        class_names=class_names,
        size=np.ones(len(labels)),
        groups=groups,
        group_names=group_names,
        item_ids=item_ids,
        notes=notes,
    )


def _name(path: Path) -> str:
    """Return the file's name without its suffixes."""
    plain = path.name.removesuffix(".gz")
    return Path(plain).stem


def _column(table: "pa.Table", name: str, option: str, path: Path) -> "pa.ChunkedArray":
    """Return a column that must be there and complete."""
    from hitl_sim.table.column_type import decoded  # noqa: PLC0415

    if name not in table.column_names:
        raise ValueError(
            f"`{option}` must be one of the columns {table.column_names} of {path}, "
            f"got {name!r}."
        )
    column = decoded(table.column(name))
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise ValueError(
            f"{path}, column {name!r}: must have a value in every row, got none in row "
            f"{row + 1} (counted from 1, without the header; {column.null_count} such "
            "rows in all). Leave those rows out of the file."
        )
    return column


def _labels(column: "pa.ChunkedArray", where: str) -> np.ndarray:
    """Return labels as numbers or fixed-width strings, never as objects."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_nested(column.type):
        raise ValueError(
            f"{where}: must be one label per item, got type {column.type}. Keep one of "
            "several labels in each row."
        )
    if _is_text(column):
        return np.array(_decode(column, where))
    return np.asarray(_plain(column).to_numpy(zero_copy_only=False))


def _item_ids(
    table: "pa.Table", name: str | None, path: Path
) -> tuple[str, ...] | None:
    """Return what recorded answers call the items, where the file has such a column."""
    if name is None:
        return None
    import pyarrow as pa  # noqa: PLC0415

    where = f"{path}, column {name!r} (`item_column`)"
    column = _column(table, name, "item_column", path)
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if not _is_text(column):
        raise ValueError(f"{where}: must be texts or whole numbers, got {column.type}.")
    return check_item_ids(_decode(column, where), len(column), where)


def _texts(column: "pa.ChunkedArray", where: str) -> list[str]:
    """Return texts as strings."""
    if not _is_text(column):
        raise ValueError(
            f"{where} (`text_column`): must be a column of text, got type "
            f"{column.type}."
        )
    return _decode(column, where)


def _is_text(column: "pa.ChunkedArray") -> bool:
    """Whether a column holds strings, or the bytes of strings in another encoding."""
    from hitl_sim.table.column_type import meaning  # noqa: PLC0415

    return meaning(column.type) in ("text", "bytes")


def _decode(column: "pa.ChunkedArray", where: str) -> list[str]:
    """Return strings, "" for none, refusing bytes that are no UTF-8."""
    import pyarrow as pa  # noqa: PLC0415

    texts = []
    for row, value in enumerate(column.cast(pa.large_binary()).to_pylist()):
        try:
            texts.append("" if value is None else value.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{where}: must be text in UTF-8, got byte 0x{value[error.start]:02x} "
                f"in row {row + 1} (counted from 1). Save the file as UTF-8."
            ) from None
    return texts


def _numbers(
    table: "pa.Table", columns: list[str], path: Path
) -> Float[np.ndarray, "items features"]:
    """Return columns of numbers side by side; a missing number is NaN, and refused."""
    from hitl_sim.table.column_type import decoded, meaning  # noqa: PLC0415

    if not columns:
        raise ValueError(
            f"{path}: must have feature columns beside the label, got none."
        )
    parts = []
    for name in columns:
        column = decoded(table.column(name))
        if _is_text(column):
            _refuse_text(_decode(column, f"{path}, column {name!r}"), name, path)
        if meaning(column.type) not in _NUMBERS:
            raise ValueError(
                f"{path}, column {name!r}: must hold numbers, got type {column.type}. "
                "Leave it out of the file, or name it as `text_column`."
            )
        values = _plain(column).to_numpy(zero_copy_only=False)
        parts.append(np.array(values, dtype=np.float64))
    features = np.stack(parts, axis=1)
    check_features(features, columns, f"{path} (row 1 follows the header)", _REMEDY)
    return features


_NUMBERS = ("number", "integer", "decimal", "truth value", "nothing")
"""A csv column without any value has no type: all its numbers are missing."""
_REMEDY = (
    " Fill them, for example with the median of their column, or leave those rows out "
    "of the file."
)


def _plain(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Return decimals as the numbers they are."""
    import pyarrow as pa  # noqa: PLC0415

    return column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column


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
        f"{where} type string ({shown}). Write one column of 0 and 1 for each of its "
        f"{len(values)} values in its place (one-hot), leave it out of the file, or "
        "name it as `text_column`."
    )


_SHOWN = 3
