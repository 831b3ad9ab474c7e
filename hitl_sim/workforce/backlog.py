"""The second engine: a backlog that never runs dry, window by window in whole arrays.

While there are questions left nobody waits, so each person's answers follow one another
whatever the others do. A window of time of everybody is drawn at once; the project ends
with the last of as many answers, in the order in which they are begun, as its items
need. A window is a day, or so short that about a million answers are begun in it, so
that memory does not grow with the number of answers.

The simpy engine has more: items that come in, further groups of people, gold questions,
adjudication, questions that expire unbegun, a device,
the first few of many, and the last items' wait for somebody who has not seen them. That
wait makes this engine's end early: by the time of a few answers where each item gets
the same number, by hours where a policy goes on asking and few people are on shift.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.workforce.account import (
    Account,
    GroupAccount,
    Hours,
    Tally,
    check_account,
)
from hitl_sim.workforce.behaviour import Behaviour, draw_answers, draw_appeal
from hitl_sim.workforce.duration import Duration
from hitl_sim.workforce.people import draw_roster
from hitl_sim.workforce.policy import First, Policy, follow_policy
from hitl_sim.workforce.project import Project, check_project
from hitl_sim.workforce.roster import (
    Roster,
    next_work,
    onboarding_worked,
    tested_worked,
)
from hitl_sim.workforce.team import DAY_S, WEEK_DAYS

_CELLS = 1_000_000
_MOST_LABELS = 20_000
_BLOCK = 10_000
_GUESS = 1_000
_FEW_PEOPLE = 64
_REDRAWS = 20
_HALVINGS = 40
_SPARE = 1.1


def why_not_backlog(project: Project) -> str | None:
    """Say what of a project only the simpy engine can do, if anything."""
    reasons = {
        "items that come in": project.items_per_day is not None,
        "further groups of people": bool(project.groups),
        "gold questions": project.gold is not None,
        "adjudication": project.adjudication is not None,
        "questions that expire unbegun": project.wait_limit is not None,
        "a device that people wait for": project.update is not None,
        "the first of many answers": isinstance(project.policy, First),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


@dataclass(frozen=True)
class Labels:
    """What a policy makes of a crowd's answers, over items.

    Attributes:
        answers: mean number of answers that an item takes.
        accuracy: share of labels that are right.
        claimed: mean probability that a label is right, were people independent.
    """

    answers: float
    accuracy: float
    claimed: float


def draw_labels(
    policy: Policy,
    behaviour: Behaviour,
    skill: FloatArray,
    weight: FloatArray,
    rng: np.random.Generator,
    num_items: int,
) -> Labels:
    """Label items by a policy, asking people as often as they are there.

    Args:
        policy: how many answers an item gets.
        behaviour: what people answer.
        skill: `[A]` of the people.
        weight: `[A]` how much of the work each does.
        rng: of the draws.
        num_items: how many.
    """
    num, right, claims = 0.0, 0.0, 0.0
    for start in range(0, num_items, _BLOCK):
        size = min(_BLOCK, num_items - start)
        who = _who_answers(weight, rng, (size, policy.at_most))
        appeal = draw_appeal(behaviour, rng, size)
        answers = draw_answers(behaviour, rng, skill[who], appeal)
        found = follow_policy(
            policy, answers, behaviour.num_classes, behaviour.accuracy
        )
        num += float(found.num_answers.sum())
        right += float(found.is_right.sum())
        claims += float(found.claimed.sum())
    return Labels(num / num_items, right / num_items, claims / num_items)


def _who_answers(
    weight: FloatArray, rng: np.random.Generator, shape: tuple[int, int]
) -> IntArray:
    """Draw who answers each item, `[N, M]`, nobody twice where there are enough."""
    num_people = len(weight)
    if num_people <= _FEW_PEOPLE:
        # weighted draws without putting back: the smallest of exponential times
        times = rng.exponential(1.0, (shape[0], num_people)) / weight
        order = np.argsort(times, axis=1)[:, : shape[1]]
        spare = max(shape[1] - order.shape[1], 0)
        return np.pad(order, ((0, 0), (0, spare)), mode="wrap")
    edges = np.cumsum(weight)
    found = np.zeros(shape, np.int64)
    rows = np.arange(shape[0])
    for _ in range(_REDRAWS):
        drawn = np.searchsorted(edges, rng.random((rows.size, shape[1])) * edges[-1])
        found[rows] = np.minimum(drawn, num_people - 1)
        sorted_rows = np.sort(found[rows], axis=1)
        rows = rows[(np.diff(sorted_rows, axis=1) == 0).any(axis=1)]
        if not rows.size:
            break
    return found


def _shares(
    roster: Roster, seconds: Duration, answers: float, horizon_s: float
) -> FloatArray:
    """Return how many answers each person is due until all of some number are in."""
    active_s = roster.shift_s * roster.active_frac
    rate = active_s / (seconds.mean_s * roster.pace) / DAY_S
    rate = rate * roster.days_per_week / WEEK_DAYS
    low_s, high_s = float(roster.arrive_s[0]), horizon_s
    for _ in range(_HALVINGS):
        end_s = (low_s + high_s) / 2.0
        there_s = np.minimum(roster.leave_s, end_s) - roster.ready_s
        due = rate * np.clip(there_s, 0.0, None)
        low_s, high_s = (low_s, end_s) if due.sum() > answers else (end_s, high_s)
    # a day more, for nobody's share is known by the hour
    there_s = np.minimum(roster.leave_s, high_s + DAY_S) - roster.ready_s
    return np.asarray(rate * np.clip(there_s, 0.0, None))


@dataclass(frozen=True)
class Answers:
    """Answers that were begun, in any order.

    Attributes:
        begin_s: `[L]` when each was begun, s.
        end_s: `[L]` when each was done, given up or expired, s.
        is_good: `[L]` whether it is an answer.
        is_left: `[L]` whether its person left for good before it was done.
    """

    begin_s: FloatArray
    end_s: FloatArray
    is_good: BoolArray
    is_left: BoolArray

    def rows(self, chosen: BoolArray | IntArray) -> "Answers":
        """Keep some of them."""
        return Answers(
            self.begin_s[chosen],
            self.end_s[chosen],
            self.is_good[chosen],
            self.is_left[chosen],
        )


def join_answers(parts: Sequence[Answers]) -> Answers:
    """Put several lots of answers together."""
    if len(parts) == 1:
        return parts[0]
    return Answers(
        np.concatenate([part.begin_s for part in parts]),
        np.concatenate([part.end_s for part in parts]),
        np.concatenate([part.is_good for part in parts]),
        np.concatenate([part.is_left for part in parts]),
    )


@dataclass
class _Books:
    """What was counted of the days that are over."""

    hours: Hours
    answered: int = 0
    abandoned: int = 0
    expired: int = 0
    in_hand: int = 0
    worked_s: float = 0.0
    end_s: float = 0.0

    def book(self, done: Answers, until_s: float = math.inf) -> None:
        """Count answers, those in hand at the end apart."""
        over = done.end_s <= until_s
        good = over & done.is_good
        self.answered += int(good.sum())
        self.abandoned += int((over & done.is_left).sum())
        self.expired += int((over & ~done.is_good & ~done.is_left).sum())
        self.in_hand += int((~over).sum())
        self.worked_s += float((np.minimum(done.end_s, until_s) - done.begin_s).sum())
        self.end_s = max(self.end_s, float(done.end_s[good].max(initial=0.0)))
        self.hours.add(done.end_s[good])


def simulate_backlog(
    project: Project,
    seed: int,
    *,
    roster: Roster | None = None,
    most_labels: int = _MOST_LABELS,
) -> Account:
    """Run a project whose items are all there, without a clock.

    Items are taken to be closed in step with answers; waits are not known.

    Args:
        project: what is to be done and by whom.
        seed: of all draws; equal input gives an equal account, and the same people as
            the simpy engine has.
        roster: people to run it with in place of drawn ones.
        most_labels: items whose labels are drawn; the others get their shares.

    Returns:
        What it came to.

    Raises:
        ValueError: the project cannot be run at all, or not by this engine; see
            `check_project` and `why_not_backlog`.
    """
    check_project(project, is_alone=roster is None)
    if (reason := why_not_backlog(project)) is not None:
        raise ValueError(f"`project` must be without {reason} for this engine.")
    people = project.people
    who, times, answers, _ = np.random.default_rng([seed]).spawn(4)
    if roster is None:
        roster = draw_roster(people, project.horizon_s, who, project.start_s)
    labels = _labels(project, roster, answers, most_labels)
    total = round(labels.answers * project.items) or project.items
    books = _Books(Hours())
    for begun in _windows(roster, people.seconds, project, times):
        missing = total - books.answered
        if int(begun.is_good.sum()) >= missing:
            order = np.argsort(begun.begin_s, kind="stable")
            last = int(np.searchsorted(np.cumsum(begun.is_good[order]), missing))
            used = begun.rows(order[: last + 1])
            end_s = max(books.end_s, float(used.end_s[used.is_good].max()))
            is_in_time = end_s <= project.horizon_s
            books.book(used, min(end_s, project.horizon_s))
            books.end_s = min(end_s, project.horizon_s)
            return _account(project, roster, books, labels, is_finished=is_in_time)
        books.book(begun, project.horizon_s)
    books.end_s = project.horizon_s
    return _account(project, roster, books, labels, is_finished=False)


def _labels(
    project: Project, roster: Roster, rng: np.random.Generator, most: int
) -> Labels:
    """Label items by who is likely to be there while the project lasts."""
    people, policy = project.people, project.policy
    labels = Labels(float(policy.at_most), math.nan, math.nan)
    if not np.isfinite(roster.ready_s).any():
        return labels
    # of an open number of answers a first guess says how long the project lasts
    for items in (min(_GUESS, most), min(project.items, most)):
        due = labels.answers * project.items
        share = _shares(roster, people.seconds, due, project.horizon_s)
        there = np.flatnonzero(share > 0)
        if there.size:
            skill, weight = roster.skill[there], share[there]
            labels = draw_labels(policy, people.behaviour, skill, weight, rng, items)
    return labels


def _windows(
    roster: Roster, seconds: Duration, project: Project, rng: np.random.Generator
) -> Iterator[Answers]:
    """Yield what everybody begins, window after window."""
    num = len(roster)
    free_s, stop_s = (
        roster.ready_s.copy(),
        np.minimum(roster.leave_s, project.horizon_s),
    )
    first_s, last_s = np.full(num, math.inf), np.full(num, math.inf)
    stale = np.flatnonzero(np.isfinite(free_s))
    while True:
        first_s[stale], last_s[stale] = next_work(roster, stale, free_s[stale])
        first_s[first_s >= stop_s] = math.inf
        start_s = float(first_s.min(initial=math.inf))
        if start_s == math.inf:
            return
        there = np.flatnonzero(first_s < start_s + DAY_S)
        rate = float((1.0 / (seconds.mean_s * roster.pace[there])).sum())
        end_s = start_s + min(DAY_S, max(_CELLS / rate, seconds.mean_s))
        stale = np.flatnonzero(first_s < end_s)
        parts, busy = [], stale
        while busy.size:
            room_s = np.minimum(np.minimum(last_s, stop_s)[busy], end_s)
            begun, free_s[busy] = _begin(
                first_s[busy], room_s, roster, busy, seconds, project, rng
            )
            parts.append(begun)
            if math.isinf(roster.break_every_s):
                break
            # after a break somebody may go on within the window
            first_s[busy], last_s[busy] = next_work(roster, busy, free_s[busy])
            is_on = first_s[busy] < np.minimum(stop_s[busy], end_s)
            busy = busy[is_on]
        yield join_answers(parts)


def _begin(
    first_s: FloatArray,
    last_s: FloatArray,
    roster: Roster,
    who: IntArray,
    seconds: Duration,
    project: Project,
    rng: np.random.Generator,
) -> tuple[Answers, FloatArray]:
    """Let some people begin one answer after the other until a time of each.

    Returns:
        What they begin, and when each is free again.
    """
    pace, leave_s = roster.pace[who, None], roster.leave_s[who, None]
    limit_s = project.answer_limit_s or math.inf
    room_s = last_s - first_s
    num = int((room_s / (seconds.mean_s * pace[:, 0])).max() * _SPARE) + 8
    takes_s = seconds.draw(rng, (who.size, num)) * pace
    spent_s = np.minimum(takes_s, limit_s)
    while (spent_s.sum(axis=1) < room_s).any():
        more_s = seconds.draw(rng, (who.size, num)) * pace
        takes_s = np.concatenate([takes_s, more_s], axis=1)
        spent_s = np.concatenate([spent_s, np.minimum(more_s, limit_s)], axis=1)
    end_s = first_s[:, None] + np.cumsum(spent_s, axis=1)
    begin_s = np.concatenate([first_s[:, None], end_s[:, :-1]], axis=1)
    is_begun = begin_s < last_s[:, None]
    is_left = end_s >= leave_s
    is_good = ~is_left & (takes_s <= limit_s)
    end_s = np.minimum(end_s, leave_s)
    free_s = np.where(is_begun, end_s, -math.inf).max(axis=1)
    begun = Answers(
        begin_s[is_begun], end_s[is_begun], is_good[is_begun], is_left[is_begun]
    )
    return begun, free_s


def _account(
    project: Project,
    roster: Roster,
    books: _Books,
    labels: Labels,
    *,
    is_finished: bool,
) -> Account:
    """Close the books."""
    end_s = books.end_s
    onboarding_s = onboarding_worked(roster, project.people.onboarding_s, end_s)
    tested_s = tested_worked(roster, end_s)
    paid_s = books.worked_s + onboarding_s
    if (test := project.people.test) is not None and test.is_paid:
        paid_s += tested_s
    came = roster.arrive_s <= end_s
    answered_by_hour = books.hours.counts()
    share = answered_by_hour.cumsum() / max(1, books.answered)
    closed = project.items
    if not is_finished:
        closed = int(books.answered / labels.answers) if labels.answers else 0
    closed_so_far = np.floor(share * closed + 1e-9)
    closed_by_hour = np.diff(closed_so_far, prepend=0.0).astype(np.int64)
    account = Account(
        end_s=end_s,
        is_finished=is_finished,
        items_closed=closed,
        items_right=labels.accuracy * closed,
        claimed=labels.claimed,
        asked=books.answered + books.abandoned + books.expired + books.in_hand,
        answered=books.answered,
        surplus=0,
        abandoned=books.abandoned,
        expired=books.expired,
        open=books.in_hand,
        worked_s=books.worked_s,
        onboarding_s=onboarding_s,
        tested_s=tested_s,
        gold_s=0.0,
        idle_s=0.0,
        waited_s=0.0,
        paid_s=paid_s,
        people_came=int(came.sum()),
        people_left=int((came & (roster.leave_s <= end_s)).sum()),
        groups=(
            GroupAccount(
                name="people",
                answered=books.answered,
                gold=0,
                worked_s=books.worked_s,
                gold_s=0.0,
                tested_s=tested_s,
                onboarding_s=onboarding_s,
                refused=0,
                refused_s=0.0,
                removed=0,
                paid_s=paid_s,
                people_came=int(came.sum()),
            ),
        ),
        adjudicated=0,
        reopened=0,
        wait=Tally(),
        sojourn=Tally(),
        expiry=Tally(),
        device_wait=Tally(),
        closed_by_hour=closed_by_hour,
        answered_by_hour=answered_by_hour,
    )
    check_account(account)
    return account
