"""How many answers an item gets: fixed, the first few of many, or until it is clear.

Each policy asks, when an item opens and whenever all its questions are answered, the
fewest further answers with which it could stop. So it never asks more than one that
asks one person after the other, and it waits as little as that allows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.array import FloatArray, IntArray


@dataclass(frozen=True)
class Fixed:
    """The same number of answers for every item.

    Attributes:
        answers: that number; >= 1.
    """

    answers: int = 3

    @property
    def at_most(self) -> int:
        """Most answers that an item may be asked for."""
        return self.answers


@dataclass(frozen=True)
class First:
    """Ask several people at once and take the answers that come first.

    What is begun when enough are in is finished and paid, but not used; what nobody
    has begun is withdrawn.

    Attributes:
        asked: people asked at once.
        kept: answers that are taken; 1 to `asked`.
    """

    asked: int
    kept: int

    @property
    def at_most(self) -> int:
        """Most answers that an item may be asked for."""
        return self.asked


@dataclass(frozen=True)
class Lead:
    """Ask until one class leads the next by some answers.

    Attributes:
        lead: answers by which it leads; >= 1.
        at_most: answers after which an item is closed anyway; >= `lead`.
    """

    lead: int
    at_most: int = 15


@dataclass(frozen=True)
class Posterior:
    """Ask until the most probable class is probable enough.

    The probability is that of one-coin people who err independently and evenly over
    the other classes; where people share errors it claims too much.

    Attributes:
        confidence: probability at which an item is closed; in (1/classes, 1).
        accuracy: how often one answer is believed to be right; in (1/classes, 1).
        at_most: answers after which an item is closed anyway; >= 1.
    """

    confidence: float
    accuracy: float
    at_most: int = 15


Policy = Fixed | First | Lead | Posterior


def check_policy(policy: Policy, num_classes: int) -> None:
    """Refuse a policy that cannot be followed.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    chance = 1.0 / num_classes
    conditions: dict[str, tuple[bool, str]] = {}
    if isinstance(policy, Fixed):
        conditions["answers"] = (policy.answers >= 1, ">= 1")
    elif isinstance(policy, First):
        conditions["asked"] = (policy.asked >= 1, ">= 1")
        conditions["kept"] = (
            1 <= policy.kept <= policy.asked,
            f"in 1 to `asked` ({policy.asked})",
        )
    elif isinstance(policy, Lead):
        conditions["lead"] = (policy.lead >= 1, ">= 1")
        conditions["at_most"] = (
            policy.at_most >= policy.lead,
            f">= `lead` ({policy.lead})",
        )
    else:
        within = f"in ({chance:.3g}, 1), above chance"
        conditions["confidence"] = (chance < policy.confidence < 1, within)
        conditions["accuracy"] = (chance < policy.accuracy < 1, within)
        conditions["at_most"] = (policy.at_most >= 1, ">= 1")
    for name, (is_met, condition) in conditions.items():
        if not is_met:
            raise ValueError(
                f"`policy.{name}` must be {condition}, got {getattr(policy, name)!r}."
            )


def weight_of(accuracy: float, num_classes: int) -> float:
    """Return what one answer adds to the log-odds of its class against another."""
    return math.log(accuracy * (num_classes - 1) / (1.0 - accuracy))


def claimed(counts: Sequence[int], weight: float) -> float:
    """Return the probability of the leading class, were people independent one-coins.

    Args:
        counts: `[K]` answers of each class.
        weight: of one answer; see `weight_of`.
    """
    most = max(counts)
    return 1.0 / sum(math.exp(weight * (count - most)) for count in counts)


def asked_first(policy: Policy, num_classes: int) -> int:
    """Return how many questions an item is opened with."""
    if isinstance(policy, First):
        return policy.asked
    return asked_next(policy, [0] * num_classes)


def asked_next(policy: Policy, counts: Sequence[int]) -> int:
    """Return how many more questions an item needs, all that were asked being answered.

    Args:
        policy: how many answers an item gets.
        counts: `[K]` answers of each class so far.

    Returns:
        The fewest with which it could be closed; 0 where it is closed.
    """
    total = sum(counts)
    if isinstance(policy, Fixed):
        return max(0, policy.answers - total)
    if isinstance(policy, First):
        return max(0, policy.kept - total)
    first, second = sorted(counts)[:-3:-1]
    if isinstance(policy, Lead):
        needed = policy.lead - (first - second)
    else:
        weight = weight_of(policy.accuracy, len(counts))
        needed = 0
        leading = list(counts)
        place = leading.index(first)
        while claimed(leading, weight) < policy.confidence:
            leading[place] += 1
            needed += 1
            if needed + total >= policy.at_most:
                break
    return max(0, min(needed, policy.at_most - total))


@dataclass(frozen=True)
class Redundancy:
    """What a policy did with `N` items.

    Attributes:
        num_answers: `[N]` answers that were used of each item.
        is_right: `[N]` 1 where the label is right, 0 where not.
        claimed: `[N]` probability that the label is right, were people independent
            one-coins of the accuracy that the policy, or else its caller, believes in.
    """

    num_answers: IntArray
    is_right: IntArray
    claimed: FloatArray


def follow_policy(
    policy: Policy, answers: IntArray, num_classes: int, accuracy: float
) -> Redundancy:
    """Label items by the answers that they would get, all items at once.

    Ties of the vote go to the tied class that was answered first.

    Args:
        policy: how many answers an item gets.
        answers: `[N, M]` classes, 0 being right, in the order in which they come; `M`
            is at least the policy's `at_most`.
        num_classes: classes that there are.
        accuracy: how often one answer is believed to be right, for `claimed`; a
            posterior policy has its own.

    Returns:
        What was used of them.
    """
    num_items = len(answers)
    if isinstance(policy, Posterior):
        accuracy = policy.accuracy
    weight = weight_of(accuracy, num_classes)
    counts = np.zeros((num_items, num_classes), np.int64)
    num_answers = np.zeros(num_items, np.int64)
    is_open = np.ones(num_items, bool)
    limit = policy.kept if isinstance(policy, First) else policy.at_most
    rows = np.arange(num_items)
    for turn in range(limit):
        live = rows[is_open]
        if not live.size:
            break
        counts[live, answers[live, turn]] += 1
        num_answers[live] += 1
        if isinstance(policy, Lead):
            top = np.partition(counts[live], num_classes - 2, axis=1)[:, -2:]
            is_open[live] = top[:, 1] - top[:, 0] < policy.lead
        elif isinstance(policy, Posterior):
            is_open[live] = _claimed(counts[live], weight) < policy.confidence
    tied = counts == counts.max(axis=1, keepdims=True)
    answered = np.take_along_axis(tied, answers[:, :limit], axis=1)
    answered &= np.arange(limit) < num_answers[:, None]
    label = np.take_along_axis(answers, answered.argmax(axis=1)[:, None], axis=1)
    is_right = (label[:, 0] == 0).astype(np.int64)
    return Redundancy(num_answers, is_right, _claimed(counts, weight))


def _claimed(counts: IntArray, weight: float) -> FloatArray:
    apart = counts - counts.max(axis=1, keepdims=True)
    return np.asarray(1.0 / np.exp(weight * apart).sum(axis=1))
