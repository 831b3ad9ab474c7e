"""Whether a number agrees with what is published: the test behind each such sentence.

A number agrees with a published range if its interval lies within the range, or reaches
over an end of it with its centre inside while no wider than a stated limit. It stands
against the range if the two have no point in common. Anything else tells nothing: an
interval that holds nearly all that could have been found agrees with everything. What a
constant was chosen from is no test at all.
"""

import math
from enum import StrEnum

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.break_even import Answer

WIDEST_SHARE = 0.2
"""Widest interval of a saving that is held against a published one: 20 points. What is
published of clocks and caps lies between 9 and 30 %, so a wider one misses nothing."""


class Agreement(StrEnum):
    """How a number stands to what is published of it, in words."""

    HOLDS = "as published"
    AGAINST = "against what is published"
    OPEN = "too uncertain to be compared with what is published"
    CALIBRATED = "calibrated to these figures, so that it is no test of them"


def agree_in_range(
    value: float,
    ends: tuple[float, float],
    published: tuple[float, float],
    *,
    widest: float = WIDEST_SHARE,
    is_fitted: bool = False,
) -> Agreement:
    """Hold a number against a published range.

    Args:
        value: the number.
        ends: of its interval.
        published: ends of what was found elsewhere.
        widest: widest interval that tells anything.
        is_fitted: whether the number rests on a constant chosen from this range.
    """
    if is_fitted:
        return Agreement.CALIBRATED
    low, high = ends
    if math.isnan(value) or not low <= high:
        return Agreement.OPEN
    if high < published[0] or low > published[1]:
        return Agreement.AGAINST
    if published[0] <= low and high <= published[1] and math.isfinite(high - low):
        return Agreement.HOLDS
    is_inside = published[0] <= value <= published[1]
    return Agreement.HOLDS if is_inside and high - low <= widest else Agreement.OPEN


def agree_in_sign(*answers: Answer) -> Agreement:
    """Return whether all that is published is seen, or any of it is seen not to be.

    Args:
        answers: whether each part of what is published is seen here.
    """
    if Answer.NO in answers:
        return Agreement.AGAINST
    is_seen = all(answer is Answer.YES for answer in answers)
    return Agreement.HOLDS if is_seen else Agreement.OPEN


def is_below(low: float, high: float, bound: float = 1.0) -> Answer:
    """Return whether a number with an interval lies below a bound."""
    if not low <= high:
        return Answer.UNDETERMINED
    if high < bound:
        return Answer.YES
    return Answer.NO if low >= bound else Answer.UNDETERMINED


def saves(ratio: Estimate) -> Answer:
    """Return whether runs show a ratio below 1."""
    if not ratio.is_known:
        return Answer.UNDETERMINED
    return is_below(ratio.low, ratio.high)


def opposite(answer: Answer) -> Answer:
    """Return the answer to the opposite question."""
    turned = {Answer.YES: Answer.NO, Answer.NO: Answer.YES}
    return turned.get(answer, answer)
