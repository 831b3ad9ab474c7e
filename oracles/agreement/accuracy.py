"""How often answers are right, and what they are when they are not."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oracles.agreement.counting import Floats, mean, ratio


def accuracy(answers: ArrayLike, truth: ArrayLike) -> float:
    """Return the share of answers that are right.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        truth: `[N]` right options.
    """
    given, right = np.asarray(answers), np.asarray(truth)
    return mean((given == right[:, None])[given >= 0])


def accuracy_by_person(answers: ArrayLike, truth: ArrayLike) -> Floats:
    """Return the share of each person's answers that are right, `[M]`.

    Args:
        answers: `[N, M]` answers, one column per person, -1 where there is none.
        truth: `[N]` right options.
    """
    is_right, is_given = _right(answers, truth)
    return ratio(is_right.sum(axis=0), is_given.sum(axis=0))


def accuracy_by_item(answers: ArrayLike, truth: ArrayLike) -> Floats:
    """Return the share of each item's answers that are right, `[N]`.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        truth: `[N]` right options.
    """
    is_right, is_given = _right(answers, truth)
    return ratio(is_right.sum(axis=1), is_given.sum(axis=1))


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


def tie_share(answers: ArrayLike, tie: int = 1) -> float:
    """Return the share of comparisons that end in a tie, or of answers that are unsure.

    Args:
        answers: answers of any shape, -1 where there is none.
        tie: the answer that says tie; 1 for preferences and for relevance.
    """
    given = np.asarray(answers)
    return mean((given == tie)[given >= 0])


def _right(
    answers: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    given = np.asarray(answers)
    is_given = given >= 0
    return (given == np.asarray(truth)[:, None]) & is_given, is_given
