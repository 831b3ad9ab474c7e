"""A user's own arrays, from a .npz file; never from pickles."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from hitl_sim.task.check import check_features, check_item_ids
from hitl_sim.task.data import RawTask
from hitl_sim.task.group import block_groups, check_groups
from hitl_sim.task.image import build_image_task
from hitl_sim.task.label import read_labels
from hitl_sim.task.number import of_numbers, read_numbers
from hitl_sim.task.standard import standardise
from oracles import part
from oracles.part import Problem

CONTENTS = ("features", "embeddings", "images")
"""Arrays of which a file holds exactly one, beside its labels."""
OPTIONAL = ("size", "groups", "group_names")
"""Arrays that may stand beside features or embeddings."""
ITEM = "item"
"""Array that may stand beside any content."""

_MADE_BEFORE = (
    "embeddings made before the study, alike for every arm: what that took is on no "
    "arm's bill; "
)


def reads(path: Path) -> bool:
    """Whether a name ends in .npz."""
    return path.suffix.lower() == ".npz"


@part.task(version=1)
def archive(
    path: Path,
    *,
    num_groups: int | None = None,
    problem: Problem = "classification",
) -> RawTask:
    """Load a task from the arrays of a .npz file; see `task_of`.

    Raises:
        ValueError: the file is no .npz, holds pickled objects, lacks an array, has one
            too many, or an array is not as `load_task` says.
    """
    source = path.stem, path.name, str(path)
    return task_of(_read(path), *source, num_groups, problem)


def task_of(
    arrays: Mapping[str, np.ndarray],
    name: str,
    source: str,
    place: str,
    num_groups: int | None = None,
    problem: Problem = "classification",
) -> RawTask:
    """Make a task of arrays by name.

    Args:
        arrays: `labels` and one of `CONTENTS`, and what may stand beside them.
        name: of the task.
        source: where they come from, in words.
        place: the same, for messages.
        num_groups: G, square patches of images, or equal blocks of columns; `None` for
            16 patches, for the arrays' own groups, or else for one group per column.
        problem: whether labels are classes or numbers.

    Returns:
        The task: pixels divided by 255, or each feature standardised over the items.

    Raises:
        ValueError: an array lacks, is one too many, or is not as `load_task` says.
    """
    _check_names(list(arrays), place)
    where = f"{place}, array 'labels'"
    numbers, class_names, notes = None, tuple[str, ...](), tuple[str, ...]()
    if problem == "regression":
        numbers = read_numbers(arrays["labels"], where)
        labels = numbers.values
    else:
        labels, class_names, notes = read_labels(arrays["labels"], where)
    content = next(name for name in CONTENTS if name in arrays)
    where = f"{place}, array {content!r}"
    item_ids = _read_ids(arrays.get(ITEM), len(labels), place)
    if content == "images":
        task = build_image_task(
            name,
            source,
            arrays[content],
            labels,
            class_names,
            num_groups,
            where,
        )
        return of_numbers(task._replace(item_ids=item_ids, notes=notes), numbers)
    is_embedding = content == "embeddings"
    features = arrays[content]
    if features.dtype.kind not in ("f" if is_embedding else "fiub"):
        raise ValueError(
            f"{where}: must be {'floats' if is_embedding else 'numbers'}, got type "
            f"{features.dtype}."
        )
    features = features.astype(np.float64)
    num_columns = features.shape[-1] if features.ndim else 0
    column = "dimension" if is_embedding else "feature"
    columns = [f"{column} {d}" for d in range(num_columns)]
    check_features(features, columns, where)
    if len(labels) != len(features):
        raise ValueError(
            f"{place}, array 'labels': must have one label for each of {len(features)} "
            f"items, got {len(labels)}."
        )
    if "groups" in arrays and num_groups is not None:
        raise ValueError(
            f"`num_groups` must be left out, because {place} brings its own groups, "
            f"got {num_groups}."
        )
    if "groups" in arrays:
        groups = check_groups(
            arrays["groups"], len(columns), f"{place}, array 'groups'"
        )
        group_names = tuple(f"group {g}" for g in range(len(groups)))
    else:
        groups, group_names = block_groups(columns, num_groups)
    if "group_names" in arrays:
        group_names = _read_names(arrays["group_names"], len(groups), place)
    task = RawTask(
        name=name,
        source=(
            f"{source}; {_MADE_BEFORE if is_embedding else ''}each {column} "
            "standardised over all items"
        ),
        kind="embedding" if is_embedding else "table",
        features=standardise(features),
        labels=labels,
        class_names=class_names,
        size=_read_size(arrays.get("size"), len(features), place),
        groups=groups,
        group_names=group_names,
        item_ids=item_ids,
        notes=notes,
    )
    return of_numbers(task, numbers)


def _read(path: Path) -> dict[str, np.ndarray]:
    """Read every array, refusing pickles, and check which there are."""
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: must be a .npz file of arrays (numpy.savez), got another format."
        )
    arrays = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            try:
                arrays[name] = np.asarray(archive[name])
            except (ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
                is_pickle = "allow_pickle" in str(error)
                got = "pickled objects" if is_pickle else f"unreadable bytes ({error})"
                raise ValueError(
                    f"{path}, array {name!r}: must be a plain array of numbers or "
                    f"strings, got {got}. Pickles can run code and are never loaded."
                ) from None
    return arrays


def _check_names(names: list[str], place: str) -> None:
    """Refuse a missing array, one too many, and one that would not be read."""
    contents = [name for name in CONTENTS if name in names]
    optional = (ITEM,) if contents == ["images"] else (*OPTIONAL, ITEM)
    unknown = [name for name in names if name not in ("labels", *CONTENTS, *optional)]
    if not contents:
        wrong = f"no {CONTENTS[0]!r}"
    elif "labels" not in names:
        wrong = "no 'labels'"
    elif unknown:
        wrong = f"an unknown {unknown[0]!r}"
    elif len(contents) > 1:
        wrong = f"both {contents[0]!r} and {contents[1]!r}"
    else:
        return
    raise ValueError(
        f"{place}: must hold arrays 'labels' and one of "
        f"{', '.join(map(repr, CONTENTS))}; beside the first two it may hold "
        f"{', '.join(map(repr, OPTIONAL))}, beside any {ITEM!r}, got {wrong} among "
        f"{sorted(names)}."
    )


def _read_ids(
    ids: np.ndarray | None, num_items: int, place: str
) -> tuple[str, ...] | None:
    """Return what recorded answers call the items, where the file says so."""
    if ids is None:
        return None
    where = f"{place}, array {ITEM!r}"
    if ids.dtype.kind not in "iuU" or ids.ndim != 1:
        raise ValueError(
            f"{where}: must be strings or whole numbers, one per item, got {ids.dtype} "
            f"of shape {ids.shape}."
        )
    return check_item_ids([str(name) for name in ids], num_items, where)


def _read_names(names: np.ndarray, num_groups: int, place: str) -> tuple[str, ...]:
    """Return the names of the groups."""
    if names.dtype.kind != "U" or names.shape != (num_groups,):
        raise ValueError(
            f"{place}, array 'group_names': must be {num_groups} strings, got "
            f"{names.dtype} of shape {names.shape}."
        )
    return tuple(str(name) for name in names)


def _read_size(
    size: np.ndarray | None, num_items: int, place: str
) -> Float[np.ndarray, " items"]:
    """Return the lengths of the items relative to their median; 1 without `size`."""
    if size is None:
        return np.ones(num_items)
    where = f"{place}, array 'size'"
    if size.shape != (num_items,) or size.dtype.kind not in "fiu":
        raise ValueError(
            f"{where}: must be {num_items} numbers, got {size.dtype} of shape "
            f"{size.shape}."
        )
    bad = np.flatnonzero(~(np.isfinite(size) & (size > 0)))
    if bad.size:
        raise ValueError(
            f"{where}: must be finite and > 0, got {size[bad[0]]} in row {bad[0] + 1} "
            "(counted from 1)."
        )
    relative: Float[np.ndarray, " items"] = size / np.median(size)
    return relative
