"""Agreement statistics of recorded or simulated answers; numpy, on the host.

Answers are `[N, M]`: N items, M people (or looks), -1 where there is none. A statistic
that the answers cannot give is nan, never 0.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Answers = NDArray[np.integer]


class Retest(NamedTuple):
    """How the same person answers again.

    Attributes:
        same: share of second looks that repeat the first.
        same_if_right: the same among first looks that were right.
        same_if_wrong: the same among first looks that were wrong.
        kappa: Cohen's kappa of the two looks.
    """

    same: float
    same_if_right: float
    same_if_wrong: float
    kappa: float


class SharedError(NamedTuple):
    """Whether two people err on the same items, over ordered pairs of people.

    Attributes:
        second_errs_if_first: P(the second errs | the first errs).
        second_errs: P(the second errs).
        same_if_both: P(the same wrong option | both err).
        kappa: Cohen's kappa of being right.
    """

    second_errs_if_first: float
    second_errs: float
    same_if_both: float
    kappa: float


def accuracy(answers: ArrayLike, truth: ArrayLike) -> float:
    """Return the share of answers that are right.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        truth: `[N]` right options.
    """
    given, right = np.asarray(answers), np.asarray(truth)
    return _mean((given == right[:, None])[given >= 0])


def retest(first: ArrayLike, second: ArrayLike, truth: ArrayLike) -> Retest:
    """Compare two looks of the same people at the same items.

    Args:
        first: `[N]` first answers, -1 where there is none.
        second: `[N]` second answers, likewise.
        truth: `[N]` right options.
    """
    a, b, right = np.asarray(first), np.asarray(second), np.asarray(truth)
    both = (a >= 0) & (b >= 0)
    a, b, right = a[both], b[both], right[both]
    same = a == b
    return Retest(
        same=_mean(same),
        same_if_right=_mean(same[a == right]),
        same_if_wrong=_mean(same[a != right]),
        kappa=cohen_kappa(a, b),
    )


def between_people(answers: ArrayLike) -> float:
    """Return the share of pairs of answers to one item that are the same.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
    """
    first, second, _ = _pairs(np.asarray(answers))
    return _mean(first == second)


def shared_error(answers: ArrayLike, truth: ArrayLike) -> SharedError:
    """Measure how errors coincide between people.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        truth: `[N]` right options.
    """
    first, second, item = _pairs(np.asarray(answers))
    right = np.asarray(truth)[item]
    errs, errs_too = first != right, second != right
    return SharedError(
        second_errs_if_first=_mean(errs_too[errs]),
        second_errs=_mean(errs_too),
        same_if_both=_mean((first == second)[errs & errs_too]),
        kappa=cohen_kappa(errs.astype(int), errs_too.astype(int)),
    )


def redundancy_curve(answers: ArrayLike, truth: ArrayLike) -> NDArray[np.float64]:
    """Return the accuracy of the majority of m people, for m = 1 ... M.

    Averages over all subsets of m of the M columns; a tie counts as the chance that a
    random choice among the tied options is right.

    Args:
        answers: `[N, M]` complete answers, all >= 0; small M (2^M subsets).
        truth: `[N]` right options.

    Returns:
        `[M]` accuracy.
    """
    given, right = np.asarray(answers), np.asarray(truth)
    votes = given[:, :, None] == np.arange(max(given.max(), right.max()) + 1)
    num_people = given.shape[1]
    curve = np.empty(num_people)
    for size in range(1, num_people + 1):
        subsets = combinations(range(num_people), size)
        curve[size - 1] = np.mean(
            [_majority_accuracy(votes[:, list(s)].sum(axis=1), right) for s in subsets]
        )
    return curve


def krippendorff_alpha(answers: ArrayLike) -> float:
    """Return Krippendorff's alpha for nominal answers.

    Args:
        answers: `[N, M]` answers, -1 where there is none.

    Returns:
        Alpha; nan without two answers to one item or with a single option in use.

    References:
        Krippendorff (2004), Content analysis, 2nd ed., chapter 11.
    """
    given = np.asarray(answers)
    options = np.arange(given.max(initial=0) + 1)
    counts = (given[:, :, None] == options).sum(axis=1).astype(float)
    counts = counts[counts.sum(axis=1) >= 2]
    size = counts.sum(axis=1)
    total = size.sum()
    totals = counts.sum(axis=0)
    by_chance = total**2 - (totals**2).sum()
    if by_chance == 0:
        return float("nan")
    disagreeing = ((size**2 - (counts**2).sum(axis=1)) / (size - 1)).sum()
    return float(1.0 - (total - 1) * disagreeing / by_chance)


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Return Cohen's kappa of two complete series of answers.

    Args:
        first: `[N]` answers.
        second: `[N]` answers.

    Returns:
        Kappa; nan without answers or when chance alone agrees always.

    References:
        Cohen (1960), A coefficient of agreement for nominal scales.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.size == 0:
        return float("nan")
    options = np.union1d(a, b)
    shares = [(x[:, None] == options).mean(axis=0) for x in (a, b)]
    chance = float(shares[0] @ shares[1])
    if chance >= 1.0:
        return float("nan")
    return (float((a == b).mean()) - chance) / (1.0 - chance)


def _pairs(answers: Answers) -> tuple[Answers, Answers, NDArray[np.intp]]:
    """Return both answers and the item of every ordered pair of people."""
    num_people = answers.shape[1]
    first, second = np.nonzero(~np.eye(num_people, dtype=bool))
    a, b = answers[:, first], answers[:, second]
    both = (a >= 0) & (b >= 0)
    return a[both], b[both], np.nonzero(both)[0]


def _majority_accuracy(counts: Answers, truth: Answers) -> float:
    is_top = counts == counts.max(axis=1, keepdims=True)
    is_right = np.take_along_axis(is_top, truth[:, None], axis=1)[:, 0]
    return float(np.mean(is_right / is_top.sum(axis=1)))


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.mean()) if values.size else float("nan")
