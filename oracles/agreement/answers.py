"""Right answers, agreement beyond chance, errors that coincide, marks and times.

Two answers to one item are by the same person on two looks, or by two people. Marks
are over words or groups: how many people set, and how far they overlap. Times say
whether errors are slow, and how people speed up.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oracles.parameter import check_choice

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


LEVELS = ("nominal", "ordinal")


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
    return _beyond_chance(float((a == b).mean()), float(shares[0] @ shares[1]))


def fleiss_kappa(answers: ArrayLike) -> float:
    """Return Fleiss' kappa of items that all have the same number of answers.

    Args:
        answers: `[N, M]` answers, -1 where there is none; an item without answers is
            left out.

    Returns:
        Kappa; nan with fewer than two answers per item or a single option in use.

    Raises:
        ValueError: items have different numbers of answers, which this kappa does not
            know; Krippendorff's alpha does.

    References:
        Fleiss (1971), Measuring nominal scale agreement among many raters,
        Psychological Bulletin 76(5), 378-382.
    """
    given = np.asarray(answers)
    counts = count_options(given, options_in(given))
    size = counts.sum(axis=1)
    counts, size = counts[size > 0], size[size > 0]
    if size.size == 0 or size.max() < 2:
        return float("nan")
    if size.min() != size.max():
        raise ValueError(
            "`answers` must hold equally many answers for every item, got "
            f"{int(size.min())} to {int(size.max())}. Use Krippendorff's alpha."
        )
    pairs = size[0] * (size[0] - 1)
    observed = float(((counts * (counts - 1)).sum(axis=1) / pairs).mean())
    shares = counts.sum(axis=0) / size.sum()
    return _beyond_chance(observed, float(shares @ shares))


def krippendorff_alpha(answers: ArrayLike, level: str = "nominal") -> float:
    """Return Krippendorff's alpha; answers may be missing.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        level: "nominal", or "ordinal" (options in their order).

    Returns:
        Alpha; nan without two answers to one item or with a single option in use.

    Raises:
        ValueError: another level.

    References:
        Krippendorff (2004), Content analysis, 2nd ed., chapter 11: coincidences and
        the difference functions of the levels.
    """
    check_choice("level", level, LEVELS)
    given = np.asarray(answers)
    counts = count_options(given, options_in(given))
    counts = counts[counts.sum(axis=1) >= 2]
    others = np.maximum(counts.sum(axis=1) - 1.0, 1.0)
    weighted = counts / others[:, None]
    coincidence = weighted.T @ counts - np.diag(weighted.sum(axis=0))
    totals = counts.sum(axis=0)
    if level == "nominal":
        difference = 1.0 - np.eye(totals.size)
    else:
        # Distances between midpoints of the ranks that the options take up.
        place = np.cumsum(totals) - totals / 2.0
        difference = np.square(place[:, None] - place[None, :])
    by_chance = float(totals @ difference @ totals)
    if by_chance == 0:
        return float("nan")
    observed = float((coincidence * difference).sum())
    return 1.0 - (float(totals.sum()) - 1.0) * observed / by_chance


def _beyond_chance(observed: float, chance: float) -> float:
    if chance >= 1.0 - 1e-12:
        return float("nan")
    return (observed - chance) / (1.0 - chance)


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
    rate, joint = ratio(first_errs, pairs), ratio(both_err, pairs)
    # Both margins are `rate`: every pair counts in both orders.
    return SharedError(
        second_errs_if_first=float(ratio(both_err, first_errs)),
        second_errs=float(rate),
        same_if_both=float(ratio(same, both_err)),
        kappa=float(ratio(joint - rate**2, rate * (1.0 - rate))),
    )


class MarkAgreement(NamedTuple):
    """Marks over the parts of items.

    Attributes:
        share: `[M]` share of parts that each person marks.
        jaccard: mean over pairs of people on one item of marked by both over marked by
            either; pairs without any mark are left out.
        f1: mean over the same pairs of the harmonic mean of precision and recall.
    """

    share: Floats
    jaccard: float
    f1: float


def mark_agreement(
    marks: ArrayLike, is_answered: ArrayLike, is_part: ArrayLike | None = None
) -> MarkAgreement:
    """Compare marks that people set over the parts of items.

    Args:
        marks: `[N, M, S]` 1 or True where a part is marked.
        is_answered: `[N, M]` who marked which item.
        is_part: `[N, S]` which parts an item has; all S if None.

    Returns:
        Shares and overlaps; nan where nobody marked or no two people did.
    """
    given = np.asarray(is_answered, bool)
    part = np.ones(np.shape(marks)[::2], bool) if is_part is None else is_part
    counted = given[:, :, None] & np.asarray(part, bool)[:, None, :]
    marked = (np.asarray(marks) > 0) & counted
    both = np.einsum("nas,nbs->nab", marked.astype(float), marked.astype(float))
    size = marked.sum(axis=2)
    together = (size[:, :, None] + size[:, None, :]).astype(float)
    first, second = np.triu_indices(given.shape[1], k=1)
    is_pair = given[:, first] & given[:, second] & (together[:, first, second] > 0)
    both = both[:, first, second][is_pair]
    together = together[:, first, second][is_pair]
    return MarkAgreement(
        share=ratio(marked.sum(axis=(0, 2)), counted.sum(axis=(0, 2))),
        jaccard=mean(both / (together - both)),
        f1=mean(2.0 * both / together),
    )


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
