"""Load a task by name or from a user's file."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hitl_sim.part import Part, builtin
from hitl_sim.task.archive import task_of
from hitl_sim.task.content import hash_content
from hitl_sim.task.data import RawTask, TaskData, TaskInfo
from hitl_sim.task.importance import IMPORTANCE_SOURCE, reference_importance
from hitl_sim.task.option import Representation, TaskOptions, check_options
from hitl_sim.task.read import SUFFIXES as TABLE_SUFFIXES


def load_task(
    source: str | Path,
    *,
    num_features: int = 256,
    num_groups: int | None = None,
    label_column: str | None = None,
    text_column: str | None = None,
    item_column: str | None = None,
    representation: Representation | None = None,
    length: int | None = None,
    image_size: int | None = None,
    informative_groups: int | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    foreign: Mapping[str, Part] = MappingProxyType({}),
) -> tuple[TaskInfo, TaskData]:
    """Load a task on the host, check it, and measure its reference importance.

    Args:
        source: "digits", "docstrings", "planted", or the path of a user's data:

            - `.npz` with `labels` [M] and one of `features` [M, D]; `embeddings`
              [M, D], floats made before the study; or `images` [M, H, W] or
              [M, H, W, C] uint8, divided by 255. Beside the first two it may hold
              `size` [M], `groups` ([D] the group of each feature, or [G, S] the
              features of each group) and `group_names` [G]; beside any, `item` [M],
              what recorded answers call the items.
            - `*images-idx3-ubyte.gz`, with its labels beside it.
            - a folder of `.png` and `.jpg` images, one subfolder per class.
            - `.csv`, `.tsv`, `.jsonl` (each also as `.gz`) and `.parquet`: one label
              column, and either numeric feature columns or one column of text in
              UTF-8, or in UTF-16 with its byte order mark. Delimiters and decimal
              commas that are not the usual ones are seen and told in the notes.
        num_features: D of "planted", or the number of words (or hash buckets) of a
            text; other tasks bring their own features.
        num_groups: G, equal parts of the features. Default: 16 patches for images (or
            the nearest number of squares), 32 word groups for text (fewer where 32 does
            not divide the words), 16 for "planted", one group per column for a table.
        label_column: column of the labels; default "label".
        text_column: column of text; other columns are then not read. Default: none, all
            other columns are numbers.
        item_column: column of what recorded answers call the items; no feature.
        representation: of text: "tfidf" (the default), "hashed", or "tokens", the ids
            of its first words, which only networks for text read.
        length: L, words of a text as tokens; default 32.
        image_size: side to which the images of a folder are resized, pixels; default:
            all have one size.
        informative_groups: how many groups of "planted" tell classes apart; default 4.
        options: of a part of kind "task".
        foreign: such parts, by name. One returns arrays by name, as an .npz file holds
            them, or a `RawTask`.

    Returns:
        What is known on the host, and the data as numpy arrays: no JAX backend starts.

    Raises:
        ValueError: an unknown name, or data that cannot be a task; the message names
            the file, the field and what is allowed.
        FileNotFoundError: there is no such file.
    """
    choices = TaskOptions(
        num_features=num_features,
        num_groups=num_groups,
        label_column=label_column,
        text_column=text_column,
        item_column=item_column,
        representation=representation,
        length=length,
        image_size=image_size,
        informative_groups=informative_groups,
    )
    name, path = str(source), Path(source)
    if name in foreign:
        part = foreign[name]
        check_options(choices, (), name)
        return _finish(made_by(part, name, part.with_options(options), num_groups))
    part, is_file = _part_of(name, foreign)
    check_options(choices, part.options, name)
    given = {
        n: v for n, v in vars(choices).items() if n in part.options and v is not None
    }
    given = part.with_options({**given, **options})
    if not is_file:
        raw: RawTask = part(**given)
        # the items of a source that never changes are called by their numbers, from 0
        return _finish(raw._replace(item_ids=[str(i) for i in range(len(raw.labels))]))
    if not path.exists():
        raise FileNotFoundError(f"`source` must be an existing file, got {name!r}.")
    return _finish(part(path, **given))


def made_by(
    part: Part, name: str, options: Mapping[str, Any], num_groups: int | None = None
) -> RawTask:
    """Let a part that a study brings make its task.

    Raises:
        ValueError: what it returns is no task.
    """
    made, place = part(**options), f"task {name!r}"
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
        f"folder of images, got {name!r}."
    )


def _finish(raw: RawTask) -> tuple[TaskInfo, TaskData]:
    """Fix the types, measure the importance and name the content."""
    importance, importance_source = raw.importance, raw.importance_source
    if importance is None:
        divided = raw.features if raw.weights is None else raw.weights
        importance = reference_importance(divided, raw.labels, raw.groups)
        importance_source = IMPORTANCE_SOURCE
    data = TaskData(
        features=np.ascontiguousarray(raw.features, np.float32),
        labels=np.ascontiguousarray(raw.labels, np.int32),
        size=np.ascontiguousarray(raw.size, np.float32),
        groups=np.ascontiguousarray(raw.groups, np.int32),
        importance=np.ascontiguousarray(importance, np.float32),
    )
    return _describe(raw, data, importance_source), data


def _describe(raw: RawTask, data: TaskData, importance_source: str) -> TaskInfo:
    """Name the content; an image's shape is in the names of its patches."""
    arrays = {field: np.asarray(leaf) for field, leaf in data._asdict().items()}
    names = {"class_names": raw.class_names, "group_names": raw.group_names}
    if raw.vocabulary is not None:
        names["vocabulary"] = (str(raw.vocabulary),)
    return TaskInfo(
        name=raw.name,
        source=raw.source,
        content_hash=hash_content(arrays, names),
        num_items=len(raw.labels),
        num_features=raw.features.shape[1],
        num_classes=len(raw.class_names),
        class_names=tuple(raw.class_names),
        group_names=tuple(raw.group_names),
        kind=raw.kind,
        importance_source=importance_source,
        shape=raw.shape,
        vocabulary=raw.vocabulary,
        item_ids=None if raw.item_ids is None else tuple(raw.item_ids),
        notes=raw.notes,
    )
