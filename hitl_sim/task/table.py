"""A user's own table, from a .csv or .parquet file: numbers, or one column of text."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from hitl_sim.task.check import check_features, encode_labels
from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups
from hitl_sim.task.text import describe_text, group_text, weigh_words

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_LABEL_COLUMN = "label"


def load_table(
    path: Path,
    num_features: int,
    num_groups: int | None,
    label_column: str | None,
    text_column: str | None,
) -> RawTask:
    """Load a task from a table of numbers, or from one column of text.

    Args:
        path: an existing .csv or .parquet file.
        num_features: D of a text task; a table of numbers brings its own.
        num_groups: G, equal parts of the features; `None` for one group per column, or
            the default of a text task.
        label_column: column of the labels; `None` for "label".
        text_column: column of text; `None` where all other columns are numbers.

    Returns:
        The task; columns of numbers are standardised over the items.

    Raises:
        ValueError: the file cannot be read, lacks a column, a feature is not a finite
            number, a label or text is missing, or a class has no item.
    """
    table = _read(path)
    label_column = DEFAULT_LABEL_COLUMN if label_column is None else label_column
    labels, class_names = encode_labels(
        _labels(_column(table, label_column, "label_column", path)),
        f"{path}, column {label_column!r}",
    )
    if text_column is not None:
        texts = _texts(_column(table, text_column, "text_column", path), path)
        where = f"{path}, column {text_column!r}"
        features, words, size = weigh_words(texts, num_features, where)
        groups, group_names = group_text(features, words, num_groups)
        return RawTask(
            name=path.stem,
            source=f"{path.name}, texts of column {text_column!r}. "
            + describe_text(len(words)),
            kind="text",
            features=features,
            labels=labels,
            class_names=class_names,
            size=size,
            groups=groups,
            group_names=group_names,
        )
    columns = [name for name in table.column_names if name != label_column]
    numbers = _numbers(table, columns, path)
    groups, group_names = block_groups(columns, num_groups)
    return RawTask(
        name=path.stem,
        source=f"{path.name}; each column standardised over all items",
        kind="table",
        features=standardise(numbers),
        labels=labels,
        class_names=class_names,
        size=np.ones(len(labels)),
        groups=groups,
        group_names=group_names,
    )


def standardise(
    features: Float[np.ndarray, "items features"],
) -> Float[np.ndarray, "items features"]:
    """Give each feature mean 0 and standard deviation 1; a constant one becomes 0.

    Both are taken over all items, held-out ones too: no label is seen.

    Args:
        features: `[M, D]`, finite.

    Returns:
        `[M, D]`.
    """
    largest = np.abs(features).max(axis=0)
    features = features / np.where(largest > 0, largest, 1.0)
    centred = features - features.mean(axis=0)
    spread = centred.std(axis=0)
    is_constant = spread <= 1e-12
    scaled = centred / np.where(is_constant, 1.0, spread)
    return np.asarray(np.where(is_constant, 0.0, scaled))


def _read(path: Path) -> "pa.Table":
    """Read the whole table."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv, parquet  # noqa: PLC0415

    is_csv = path.suffix.lower() == ".csv"
    try:
        if is_csv:
            parsing = csv.ParseOptions(newlines_in_values=True)
            table = csv.read_csv(path, parse_options=parsing)
        else:
            table = parquet.read_table(path)
    except (pa.ArrowException, UnicodeError) as error:
        raise ValueError(
            f"{path}: must be a readable {path.suffix} table, got: {error}"
        ) from None
    repeated = {n for n in table.column_names if table.column_names.count(n) > 1}
    if repeated:
        raise ValueError(
            f"{path}: must have different column names, got {sorted(repeated)[0]!r} "
            "more than once."
        )
    return table


def _column(table: "pa.Table", name: str, option: str, path: Path) -> "pa.ChunkedArray":
    """Return a column that must be there and complete."""
    if name not in table.column_names:
        raise ValueError(
            f"`{option}` must be one of the columns {table.column_names} of {path}, "
            f"got {name!r}."
        )
    column = table.column(name)
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
        raise ValueError(
            f"{path}, column {name!r}: must have a value in every row, got none in row "
            f"{row} (counted from 0, without the header)."
        )
    return column


def _labels(column: "pa.ChunkedArray") -> np.ndarray:
    """Return labels as numbers or fixed-width strings, never as objects."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.to_numpy(zero_copy_only=False)
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return np.asarray(values.astype(np.str_) if is_text else values)


def _texts(column: "pa.ChunkedArray", path: Path) -> list[str]:
    """Return texts as strings."""
    import pyarrow as pa  # noqa: PLC0415

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise ValueError(
            f"{path}, `text_column`: must be a column of text, got type {column.type}."
        )
    return [str(text) for text in column.to_pylist()]


def _numbers(
    table: "pa.Table", columns: list[str], path: Path
) -> Float[np.ndarray, "items features"]:
    """Return columns of numbers side by side; a missing number is NaN, and refused."""
    import pyarrow as pa  # noqa: PLC0415

    if not columns:
        raise ValueError(
            f"{path}: must have feature columns beside the label, got none."
        )
    parts = []
    for name in columns:
        column = table.column(name)
        kind = column.type
        is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        # A csv column without any value has no type: all its numbers are missing.
        if not (is_number or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
            raise ValueError(
                f"{path}, column {name!r}: must hold numbers, got type {kind}. Leave "
                "it out of the file, or name it as `text_column`."
            )
        values = column.to_numpy(zero_copy_only=False)
        parts.append(np.array(values, dtype=np.float64))
    features = np.stack(parts, axis=1)
    check_features(features, columns, f"{path} (row 0 follows the header)")
    return features
