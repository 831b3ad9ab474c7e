"""Handwritten digits: the 1,797 small images that scikit-learn ships."""

import numpy as np

from hitl_sim.task.data import RawTask
from hitl_sim.task.group import patch_groups
from oracles import part

SIDE = 8
MAX_INK = 16


@part.task(version=1)
def digits(*, num_groups: int | None = None) -> RawTask:
    """Load the digits, pixels scaled to [0, 1], in square patches.

    Args:
        num_groups: 1, 4, 16 or 64 patches; `None` for 16 patches of 2 x 2 pixels.

    Returns:
        The task; every image counts as equally long (size 1).

    Raises:
        ValueError: `num_groups` does not cut the image into equal squares.

    References:
        Alpaydin and Kaynak (1998), Optical recognition of handwritten digits, UCI
        Machine Learning Repository, doi:10.24432/C50P49 (its test part).
    """
    shape = (SIDE, SIDE, 1)
    groups, group_names = patch_groups(shape, num_groups)
    from sklearn import datasets  # noqa: PLC0415

    pixels, labels = datasets.load_digits(return_X_y=True)
    return RawTask(
        name="digits",
        source=(
            "handwritten digits of scikit-learn (Alpaydin and Kaynak 1998, UCI): 1,797 "
            "images of 8 x 8 pixels, ink divided by 16"
        ),
        kind="image",
        features=(pixels / MAX_INK).astype(np.float32),
        labels=labels.astype(np.int32),
        class_names=[str(k) for k in range(10)],
        size=np.ones(labels.size, np.float32),
        groups=groups,
        group_names=group_names,
        shape=shape,
    )
