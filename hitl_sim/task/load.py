"""Load a task by name or from a user's file."""

from pathlib import Path

import numpy as np

from hitl_sim.task.archive import load_archive
from hitl_sim.task.content import hash_content
from hitl_sim.task.data import RawTask, TaskData, TaskInfo
from hitl_sim.task.digits import load_digits
from hitl_sim.task.docstring import load_docstrings
from hitl_sim.task.folder import load_folder
from hitl_sim.task.idx import is_idx, load_idx
from hitl_sim.task.importance import IMPORTANCE_SOURCE, reference_importance
from hitl_sim.task.option import Representation, Source, TaskOptions, check_options
from hitl_sim.task.planted import IMPORTANCE_SOURCE as PLANTED_SOURCE
from hitl_sim.task.planted import load_planted
from hitl_sim.task.read import SUFFIXES as TABLE_SUFFIXES
from hitl_sim.task.read import format_of
from hitl_sim.task.table import load_table

TASKS = ("digits", "docstrings")
"""Tasks of real data that need no file."""
MADE_UP = ("planted",)


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

    Returns:
        What is known on the host, and the data as numpy arrays: no JAX backend starts.

    Raises:
        ValueError: an unknown name, or data that cannot be a task; the message names
            the file, the field and what is allowed.
        FileNotFoundError: there is no such file.
    """
    options = TaskOptions(
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
    form = _form_of(name)
    check_options(options, form, name)
    if form == "digits":
        return _finish(_numbered(load_digits(num_groups)))
    if form == "docstrings":
        return _finish(_numbered(load_docstrings(options)))
    if form == "planted":
        made_up = load_planted(num_features, num_groups, informative_groups)
        return _finish(_numbered(made_up))
    if form == "folder":
        return _finish(load_folder(path, image_size, num_groups))
    if not path.is_file():
        raise FileNotFoundError(f"`source` must be an existing file, got {name!r}.")
    if form == "idx":
        return _finish(load_idx(path, num_groups))
    if form == "table":
        return _finish(load_table(path, options))
    return _finish(load_archive(path, num_groups))


def _form_of(name: str) -> Source:
    """Tell what kind of source a name is.

    Raises:
        ValueError: it is none.
    """
    path = Path(name)
    builtin: dict[str, Source] = {
        "digits": "digits",
        "docstrings": "docstrings",
        "planted": "planted",
    }
    if name in builtin:
        return builtin[name]
    if is_idx(path):
        return "idx"
    if path.suffix.lower() == ".npz":
        return "archive"
    if format_of(path) is not None:
        return "table"
    if name and path.is_dir():
        return "folder"
    raise ValueError(
        f"`source` must be one of {', '.join(map(repr, TASKS + MADE_UP))}, or the path "
        f"of a .npz, *images-idx3-ubyte.gz, {', '.join(TABLE_SUFFIXES)} file or of a "
        f"folder of images, got {name!r}."
    )


def _numbered(raw: RawTask) -> RawTask:
    """Call the items of a source that never changes by their numbers, from 0."""
    return raw._replace(item_ids=[str(row) for row in range(len(raw.labels))])


def _finish(raw: RawTask) -> tuple[TaskInfo, TaskData]:
    """Fix the types, measure the importance and name the content."""
    importance, importance_source = raw.importance, PLANTED_SOURCE
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
