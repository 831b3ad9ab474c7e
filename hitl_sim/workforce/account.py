"""What a project came to: questions, time, people and labels, checked to add up."""

import math
from dataclasses import dataclass

import numpy as np

from hitl_sim.array import FloatArray, IntArray
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce.timeline import ConservationError


@dataclass
class Tally:
    """Number, sum and sum of squares of what was seen; memory stays flat."""

    num: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.num += 1
        self.total += value
        self.squares += value * value

    @property
    def mean(self) -> float:
        """Their mean; nan of none."""
        return self.total / self.num if self.num else math.nan


@dataclass(frozen=True)
class GroupAccount:
    """What one group of people did and is paid for.

    Attributes:
        name: of the group; "people" for the crowd.
        answered: questions that they answered.
        gold: questions of these with a known answer, which are no part of `answered`.
        worked_s: time spent on questions, abandoned and expired ones too.
        gold_s: time spent on questions with a known answer.
        tested_s: time spent on the test.
        onboarding_s: time spent on learning the task.
        refused: answers of theirs that were refused and asked anew of others.
        refused_s: time that they had spent on these, part of `worked_s`.
        removed: people who were sent away.
        paid_s: time that is paid: all of that, the test where it is.
        people_came: people who began before the end.
    """

    name: str
    answered: int
    gold: int
    worked_s: float
    gold_s: float
    tested_s: float
    onboarding_s: float
    refused: int
    refused_s: float
    removed: int
    paid_s: float
    people_came: int


@dataclass(frozen=True)
class Account:
    """What a project came to by its end.

    A question is one request for one person's answer to one item.

    Attributes:
        end_s: when the last item was closed; the horizon where some never were, s.
        is_finished: whether all items were closed.
        items_closed: items whose label is decided.
        items_right: of these, how many labels are right; nan where nobody answered.
        claimed: mean probability that a label is right, were people independent
            one-coins, over closed items that have an answer; nan without any.
        asked: questions asked.
        answered: questions that got an answer.
        surplus: answers of these that were not used, for the item was closed.
        abandoned: questions begun by somebody who left before the answer.
        expired: questions that nobody began in time, that were not answered in time, or
            that were withdrawn since the item was closed.
        open: questions not begun or not finished at the end.
        worked_s: time that people spent on answers, abandoned and expired ones too.
        onboarding_s: time that people spent on learning the task.
        tested_s: time that people spent on the test before it.
        gold_s: time that people spent on questions with a known answer.
        idle_s: time within shifts in which somebody found nothing to answer.
        waited_s: time that people waited for a device.
        paid_s: time that is paid: worked, gold, onboarding, and the test where it is.
        people_came: people who began to work before the end.
        people_left: of these, how many had left by the end.
        groups: all of these by group, the crowd first.
        adjudicated: items that experts were asked about.
        reopened: items that were closed and opened anew, for an answer was refused.
        wait: of questions that were begun: time from asking to beginning, s.
        sojourn: of items that were closed with an answer: time from opening to closing.
        expiry: 1 of each question that expired unbegun and 0 of each begun.
        device_wait: time that somebody waited for a device, its own work included.
        closed_by_hour: `[H]` items closed in each hour.
        answered_by_hour: `[H]` answers given in each hour.
    """

    end_s: float
    is_finished: bool
    items_closed: int
    items_right: float
    claimed: float
    asked: int
    answered: int
    surplus: int
    abandoned: int
    expired: int
    open: int
    worked_s: float
    onboarding_s: float
    tested_s: float
    gold_s: float
    idle_s: float
    waited_s: float
    paid_s: float
    people_came: int
    people_left: int
    groups: tuple[GroupAccount, ...]
    adjudicated: int
    reopened: int
    wait: Tally
    sojourn: Tally
    expiry: Tally
    device_wait: Tally
    closed_by_hour: IntArray
    answered_by_hour: IntArray

    @property
    def accuracy(self) -> float:
        """Share of closed items whose label is right; nan where none is closed."""
        return self.items_right / self.items_closed if self.items_closed else math.nan

    @property
    def utilisation(self) -> float:
        """Share of the time there that went into questions; nan where nobody was."""
        busy_s = self.worked_s + self.gold_s
        present_s = busy_s + self.tested_s + self.onboarding_s
        present_s += self.idle_s + self.waited_s
        return busy_s / present_s if present_s > 0 else math.nan


def check_account(account: Account) -> None:
    """Refuse an account in which questions, answers or pay are lost or invented.

    Raises:
        ConservationError: asked is not answered + abandoned + expired + open, a count
            is negative, or less is paid than worked.
    """
    parts = (account.answered, account.abandoned, account.expired, account.open)
    if account.asked != sum(parts) or min(parts) < 0:
        raise ConservationError(
            "`asked` must be answered + abandoned + expired + open, got "
            f"{account.asked} and {' + '.join(map(str, parts))}."
        )
    if account.paid_s < account.worked_s:
        raise ConservationError(
            f"`paid_s` must be >= `worked_s`, got {account.paid_s} and "
            f"{account.worked_s} s."
        )
    _check_groups(account)
    if int(account.answered_by_hour.sum()) != account.answered:
        raise ConservationError(
            f"`answered_by_hour` must add up to {account.answered}, got "
            f"{int(account.answered_by_hour.sum())}."
        )
    if not 0 <= account.surplus <= account.answered:
        raise ConservationError(
            f"`surplus` must be in 0 to `answered` ({account.answered}), got "
            f"{account.surplus}."
        )


def _check_groups(account: Account) -> None:
    """Refuse groups that do not add up to the whole."""
    for name in ("answered", "worked_s", "paid_s", "people_came"):
        parts = sum(getattr(group, name) for group in account.groups)
        if not math.isclose(parts, getattr(account, name), rel_tol=1e-9):
            raise ConservationError(
                f"`{name}` of the groups must add up to {getattr(account, name)}, got "
                f"{parts}."
            )
    for group in account.groups:
        if not 0 <= group.refused <= group.answered:
            raise ConservationError(
                f"`refused` must be in 0 to `answered` ({group.answered}), got "
                f"{group.refused} of {group.name!r}."
            )


class Hours:
    """Counts by hour, of times in any order."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts = np.zeros(64, np.int64)
        self._last = -1

    def add(self, times_s: FloatArray) -> None:
        """Count times, s."""
        if not times_s.size:
            return
        found = np.bincount((times_s / S_PER_H).astype(np.int64))
        self._last = max(self._last, found.size - 1)
        if found.size > self._counts.size:
            self._counts = np.resize(self._counts, 2 * found.size) * (
                np.arange(2 * found.size) < self._counts.size
            )
        self._counts[: found.size] += found

    def drop(self, time_s: float) -> None:
        """Take back a time that was counted, s."""
        self._counts[int(time_s / S_PER_H)] -= 1

    def counts(self) -> IntArray:
        """Return them, up to the last hour in which anything was."""
        return self._counts[: self._last + 1].copy()
