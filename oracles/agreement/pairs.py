"""Two answers to one item: by the same person on two looks, or by two people."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from oracles.agreement.chance import cohen_kappa
from oracles.agreement.counting import count_options, mean, options_in


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
        same=mean(same),
        same_if_right=mean(same[a == right]),
        same_if_wrong=mean(same[a != right]),
        kappa=cohen_kappa(a, b),
    )


def shared_error(answers: ArrayLike, truth: ArrayLike) -> SharedError:
    """Measure how errors coincide between people.

    Pairs are counted from the counts of options per item, so thousands of people cost
    no more than their answers.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        truth: `[N]` right options.
    """
    given, right = np.asarray(answers), np.asarray(truth)
    counts = count_options(given, options_in(given, right))
    size = counts.sum(axis=1)
    wrong = counts.copy()
    wrong[np.arange(right.size), right] = 0.0
    errs = wrong.sum(axis=1)
    pairs = (size * (size - 1)).sum()
    first_errs = (errs * (size - 1)).sum()
    both_err = (errs * (errs - 1)).sum()
    same = (wrong * (wrong - 1)).sum()
    rate, joint = _share(first_errs, pairs), _share(both_err, pairs)
    # Both margins are `rate`: every pair counts in both orders.
    return SharedError(
        second_errs_if_first=_share(both_err, first_errs),
        second_errs=rate,
        same_if_both=_share(same, both_err),
        kappa=_share(joint - rate**2, rate * (1.0 - rate)),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
