"""A user's own table, from a text or .parquet file: numbers, or one column of text."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hitl_sim.task.cell import decode, is_text, plain
from hitl_sim.task.check import check_item_ids
from hitl_sim.task.column import read_features
from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups
from hitl_sim.task.label import read_labels
from hitl_sim.task.number import of_numbers, read_numbers
from hitl_sim.task.option import Impute, Representation, TaskOptions
from hitl_sim.task.read import DEFAULT_LABEL_COLUMN, format_of, read_table
from hitl_sim.task.standard import standardise
from hitl_sim.task.text import represent
from oracles import part
from oracles.part import Problem

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
    impute: Impute | None = None,
    categorical: tuple[str, ...] = (),
    problem: Problem = "classification",
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
        impute: what is done where a number is missing; see `TaskOptions`.
        categorical: columns of categories; see `TaskOptions`.
        problem: whether labels are classes or numbers; see `TaskOptions`.

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
        impute=impute,
        categorical=tuple(categorical),
    )
    table, notes = read_table(path, options)
    unused = (label_column, item_column, text_column)
    columns = [name for name in table.column_names if name not in unused]
    column, found = _column(table, label_column, "label_column", path), None
    if text_column is None:
        found = read_features(table, columns, options, path)
        table, notes = table.filter(found.is_kept), (*notes, *found.notes)
        column = column.filter(found.is_kept)
    where = f"{path}, column {label_column!r}"
    numbers, class_names, more = None, tuple[str, ...](), tuple[str, ...]()
    given = _labels(column, where)
    if problem == "regression":
        numbers = read_numbers(given, where)
        labels = numbers.values
    else:
        labels, class_names, more = read_labels(given, where)
    notes = (*notes, *more)
    item_ids = item_ids_of(table, item_column, path)
    if found is None:
        column = _column(table, str(text_column), "text_column", path)
        where = f"{path}, column {text_column!r}"
        texts = represent(_texts(column, where), options, where)
        source = f"{path.name}, texts of column {text_column!r}."
        task = texts.as_task(_name(path), source, labels, class_names, num_groups)
        return of_numbers(task._replace(item_ids=item_ids, notes=notes), numbers)
    groups, group_names = block_groups(found.names, num_groups)
    task = RawTask(
        name=_name(path),
        source=f"{path.name}; each column standardised over all items",
        kind="table",
        features=standardise(found.values),
        labels=labels,
        class_names=class_names,
        size=np.ones(len(labels)),
        groups=groups,
        group_names=group_names,
        item_ids=item_ids,
        notes=notes,
    )
    return of_numbers(task, numbers)


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
    if is_text(column):
        return np.array(decode(column, where))
    return np.asarray(plain(column).to_numpy(zero_copy_only=False))


def labels_of(table: "pa.Table", name: str, path: Path) -> tuple[np.ndarray, str]:
    """Return the labels in a column, as `read_labels` takes them.

    Raises:
        ValueError: there is no such column, a row has none, or several.
    """
    where = f"{path}, column {name!r}"
    return _labels(_column(table, name, "label_column", path), where), where


def item_ids_of(
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
    if not is_text(column):
        raise ValueError(f"{where}: must be texts or whole numbers, got {column.type}.")
    return check_item_ids(decode(column, where), len(column), where)


def _texts(column: "pa.ChunkedArray", where: str) -> list[str]:
    """Return texts as strings."""
    if not is_text(column):
        raise ValueError(
            f"{where} (`text_column`): must be a column of text, got type "
            f"{column.type}."
        )
    return decode(column, where)
