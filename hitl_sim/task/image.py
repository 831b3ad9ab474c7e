"""Images as features: pixels row by row, in patches."""

import numpy as np
from jaxtyping import Float, Int

from hitl_sim.task.data import RawTask
from hitl_sim.task.group import patch_groups

MAX_PIXEL = 255


def build_image_task(
    name: str,
    source: str,
    images: np.ndarray,
    labels: Int[np.ndarray, " items"] | Float[np.ndarray, " items"],
    class_names: tuple[str, ...],
    num_groups: int | None,
    where: str,
) -> RawTask:
    """Turn images into a task: pixels divided by 255, in square patches.

    Args:
        name: short name.
        source: where the images come from, in words.
        images: `[M, H, W]` or `[M, H, W, C]` uint8.
        labels: `[M]`.
        class_names: `K` names.
        num_groups: G patches; see `patch_groups`.
        where: the file and field, for the message.

    Returns:
        The task; every image counts as equally long (size 1).

    Raises:
        ValueError: the images are no such array, there is not one label for each, or
            they cannot be cut into patches as asked.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape:
        raise ValueError(
            f"{where}: must be uint8 of shape [items, height, width] or [items, "
            f"height, width, channels], got {images.dtype} of shape {images.shape}."
        )
    if len(labels) != len(images):
        raise ValueError(
            f"{where}: must have one label for each of {len(images)} images, got "
            f"{len(labels)} labels."
        )
    height, width = images.shape[1:3]
    shape = (height, width, images.shape[3] if images.ndim == 4 else 1)
    groups, group_names = patch_groups(shape, num_groups)
    pixels = images.reshape(len(images), -1).astype(np.float32)
    return RawTask(
        name=name,
        source=f"{source}: {len(images):,} images of {height} x {width} pixels and "
        f"{shape[2]} channel{'s' if shape[2] > 1 else ''}, divided by {MAX_PIXEL}",
        kind="image",
        features=pixels / np.float32(MAX_PIXEL),
        labels=labels,
        class_names=class_names,
        size=np.ones(len(images), np.float32),
        groups=groups,
        group_names=group_names,
        shape=shape,
    )
