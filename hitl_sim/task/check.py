"""Refuse bad data and impossible splits on the host, before any work."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from hitl_sim.table.spelling import whole_numbers
from hitl_sim.task.data import TaskInfo


def check_sizes(
    info: TaskInfo,
    num_pool: int,
    num_validation: int,
    num_test: int,
    prefix: str = "num_",
) -> None:
    """Refuse a split that the task cannot fill.

    Args:
        info: the task.
        num_pool: items N of the pool.
        num_validation: items V of the part that fixes the target.
        num_test: items of the part that is only watched.
        prefix: of the three names in a message, as the caller's user writes them.

    Raises:
        ValueError: a part has no item, or the three together have more items than the
            task.
    """
    sizes = (num_pool, num_validation, num_test)
    names = [f"{prefix}{part}" for part in ("pool", "validation", "test")]
    parts = dict(zip(names, sizes, strict=True))
    for name, value in parts.items():
        if value < 1:
            raise ValueError(f"`{name}` must be >= 1, got {value}.")
    total = sum(parts.values())
    if total > info.num_items:
        raise ValueError(
            f"`{' + '.join(names)}` must be <= {info.num_items} (the items of task "
            f"{info.name!r}), got {num_pool} + {num_validation} + {num_test} = {total}."
        )


def check_features(
    features: Float[np.ndarray, "items features"],
    columns: Sequence[str],
    where: str,
    remedy: str = "",
) -> None:
    """Refuse values that are not finite.

    Args:
        features: `[M, D]`.
        columns: `D` names, for the message.
        where: the file and field, for the message.
        remedy: what can be done about them, for its end.

    Raises:
        ValueError: there is no item or no feature, or a value is NaN or infinite; the
            message names the first one's row (counted from 1) and column.
    """
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(
            f"{where}: `features` must be an array [items, features] with at least one "
            f"of each, got shape {features.shape}."
        )
    bad = np.argwhere(~np.isfinite(features))
    if bad.size:
        row, column = (int(index) for index in bad[0])
        raise ValueError(
            f"{where}: `features` must be finite, got {features[row, column]} in row "
            f"{row + 1} (counted from 1), column {columns[column]!r} "
            f"({len(bad)} such value{'s' if len(bad) > 1 else ''} in "
            f"{len(np.unique(bad[:, 0]))} of {len(features)} rows).{remedy}"
        )


def encode_labels(
    labels: np.ndarray, where: str
) -> tuple[Int[np.ndarray, " items"], tuple[str, ...]]:
    """Turn labels into 0 to K - 1 and class names.

    Args:
        labels: `[M]`; whole numbers that already are 0 to K - 1, of whatever type,
            booleans, or strings, which become classes in sorted order.
        where: the file and field, for the message.

    Returns:
        `[M]` int32 labels and `K` names.

    Raises:
        ValueError: labels are of another type, a class between 0 and the largest label
            has no item, a string is empty, or there are fewer than 2 classes.
    """
    if labels.ndim != 1:
        raise ValueError(
            f"{where}: must be one label per item, got an array of shape "
            f"{labels.shape}."
        )
    if labels.dtype.kind == "U":
        names, codes = np.unique(labels, return_inverse=True)
        if "" in names:
            row = int(np.flatnonzero(labels == "")[0])
            raise ValueError(
                f"{where}: must name a class in every row, got '' in row {row + 1} "
                "(counted from 1)."
            )
        class_names = tuple(str(name) for name in names)
    elif labels.dtype.kind in "iub" or (
        labels.dtype.kind == "f" and not _is_broken(labels).any()
    ):
        codes = labels.astype(np.int64)
        class_names = _count_classes(codes, where)
    else:
        raise ValueError(
            f"{where}: must be whole numbers 0 to K - 1 or strings, got type "
            f"{labels.dtype}{_first_fraction(labels)}."
        )
    if len(class_names) < 2:
        raise ValueError(
            f"{where}: must have at least 2 classes, got {len(class_names)}"
            f"{' (' + repr(class_names[0]) + ')' if class_names else ''}."
        )
    return codes.astype(np.int32), class_names


def _is_broken(labels: np.ndarray) -> Bool[np.ndarray, " items"]:
    """Whether each float is no whole number."""
    return np.asarray(~np.isfinite(labels) | (labels != np.round(labels)))


def _first_fraction(labels: np.ndarray) -> str:
    """Say where the first number is that is not whole."""
    if labels.dtype.kind != "f":
        return ""
    row = int(np.argmax(_is_broken(labels)))
    return (
        f" ({labels[row]} in row {row + 1}, counted from 1). Where numbers are to be "
        "predicted, write `problem = 'regression'`"
    )


def check_item_ids(ids: Sequence[str], num_items: int, where: str) -> tuple[str, ...]:
    """Refuse ids that do not name each item once.

    Args:
        ids: as the file has them; blanks around them are dropped, and whole numbers
            written without ".0", as in answers.
        num_items: M.
        where: the file and field, for the message.

    Raises:
        ValueError: one is empty or comes twice, or they are not M; names the row.
    """
    if len(ids) != num_items:
        raise ValueError(
            f"{where}: must have one id for each of {num_items} items, got {len(ids)}."
        )
    first: dict[str, int] = {}
    names = [name.strip() for name in ids]
    whole = whole_numbers(names)
    for row, name in enumerate(whole.get(name, name) for name in names):
        if not name:
            raise ValueError(
                f"{where}: must have an id in every row, got '' in row {row + 1} "
                "(counted from 1)."
            )
        if first.setdefault(name, row) != row:
            raise ValueError(
                f"{where}: must name every item once, got {name!r} in rows "
                f"{first[name] + 1} and {row + 1} (counted from 1)."
            )
    return tuple(first)


def _count_classes(codes: Int[np.ndarray, " items"], where: str) -> tuple[str, ...]:
    """Name the classes 0 to K - 1, and refuse negative labels and empty classes."""
    present = np.unique(codes)
    if present.size and present[0] < 0:
        raise ValueError(
            f"{where}: must be whole numbers >= 0, got {int(present[0])} in row "
            f"{int(np.argmin(codes)) + 1} (counted from 1)."
        )
    num_classes = int(present[-1]) + 1 if present.size else 0
    if present.size < num_classes:
        empty = next(k for k, code in enumerate(present) if code != k)
        raise ValueError(
            f"{where}: must have at least one item of every class from 0 to the "
            f"largest label, got none of class {empty} (labels up to "
            f"{num_classes - 1}, {num_classes - present.size} without items). Renumber "
            "the labels, or use strings."
        )
    return tuple(str(k) for k in range(num_classes))
