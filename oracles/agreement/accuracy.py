"""How often answers are right, and what they are when they are not."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oracles.agreement.counting import Floats, ratio


def accuracy_by_person(answers: ArrayLike, truth: ArrayLike) -> Floats:
    """Return the share of each person's answers that are right, `[M]`.

    Args:
        answers: `[N, M]` answers, one column per person, -1 where there is none.
        truth: `[N]` right options.
    """
    given = np.asarray(answers)
    is_given = given >= 0
    is_right = (given == np.asarray(truth)[:, None]) & is_given
    return ratio(is_right.sum(axis=0), is_given.sum(axis=0))


def confusion(
    answers: ArrayLike, truth: ArrayLike, num_options: int
) -> NDArray[np.int64]:
    """Count answers by truth, `[K, K]` as [truth, answer]; of one person, one column.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        truth: `[N]` right options.
        num_options: number of options K.
    """
    given = np.asarray(answers)
    right = np.broadcast_to(np.asarray(truth)[:, None], given.shape)
    cell = right[given >= 0] * num_options + given[given >= 0]
    counts = np.bincount(cell, minlength=num_options**2)
    return counts.reshape(num_options, num_options)
