"""Rows group by group: where each group begins, and its median."""

import numpy as np

from hitl_sim.participants.record import Floats, Ints


def starts(count: Ints) -> Ints:
    """Return where each group begins, when groups of these sizes follow each other."""
    first: Ints = np.cumsum(count) - count
    return first


def medians(values: Floats, group: Ints) -> Floats:
    """Return the median of every group, nan of an empty one.

    Args:
        values: `[L]`.
        group: `[L]` group of each, from 0.

    Returns:
        `[G]` medians, G the largest group and 1.
    """
    size = int(group.max(initial=-1)) + 1
    order = np.lexsort((values, group))
    count = np.bincount(group, minlength=size)
    has = count > 0
    begin = starts(count)[has]
    found = np.full(size, np.nan)
    low = order[begin + (count[has] - 1) // 2]
    high = order[begin + count[has] // 2]
    found[has] = (values[low] + values[high]) / 2.0
    return found
