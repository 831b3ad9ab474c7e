"""Counting that several statistics share."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Answers: TypeAlias = NDArray[np.integer]
Floats: TypeAlias = NDArray[np.float64]


def mean(values: NDArray[np.generic]) -> float:
    """Return the mean, nan of nothing."""
    return float(values.mean()) if values.size else float("nan")


def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """Divide, nan where the whole is 0."""
    top, bottom = np.asarray(part, float), np.asarray(whole, float)
    filled = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    np.divide(top, bottom, out=filled, where=bottom != 0)
    return filled


def count_options(answers: Answers, num_options: int) -> Floats:
    """Count how often each item got each option, `[N, K]`.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        num_options: number of options K.
    """
    item = np.nonzero(answers >= 0)[0]
    cell = item * num_options + answers[answers >= 0]
    counts = np.bincount(cell, minlength=answers.shape[0] * num_options)
    return counts.reshape(answers.shape[0], num_options).astype(float)


def options_in(*arrays: Answers) -> int:
    """Return one more than the largest option that occurs, at least 1."""
    return 1 + max(int(array.max(initial=0)) for array in arrays)
