"""Load a task by name or from a user's file."""

from pathlib import Path

import numpy as np

from hitl_sim.task.archive import load_archive
from hitl_sim.task.content import hash_content
from hitl_sim.task.data import RawTask, TaskData, TaskInfo
from hitl_sim.task.digits import load_digits
from hitl_sim.task.docstring import load_docstrings
from hitl_sim.task.importance import IMPORTANCE_SOURCE, reference_importance
from hitl_sim.task.table import load_table

TASKS = ("digits", "docstrings")
SUFFIXES = (".npz", ".csv", ".parquet")


def load_task(
    source: str | Path,
    *,
    num_features: int = 256,
    num_groups: int | None = None,
    label_column: str | None = None,
    text_column: str | None = None,
) -> tuple[TaskInfo, TaskData]:
    """Load a task on the host, check it, and measure its reference importance.

    Args:
        source: "digits", "docstrings", or the path of a user's file. `.npz` holds
            arrays `features` [M, D] and `labels` [M], and may hold `size` [M], `groups`
            ([D] the group of each feature, or [G, S] the features of each group) and
            `group_names` [G]. `.csv` and `.parquet` hold one label column, and either
            numeric feature columns or one column of text.
        num_features: D of a text task, its most frequent words; other tasks bring their
            own features.
        num_groups: G, equal parts of the features. Default: 16 patches for digits, 32
            word groups for text (fewer where 32 does not divide the words), one group
            per column for a table.
        label_column: column of the labels of a `.csv` or `.parquet`; default "label".
        text_column: column of text of a `.csv` or `.parquet`; other columns are then
            not read. Default: none, all other columns are numbers.

    Returns:
        What is known on the host, and the data as numpy arrays: no JAX backend starts.

    Raises:
        ValueError: an unknown name, or a file that cannot be a task; the message names
            the file, the field and what is allowed.
        FileNotFoundError: there is no such file.
    """
    text = str(source)
    suffix = Path(text).suffix.lower()
    is_table = suffix in (".csv", ".parquet")
    if not is_table and (label_column is not None or text_column is not None):
        name = "text_column" if label_column is None else "label_column"
        raise ValueError(
            f"`{name}` must be left out for {text!r}, got "
            f"{(label_column or text_column)!r}: only .csv and "
            ".parquet files have columns."
        )
    if num_features < 1:
        raise ValueError(f"`num_features` must be >= 1, got {num_features}.")
    if num_groups is not None and num_groups < 1:
        raise ValueError(f"`num_groups` must be >= 1, got {num_groups}.")
    if text == "digits":
        return _finish(load_digits(num_groups))
    if text == "docstrings":
        return _finish(load_docstrings(num_features, num_groups))
    if suffix not in SUFFIXES:
        raise ValueError(
            f"`source` must be one of {', '.join(map(repr, TASKS))}, or the path of a "
            f"{', '.join(SUFFIXES)} file, got {text!r}."
        )
    path = Path(text)
    if not path.is_file():
        raise FileNotFoundError(f"`source` must be an existing file, got {text!r}.")
    if is_table:
        return _finish(
            load_table(path, num_features, num_groups, label_column, text_column)
        )
    return _finish(load_archive(path, num_groups))


def _finish(raw: RawTask) -> tuple[TaskInfo, TaskData]:
    """Fix the types, measure the importance and name the content."""
    data = TaskData(
        features=np.ascontiguousarray(raw.features, np.float32),
        labels=np.ascontiguousarray(raw.labels, np.int32),
        size=np.ascontiguousarray(raw.size, np.float32),
        groups=np.ascontiguousarray(raw.groups, np.int32),
        importance=reference_importance(raw.features, raw.labels, raw.groups),
    )
    arrays = {field: np.asarray(leaf) for field, leaf in data._asdict().items()}
    names = {"class_names": raw.class_names, "group_names": raw.group_names}
    info = TaskInfo(
        name=raw.name,
        source=raw.source,
        content_hash=hash_content(arrays, names),
        num_items=len(raw.labels),
        num_features=raw.features.shape[1],
        num_classes=len(raw.class_names),
        class_names=tuple(raw.class_names),
        group_names=tuple(raw.group_names),
        kind=raw.kind,
        importance_source=IMPORTANCE_SOURCE,
    )
    return info, data
