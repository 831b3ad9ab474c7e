"""Pictures in a column: a data set saved by Hugging Face's `datasets`."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hitl_sim.task.data import RawTask
from hitl_sim.task.folder import read_image, stack_images
from hitl_sim.task.image import build_image_task
from hitl_sim.task.label import read_labels
from hitl_sim.task.option import TaskOptions
from hitl_sim.task.read import BINARY, DEFAULT_LABEL_COLUMN, format_of, read_table
from hitl_sim.task.saved import picture_column, read_schema
from hitl_sim.task.table import item_ids_of, labels_of
from oracles import part

if TYPE_CHECKING:
    import pyarrow as pa


def reads(path: Path) -> bool:
    """Whether a path is a data set that says that a column of it is pictures."""
    if not path.exists() or format_of(path) not in BINARY:
        return False
    try:
        return picture_column(read_schema(path)) is not None
    except (ValueError, OSError):
        return False  # the reader of tables says what is wrong


@part.task(version=1)
def pictures(
    path: Path,
    *,
    label_column: str = DEFAULT_LABEL_COLUMN,
    item_column: str | None = None,
    image_size: int | None = None,
    num_groups: int | None = None,
) -> RawTask:
    """Load images from the column that the data set says are pictures.

    Args:
        path: a folder saved by `datasets`, or a .arrow, .feather or .parquet file.
        label_column: column of the labels.
        item_column: column of ids.
        image_size: side to which every image is resized (bilinear), pixels; `None`
            where all have one size.
        num_groups: G patches; see `patch_groups`.

    Raises:
        ValueError: a picture is missing, broken, or of another size; a column lacks; a
            label is missing, or a class has no item.
    """
    found = read_table(path, TaskOptions())
    name = str(picture_column(found.table.schema))
    labels, class_names, notes = read_labels(
        *labels_of(found.table, label_column, path)
    )
    where = f"{path}, column {name!r}"
    images = _images(found.table.column(name), where, image_size)
    source = f"{path.name}, pictures of column {name!r}"
    if image_size is not None:
        source += f", each resized to {image_size} x {image_size}"
    task = build_image_task(
        path.stem, source, images, labels, class_names, num_groups, where
    )
    item_ids = item_ids_of(found.table, item_column, path)
    return task._replace(item_ids=item_ids, notes=(*found.notes, *notes))


def _images(
    column: "pa.ChunkedArray", where: str, image_size: int | None
) -> np.ndarray:
    """Decode every picture, `[M, H, W]` or `[M, H, W, 3]` uint8."""
    loaded, places = [], []
    for row, cell in enumerate(column.to_pylist()):
        place = f"{where}, row {row + 1} (counted from 1)"
        raw = cell.get("bytes") if isinstance(cell, dict) else None
        if not raw:
            raise ValueError(
                f"{place}: must hold the bytes of a picture, got "
                f"{'a path alone' if isinstance(cell, dict) else 'nothing'}."
            )
        loaded.append(read_image(raw, place, image_size))
        places.append(place)
    return stack_images(loaded, places)
