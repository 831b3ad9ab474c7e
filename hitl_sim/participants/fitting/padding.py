"""Sizes from a short ladder, so that programs made for one record serve the next.

A program is compiled for the sizes of its arguments. Rows, people and items are
therefore filled up to the next of a few sizes. A row that fills up belongs to a person
and an item beyond the last: what is summed by person or by item leaves it out, and
whoever looks it up gets the last there is. People and items that fill up have no rows.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

_LEAST = 16
_STEPS = 4
"""Sizes between a power of two and the next, that one included."""


def padded_size(size: int) -> int:
    """Return the next size of the ladder: 16, 20, 24, 28, 32, 40, ..."""
    if size <= _LEAST:
        return _LEAST
    step = 1 << max((size - 1).bit_length() - _STEPS.bit_length(), 0)
    return -(-size // step) * step


def leaf(values: ArrayLike, dtype: DTypeLike = np.float32) -> Any:
    """Return a leaf of a program's arguments: NumPy's, for which none is compiled."""
    return np.asarray(values, dtype)


def pad(values: ArrayLike, size: int, fill: float = 0) -> Any:
    """Fill an array up to a size along its first axis; a `leaf`."""
    laid = np.asarray(values)
    more = [(0, size - laid.shape[0])] + [(0, 0)] * (laid.ndim - 1)
    return np.pad(laid, more, constant_values=fill)
