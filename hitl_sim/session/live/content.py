"""What people at a desk see of an item of a study's task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hitl_sim.task import Split, TaskData, TaskInfo

_LEAST_SIDE = 160
"""Least height of a picture on a page, pixels: small ones are shown larger."""
SHOWN = ("image", "table")
"""Kinds of task of which people can be shown the items: a study keeps the features of
a text, and not its words."""


def content_of(
    info: TaskInfo, data: TaskData, split: Split
) -> tuple[Callable[[int], Any], Callable[[int], int]]:
    """Say what people see of the items of a run's pool.

    Args:
        info: what is known of the task.
        data: of the task.
        split: of the run, before anything was taken from it.

    Returns:
        `item -> content`, pixels of a picture or a table by name; and
        `item -> given label`.
    """
    pool = split.pool
    place = {int(item): i for i, item in enumerate(np.asarray(pool.item))}
    features, label = np.asarray(pool.features), np.asarray(pool.label)

    def content(item: int) -> Any:
        row = features[place[item]]
        if info.shape is not None:
            return _picture(row, info.shape, data)
        return _table(row, info, data)

    return content, lambda item: int(label[place[item]])


def _picture(row: Any, shape: tuple[int, int, int], data: TaskData) -> Any:
    """Return pixels in [0, 255], on the scale of the whole task."""
    least, most = float(np.min(data.features)), float(np.max(data.features))
    scaled = np.clip((row - least) / max(most - least, 1e-9), 0.0, 1.0)
    pixels = np.rint(255 * scaled).astype(np.uint8).reshape(shape)
    if shape[2] not in (3, 4):
        pixels = pixels[..., 0]
    times = -(-_LEAST_SIDE // shape[0])
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def _table(row: Any, info: TaskInfo, data: TaskData) -> dict[str, Any]:
    """Return the features by group, as the network sees them."""
    found: dict[str, Any] = {}
    for name, members in zip(info.group_names, np.asarray(data.groups), strict=True):
        values = [f"{float(row[i]):.3g}" for i in members]
        found[name] = ", ".join(values)
    return found
