"""Workload: a few people do most of the work, and not always the best ones.

In open crowds the busiest tenth gives half to three quarters of the answers. How active
people are is log-normal; who is active may go with skill (`draw_activity`). Dealing is
done on the host by rank, so that the plan of who is asked what is fixed whoever turns
out to be the busiest.

References:
    Ipeirotis (2010), Analyzing the Amazon Mechanical Turk marketplace, XRDS 17(2): the
    heavy tail of activity.
"""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def activity_by_rank(num_annotators: int, spread: float) -> Floats:
    """Return how active the busiest, the second busiest, ... of a crowd are.

    Shares `[A]` are the mid-quantiles of a log-normal whose log has that standard
    deviation (>= 0); they fall and sum to 1.
    """
    place = 1.0 - (np.arange(num_annotators) + 0.5) / num_annotators
    weight = np.exp(spread * np.array([NormalDist().inv_cdf(p) for p in place]))
    shares: Floats = weight / weight.sum()
    return shares


def assign_by_activity(
    num_questions: int, people: int, activity: Floats
) -> npt.NDArray[np.int32]:
    """Deal each question to different people, in proportion to their activity.

    Everybody earns credit with their activity and pays one per question; a question
    goes to those with most credit. Whoever would have to be asked twice per question
    gets every one.

    Args:
        num_questions: n.
        people: different people per question; at most A.
        activity: `[A]` relative activity; > 0.

    Returns:
        `[n, people]` who answers; the same for the same input.

    Raises:
        ValueError: more people per question than there are, or an activity that is not
            positive.
    """
    weight = np.asarray(activity, float)
    if not 1 <= people <= weight.size:
        raise ValueError(f"`people` must be in [1, {weight.size}], got {people}.")
    bad = ~(np.isfinite(weight) & (weight > 0.0))
    if bad.any():
        raise ValueError(f"`activity` must be > 0, got {weight[bad][0]:g}.")
    share = _capped(weight / weight.sum(), people)
    credit = np.zeros(weight.size)
    dealt = np.empty((num_questions, people), np.int32)
    for question in range(num_questions):
        credit += share
        chosen = np.argsort(-credit, kind="stable")[:people]
        credit[chosen] -= 1.0
        dealt[question] = chosen
    return dealt


def _capped(share: Floats, people: int) -> Floats:
    """Return answers per question of each person: in proportion, but at most one."""
    answers = np.zeros_like(share)
    is_full = np.zeros(share.size, bool)
    while True:
        room = people - is_full.sum()
        answers = np.where(is_full, 1.0, room * share / share[~is_full].sum())
        over = ~is_full & (answers > 1.0)
        if not over.any():
            return answers
        is_full |= over
        if is_full.all():
            return np.ones_like(share)
