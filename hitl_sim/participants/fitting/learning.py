"""Fit how skill changes with practice: one net curve of learning and fatigue.

Within a person, answers that come later are held against those that come earlier: one
Newton step from no change, on the scale of utility, with errors clustered by person.
Who stays longer is no more skilled by that, since people are held against themselves.
Learning and fatigue cannot be told apart without breaks; the curve is what is left of
both.

References:
    Liang, Zeger (1986), Longitudinal data analysis using generalized linear models,
    Biometrika 73(1), 13-22: the error of a slope with people as clusters.
"""

import numpy as np

from hitl_sim.participants.fitting.estimate import FittedNumber, not_seen
from hitl_sim.participants.record import Floats, Record, places
from oracles.timing import LEARNING_TRIALS

NAME = "learning"
_LEAST_PEOPLE = 10
_FIXED_ORDER = 0.5
"""Share of the variance of places in the work that items explain, from which on what is
late is what is hard: people answered in much the same order."""
_Z = 1.959963984540054


def fit_learning(record: Record, right: Floats, is_plain: Floats) -> FittedNumber:
    """Say how much skill tenfold practice adds.

    Args:
        record: labels; first looks at items whose truth is known count.
        right: `[L]` probability that each answer is right, by the person and the truth.
        is_plain: `[A]` probability that each person is of no fixed kind.
    """
    if not record.is_ordered:
        return not_seen(NAME, "no order is recorded")
    known = (record.answer >= 0) & (record.occasion == 0)
    known &= record.truth[record.item] >= 0
    person, item = record.person[known], record.item[known]
    practised = _practised(record)[known]
    if np.unique(person).size < _LEAST_PEOPLE:
        return not_seen(NAME, f"fewer than {_LEAST_PEOPLE} people")
    if _explained(practised, item) > _FIXED_ORDER:
        return not_seen(NAME, "people answered in one order: what is late may be hard")
    chance = np.clip(right[known], 1e-3, 1.0 - 1e-3)
    weight = is_plain[person] * chance * (1.0 - chance)
    size = record.num_people

    def by_person(values: Floats) -> Floats:
        return np.bincount(person, values, size).astype(float)

    middle = by_person(weight * practised) / np.maximum(by_person(weight), 1e-9)
    off = practised - middle[person]
    is_right = record.answer[known] == record.truth[item]
    told = is_plain[person] * off * (is_right - chance)
    known_by = float((weight * off**2).sum())
    if known_by <= 0.0:
        return not_seen(NAME, "nobody answered twice")
    value = float(told.sum()) / known_by
    error = float(np.sqrt(np.square(by_person(told - weight * off**2 * value)).sum()))
    error = error / known_by
    low, high = value - _Z * error, value + _Z * error
    if low <= 0.0 <= high:
        return FittedNumber(NAME, value, low, high, False, "0 is inside")
    return FittedNumber(NAME, value, low, high)


def mean_practice(record: Record) -> float:
    """Return the mean of what practice was at each answer, people counting the same."""
    practised = _practised(record)
    total = np.bincount(record.person, practised)
    there = record.work > 0
    return float((total[there] / record.work[there]).mean())


def _practised(record: Record) -> Floats:
    """Return tenfolds of practice from the tenth question on, `[L]`."""
    tenfolds: Floats = np.log10((1.0 + places(record.person)) / LEARNING_TRIALS)
    return tenfolds


def _explained(values: Floats, group: np.ndarray) -> float:
    """Return the share of variance that groups explain, less what chance would."""
    count = np.bincount(group)
    several = count[group] >= 2
    if not several.any():
        return 0.0
    values, group = values[several], np.unique(group[several], return_inverse=True)[1]
    count = np.bincount(group)
    mean = np.bincount(group, values) / count
    within = float(np.square(values - mean[group]).sum()) / max(
        values.size - count.size, 1
    )
    total = float(values.var(ddof=1))
    return 1.0 - within / total if total > 0.0 else 0.0
