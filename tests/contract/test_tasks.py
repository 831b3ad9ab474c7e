"""What every task must do; those of files read tiny ones that the test writes."""

import io
import json
import struct
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from hitl_sim import check
from hitl_sim.part import builtin, task

TASKS = builtin("task")
LABELS = np.arange(12) % 3
IMAGES = (np.arange(12 * 16) * 37 % 256).reshape(12, 4, 4).astype(np.uint8)


def read(name, write, **options):
    """Read what `write` leaves in a folder of its own: no path may enter a task."""
    with tempfile.TemporaryDirectory() as folder:
        return TASKS[name](write(Path(folder)), **options)


def write_table(folder):
    rows = [f"{x.mean()},{x.std()},i{n},c{n % 3}" for n, x in enumerate(IMAGES)]
    path = folder / "own.csv"
    path.write_text("\n".join(["mean,sd,item,label", *rows]))
    return path


def write_archive(folder):
    path = folder / "own.npz"
    features = IMAGES.reshape(12, 16).astype(float)
    np.savez(path, features=features, labels=LABELS, groups=np.arange(16) // 4)
    return path


def write_idx(folder):
    path = folder / "own-images-idx3-ubyte"
    labels = folder / "own-labels-idx1-ubyte"
    for file, array in ((path, IMAGES), (labels, LABELS.astype(np.uint8))):
        sizes = struct.pack(f">{array.ndim}I", *array.shape)
        file.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())
    return path


def write_folder(folder):
    for number, (label, image) in enumerate(zip(LABELS, IMAGES, strict=True)):
        inside = folder / f"class {label}"
        inside.mkdir(exist_ok=True)
        Image.fromarray(image).save(inside / f"{number}.png")
    return folder


def write_pictures(folder):
    cells = []
    for image in IMAGES:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "png")
        cells.append({"bytes": buffer.getvalue(), "path": None})
    told = {"info": {"features": {"image": {"_type": "Image"}}}}
    labels = [f"c{label}" for label in LABELS]
    table = pa.table({"image": cells, "label": labels})
    table = table.replace_schema_metadata({b"huggingface": json.dumps(told).encode()})
    parquet.write_table(table, folder / "own.parquet")
    return folder / "own.parquet"


@task(version=1)
def from_pictures():
    """Images in a column."""
    return read("pictures", write_pictures)


@task(version=1)
def from_table():
    """Numbers, names of items and of classes."""
    return read("table", write_table, item_column="item")


@task(version=1)
def from_archive():
    """Features in groups of their own."""
    return read("archive", write_archive)


@task(version=1)
def from_idx():
    """Images beside their labels."""
    return read("idx", write_idx)


@task(version=1)
def from_folder():
    """Images in a folder for each class, resized."""
    return read("folder", write_folder, image_size=2)._replace(name="own")


OF_FILES = {
    "table": from_table,
    "archive": from_archive,
    "idx": from_idx,
    "folder": from_folder,
    "pictures": from_pictures,
}


def test_every_task_is_held_to_its_contract():
    own = {"digits", "docstrings", "planted", "diabetes", "planted_number"}
    assert set(TASKS) == own | set(OF_FILES)


OF_NUMBERS = (TASKS["diabetes"], TASKS["planted_number"])


@check.parametrize([TASKS["digits"], TASKS["planted"], *OF_NUMBERS, *OF_FILES.values()])
def test_a_task_keeps_its_contract(part, check):
    check(part)


@pytest.mark.slow
@check.parametrize([TASKS["docstrings"]])
def test_a_task_of_text_keeps_its_contract(part, check):
    check(part)


@pytest.mark.parametrize("part", OF_FILES.values(), ids=OF_FILES)
def test_items_keep_the_class_they_were_written_with(part):
    found, order = part(), range(12)
    if part is from_folder:  # by class, and within it by name
        order = sorted(order, key=lambda n: (LABELS[n], f"{n}.png"))
    classes = [found.class_names[k][-1] for k in found.labels]
    assert classes == [str(LABELS[n]) for n in order]
