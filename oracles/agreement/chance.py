"""Agreement beyond chance: kappas of Cohen and Fleiss, alpha of Krippendorff."""

import numpy as np
from numpy.typing import ArrayLike

from oracles.agreement.counting import Floats, count_options, options_in

LEVELS = ("nominal", "ordinal", "interval")


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


def krippendorff_alpha(
    answers: ArrayLike, level: str = "nominal", values: ArrayLike | None = None
) -> float:
    """Return Krippendorff's alpha; answers may be missing.

    For ratings on a continuum pass `np.unique(ratings, return_inverse=True)` the other
    way round: the inverse as answers, the sorted ratings as values.

    Args:
        answers: `[N, M]` answers, -1 where there is none.
        level: "nominal", "ordinal" (options in their order) or "interval".
        values: `[K]` number that each option stands for (interval); its index if None.

    Returns:
        Alpha; nan without two answers to one item or with a single option in use.

    Raises:
        ValueError: another level.

    References:
        Krippendorff (2004), Content analysis, 2nd ed., chapter 11: coincidences and
        the difference functions of the three levels.
    """
    if level not in LEVELS:
        allowed = ", ".join(repr(known) for known in LEVELS)
        raise ValueError(f"`level` must be one of {allowed}, got {level!r}.")
    given = np.asarray(answers)
    counts = count_options(given, options_in(given))
    counts = counts[counts.sum(axis=1) >= 2]
    others = np.maximum(counts.sum(axis=1) - 1.0, 1.0)
    weighted = counts / others[:, None]
    coincidence = weighted.T @ counts - np.diag(weighted.sum(axis=0))
    totals = counts.sum(axis=0)
    difference = _squared_difference(level, totals, values)
    by_chance = float(totals @ difference @ totals)
    if by_chance == 0:
        return float("nan")
    observed = float((coincidence * difference).sum())
    return 1.0 - (float(totals.sum()) - 1.0) * observed / by_chance


def _squared_difference(level: str, totals: Floats, values: ArrayLike | None) -> Floats:
    """Return how far two options are apart, squared, `[K, K]`."""
    if level == "nominal":
        return 1.0 - np.eye(totals.size)
    if level == "ordinal":
        # Distances between midpoints of the ranks that the options take up.
        place = np.cumsum(totals) - totals / 2.0
    else:
        place = np.arange(totals.size, dtype=float)
        if values is not None:
            place = np.asarray(values, float)[: totals.size]
    return np.square(place[:, None] - place[None, :])


def _beyond_chance(observed: float, chance: float) -> float:
    if chance >= 1.0 - 1e-12:
        return float("nan")
    return (observed - chance) / (1.0 - chance)
