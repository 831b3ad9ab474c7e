"""What response times say: whether errors are slow, and how people speed up."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oracles.agreement.answers import Floats, ratio


class TimeByCorrectness(NamedTuple):
    """How time and error go together within people.

    Attributes:
        log_gap: log seconds by which wrong answers are slower than right ones of the
            same person, people's own means taken out.
        accuracy_by_time: `[bins]` accuracy of each person's fastest to slowest share
            of answers, pooled over people.
    """

    log_gap: float
    accuracy_by_time: Floats


def time_by_correctness(
    seconds: ArrayLike, is_right: ArrayLike, is_answered: ArrayLike, num_bins: int = 10
) -> TimeByCorrectness:
    """Relate time to error within people.

    The gap is the slope of log seconds on being wrong with one intercept per person, so
    slow people who err often do not enter it.

    Args:
        seconds: `[T, A]` time per answer, s; > 0 where answered.
        is_right: `[T, A]` whether the answer is right.
        is_answered: `[T, A]` which answers exist.
        num_bins: bins of each person's times.

    Returns:
        The gap, nan where nobody has both right and wrong answers, and the accuracies,
        nan in a bin without answers.
    """
    given = np.asarray(is_answered, bool)
    wrong = np.where(given, ~np.asarray(is_right, bool), False)
    log_time = np.log(np.where(given, np.asarray(seconds, float), 1.0))
    wrong_c, time_c = _centre(wrong.astype(float), given), _centre(log_time, given)
    gap = ratio((wrong_c * time_c).sum(), (wrong_c**2).sum())
    place = _places(np.where(given, log_time, np.inf), given)
    bins = np.minimum((place * num_bins).astype(int), num_bins - 1)[given]
    total = np.bincount(bins, minlength=num_bins)
    right = np.bincount(bins, weights=~wrong[given], minlength=num_bins)
    return TimeByCorrectness(float(gap), ratio(right, total))


def practice_curve(
    seconds: ArrayLike, is_answered: ArrayLike, num_bins: int = 10
) -> Floats:
    """Return median seconds from the first to the last share of each person's answers.

    Args:
        seconds: `[T, A]` time per answer in the order of work, s.
        is_answered: `[T, A]` which answers exist.
        num_bins: bins of each person's sequence.

    Returns:
        `[bins]` medians pooled over people, s; nan in a bin without answers.
    """
    given, time = np.asarray(is_answered, bool), np.asarray(seconds, float)
    order = np.where(given, np.arange(given.shape[0])[:, None], np.inf)
    place = _places(order, given)
    bins = np.minimum((place * num_bins).astype(int), num_bins - 1)
    chosen = [time[given & (bins == b)] for b in range(num_bins)]
    return np.array([np.median(x) if x.size else np.nan for x in chosen])


def _centre(values: Floats, given: NDArray[np.bool_]) -> Floats:
    """Take each person's mean off, 0 where nothing is given."""
    own = ratio((values * given).sum(axis=0), given.sum(axis=0))
    return np.where(given, values - np.nan_to_num(own)[None, :], 0.0)


def _places(values: Floats, given: NDArray[np.bool_]) -> Floats:
    """Return each value's place among the person's own, a share in [0, 1)."""
    rank = np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0)
    place: Floats = rank / np.maximum(given.sum(axis=0), 1)[None, :]
    return place
