"""Load a task by name or from a user's file."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hitl_sim.cache import keep
from hitl_sim.part import Part, builtin
from hitl_sim.task.archive import task_of
from hitl_sim.task.content import hash_content
from hitl_sim.task.data import RawTask, TaskData, TaskInfo
from hitl_sim.task.importance import (
    IMPORTANCE_SOURCE,
    IMPORTANCE_SOURCE_OF_NUMBERS,
    reference_importance,
    reference_importance_of_numbers,
)
from hitl_sim.task.option import TaskOptions, check_options
from hitl_sim.task.read import SUFFIXES as TABLE_SUFFIXES


def load_task(
    source: str | Path,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    foreign: Mapping[str, Part] = MappingProxyType({}),
    **choices: Any,
) -> tuple[TaskInfo, TaskData]:
    """Load a task on the host, check it, and measure its reference importance.

    Args:
        source: "digits", "docstrings", "planted", of which classes are asked,
            "diabetes", "planted_number", of which numbers are, or the path of a user's
            data:

            - `.npz` with `labels` [M] and one of `features` [M, D]; `embeddings`
              [M, D], floats made before the study; or `images` [M, H, W] or
              [M, H, W, C] uint8, divided by 255. Beside the first two it may hold
              `size` [M], `groups` ([D] the group of each feature, or [G, S] the
              features of each group) and `group_names` [G]; beside any, `item` [M],
              what recorded answers call the items.
            - `*images-idx3-ubyte.gz`, with its labels beside it.
            - a folder of `.png` and `.jpg` images, one subfolder per class.
            - `.csv`, `.tsv`, `.jsonl` (each also as `.gz`), `.parquet`, `.arrow`,
              `.feather` and a folder that Hugging Face's `datasets` saved: one label
              column, and either numeric feature columns or one column of text in
              UTF-8, or in UTF-16 with its byte order mark. Delimiters and decimal
              commas that are not the usual ones are seen and told in the notes.
        options: of a part of kind "task".
        foreign: such parts, by name. One returns arrays by name, as an .npz file holds
            them, or a `RawTask`.
        choices: fields of `TaskOptions`.

    Returns:
        What is known on the host, and the data as numpy arrays: no JAX backend starts.

    Raises:
        ValueError: an unknown name, or data that cannot be a task; the message names
            the file, the field and what is allowed.
        FileNotFoundError: there is no such file.
    """
    given = TaskOptions(**choices)
    name, path = str(source), Path(source)
    if name in foreign:
        part = foreign[name]
        check_options(given, (), name)
        return _finish(_made_by(part, name, options, given.num_groups))
    part, is_file = _part_of(name, foreign)
    check_options(given, part.options, name)
    read = {n: getattr(given, n) for n in part.options}
    read = {n: value for n, value in read.items() if value is not None}
    read = part.with_options({**read, **options})
    if not is_file:
        return keep("task", (name, read), lambda: _made(part, read))
    if not path.exists():
        raise FileNotFoundError(f"`source` must be an existing file, got {name!r}.")
    return _finish(part(path, **read))


def _made(part: Part, read: Mapping[str, Any]) -> tuple[TaskInfo, TaskData]:
    """Make a task of a source that never changes: its items are numbered from 0."""
    raw: RawTask = part(**read)
    return _finish(raw._replace(item_ids=[str(i) for i in range(len(raw.labels))]))


def _made_by(
    part: Part, name: str, options: Mapping[str, Any], num_groups: int | None
) -> RawTask:
    """Let a part that a study brings make its task.

    Raises:
        ValueError: what it returns is no task.
    """
    made, place = part(**part.with_options(options)), f"task {name!r}"
    if isinstance(made, RawTask):
        return made
    if not isinstance(made, Mapping):
        raise ValueError(
            f"{place}: must return arrays by name, got {type(made).__name__}."
        )
    arrays = {field: np.asarray(array) for field, array in made.items()}
    source = part.summary.rstrip(".") or f"part {name}"
    return task_of(arrays, name, source, place, num_groups)


def _part_of(name: str, foreign: Mapping[str, Part]) -> tuple[Part, bool]:
    """Find the part that a source is read by, and whether it reads a path.

    Raises:
        ValueError: there is none.
    """
    made = []
    for known, part in builtin("task").items():
        reads = vars(sys.modules[part.factory.__module__]).get("reads")
        if reads is None:
            made.append(known)
        if name == known if reads is None else name and reads(Path(name)):
            return part, reads is not None
    own = [n for n, part in foreign.items() if part.kind == "task"]
    raise ValueError(
        f"`source` must be one of {', '.join(map(repr, (*made, *own)))}, or the path "
        f"of a .npz, *images-idx3-ubyte.gz, {', '.join(TABLE_SUFFIXES)} file or of a "
        f"folder of images, or one that was saved as a data set, got {name!r}."
    )


_LABELS = {"classification": np.int32, "regression": np.float32}
"""Type of labels, by what a task asks for."""


def _finish(raw: RawTask) -> tuple[TaskInfo, TaskData]:
    """Fix the types, measure the importance and name the content."""
    importance, importance_source = raw.importance, raw.importance_source
    if importance is None:
        divided = raw.features if raw.weights is None else raw.weights
        items = divided, raw.labels, raw.groups
        if raw.problem == "regression":
            importance = reference_importance_of_numbers(*items)
            importance_source = IMPORTANCE_SOURCE_OF_NUMBERS
        else:
            importance = reference_importance(*items)
            importance_source = IMPORTANCE_SOURCE
    data = TaskData(
        features=np.ascontiguousarray(raw.features, np.float32),
        labels=np.ascontiguousarray(raw.labels, _LABELS[raw.problem]),
        size=np.ascontiguousarray(raw.size, np.float32),
        groups=np.ascontiguousarray(raw.groups, np.int32),
        importance=np.ascontiguousarray(importance, np.float32),
    )
    return _describe(raw, data, importance_source), data


def _describe(raw: RawTask, data: TaskData, importance_source: str) -> TaskInfo:
    """Name the content; an image's shape is in the names of its patches."""
    arrays = {field: np.asarray(leaf) for field, leaf in data._asdict().items()}
    names = {"class_names": raw.class_names, "group_names": raw.group_names}
    counts: tuple[int, ...] = ()
    if raw.problem == "classification":
        counted = np.bincount(raw.labels, minlength=len(raw.class_names))
        counts = tuple(counted.tolist())
    if raw.vocabulary is not None:
        names["vocabulary"] = (str(raw.vocabulary),)
    return TaskInfo(
        name=raw.name,
        source=raw.source,
        content_hash=hash_content(arrays, names),
        num_items=len(raw.labels),
        num_features=raw.features.shape[1],
        # a number is the one that a network puts out
        num_classes=len(raw.class_names) or 1,
        class_names=tuple(raw.class_names),
        group_names=tuple(raw.group_names),
        kind=raw.kind,
        importance_source=importance_source,
        shape=raw.shape,
        vocabulary=raw.vocabulary,
        item_ids=None if raw.item_ids is None else tuple(raw.item_ids),
        notes=raw.notes,
        class_counts=counts,
        problem=raw.problem,
        scale=raw.scale,
    )
