"""A folder of images, one subfolder per class."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hitl_sim.task.data import RawTask
from hitl_sim.task.image import build_image_task
from hitl_sim.task.saved import is_saved
from oracles import part

SUFFIXES = (".png", ".jpg", ".jpeg")
_GREY = ("1", "L", "LA")
_DEEP = ("I", "I;16", "I;16B", "F")


def reads(path: Path) -> bool:
    """Whether a path is a folder, and no data set that was saved as one."""
    return path.is_dir() and not is_saved(path)


@part.task(version=1)
def folder(
    path: Path, *, image_size: int | None = None, num_groups: int | None = None
) -> RawTask:
    """Load images; the name of a subfolder is the class of what lies in it.

    Files are taken in the order of their names. Images are grey where all are, and red,
    green and blue where one is in colour; transparency is dropped. Files and folders
    whose name starts with a dot are left out.

    Args:
        path: an existing folder.
        image_size: side to which every image is resized (bilinear), pixels; `None`
            where all have one size.
        num_groups: G patches; see `patch_groups`.

    Raises:
        ValueError: a subfolder has no image, or there are fewer than two; a file is no
            image or is broken; images are of different sizes.
    """
    files = _list(path)
    loaded = [read_image(file, str(file), image_size) for file, _ in files]
    names = tuple(sorted({label for _, label in files}))
    images = stack_images(loaded, [str(file) for file, _ in files])
    labels = np.array([names.index(label) for _, label in files], np.int32)
    source = f"folder {path.name}"
    if image_size is not None:
        source += f", each resized to {image_size} x {image_size}"
    return build_image_task(
        path.name, source, images, labels, names, num_groups, str(path)
    )


def stack_images(loaded: Sequence[np.ndarray], places: Sequence[str]) -> np.ndarray:
    """Put images together: grey where all are, and else red, green and blue.

    Args:
        loaded: `M` images, `[H, W]` or `[H, W, 3]` uint8.
        places: where each comes from, for messages.

    Returns:
        `[M, H, W]` or `[M, H, W, 3]`.

    Raises:
        ValueError: one has another size than the first.
    """
    is_grey = all(image.ndim == 2 for image in loaded)
    images = [
        image if is_grey or image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
        for image in loaded
    ]
    first = images[0].shape
    for place, image in zip(places, images, strict=True):
        if image.shape != first:
            raise ValueError(
                f"{place}: must have the size of {places[0]} ({first[0]} x "
                f"{first[1]} pixels), got {image.shape[0]} x {image.shape[1]}. Give "
                "`image_size` to resize all."
            )
    return np.stack(images)


def _list(path: Path) -> list[tuple[Path, str]]:
    """List files with their classes."""
    folders = sorted(
        child
        for child in path.iterdir()
        if child.is_dir() and not child.name.startswith(".")
    )
    if len(folders) < 2:
        raise ValueError(
            f"{path}: must have a subfolder for each of at least 2 classes, got "
            f"{len(folders)}."
        )
    files: list[tuple[Path, str]] = []
    for folder in folders:
        inside = sorted(f for f in folder.iterdir() if not f.name.startswith("."))
        if not inside:
            raise ValueError(f"{folder}: must hold images, got an empty folder.")
        for file in inside:
            if file.suffix.lower() not in SUFFIXES:
                raise ValueError(
                    f"{file}: must be one of {', '.join(SUFFIXES)}, got "
                    f"{file.suffix or 'no suffix'!r}."
                )
            files.append((file, folder.name))
    return files


def read_image(given: Path | bytes, place: str, image_size: int | None) -> np.ndarray:
    """Read one image, a file or its bytes, as `[H, W]` or `[H, W, 3]` uint8.

    Raises:
        ValueError: it is none, broken, or has more than 8 bits per channel.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    try:
        file = io.BytesIO(given) if isinstance(given, bytes) else given
        with Image.open(file) as opened:
            mode = opened.mode
            picture = opened.convert("L" if mode in _GREY else "RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        short = given.name if isinstance(given, Path) else "these bytes"
        reason = str(error).replace(str(file), short)
        raise ValueError(f"{place}: must be a whole image, got: {reason}") from None
    if mode in _DEEP:
        raise ValueError(
            f"{place}: must have 8 bits per channel, got mode {mode!r}, which has more."
        )
    if image_size is not None:
        size = (image_size, image_size)
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(picture)
