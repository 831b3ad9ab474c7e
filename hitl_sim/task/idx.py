"""Images and labels in the IDX format, as Fashion-MNIST and MNIST ship them."""

import gzip
import math
import re
import zlib
from pathlib import Path

import numpy as np

from hitl_sim.task.check import encode_labels
from hitl_sim.task.data import RawTask
from hitl_sim.task.image import build_image_task
from oracles import part

_NAME = re.compile(r"(?P<stem>.*)images(?P<dot>[.-])idx3(?P<rest>[.-]ubyte(\.gz)?)")
_UBYTE = 8


def reads(path: Path) -> bool:
    """Whether a name is that of IDX images, as "train-images-idx3-ubyte.gz"."""
    return _NAME.fullmatch(path.name) is not None


@part.task(version=1)
def idx(path: Path, *, num_groups: int | None = None) -> RawTask:
    """Load images and, from the file of labels beside them, their classes.

    Args:
        path: images, as "train-images-idx3-ubyte.gz"; the labels are those of
            "train-labels-idx1-ubyte.gz".
        num_groups: G patches; see `patch_groups`.

    Raises:
        ValueError: a file is missing, damaged, or of another format.

    References:
        LeCun, Cortes and Burges (1998), The MNIST database of handwritten digits.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path}: must be named '*images-idx3-ubyte', got another.")
    stem, dot, rest = match["stem"], match["dot"], match["rest"]
    beside = path.with_name(f"{stem}labels{dot}idx1{rest}")
    if not beside.is_file():
        raise ValueError(
            f"{path}: must stand beside its labels, got no file {beside.name!r}."
        )
    images = _read(path, 3)
    labels, class_names = encode_labels(_read(beside, 1), str(beside))
    name = stem.rstrip("-._") or path.parent.name
    return build_image_task(
        name, path.name, images, labels, class_names, num_groups, str(path)
    )


def _read(path: Path, num_axes: int) -> np.ndarray:
    """Read one array of bytes: two zeros, the type, the axes, their sizes, the data."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: must be readable, got: {error}") from None
    start = 4 + 4 * num_axes
    if len(content) < start or content[:4] != bytes([0, 0, _UBYTE, num_axes]):
        raise ValueError(
            f"{path}: must be IDX of unsigned bytes with {num_axes} axes, got the "
            f"first bytes {content[:4].hex(' ')!r}."
        )
    shape = np.frombuffer(content, ">u4", num_axes, 4).tolist()
    if len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path}: must hold {math.prod(shape)} bytes for shape {shape}, got "
            f"{len(content) - start}."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
