"""The people of one run: when each works, is through the test and the onboarding.

A working day may be cut by breaks and fall out on holidays. Both engines see a person's
time as stretches of work, each followed by whatever comes first: a break, the end of
the working day, a weekend or a holiday.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.workforce.team import DAY_S, WEEK_DAYS


@dataclass(frozen=True)
class Roster:
    """The people of one run, in the order in which they begin to work.

    Attributes:
        arrive_s: `[A]` when each begins, s.
        leave_s: `[A]` when each leaves for good, s; infinite where they do not. Who
            fails the test leaves with its end.
        ready_s: `[A]` when each has worked through test and onboarding, s; infinite
            where they leave before.
        start_s: `[A]` second of the day at which each one's working day begins.
        shift_s: `[A]` length of it, s.
        pace: `[A]` factor on the time that an answer takes.
        skill: `[A]` skill; see `Behaviour`.
        test_s: `[A]` working time that the test takes, s; 0 where there is none.
        has_passed: `[A]` whether each passes it.
        is_placed: `[A]` whether each has a place that is filled anew.
        days_per_week: working days from Monday on.
        holidays: days from day 0 on which nobody begins a working day.
        break_every_s: work after which there is a break, s; infinite for none.
        break_s: length of a break, s.
    """

    arrive_s: FloatArray
    leave_s: FloatArray
    ready_s: FloatArray
    start_s: FloatArray
    shift_s: FloatArray
    pace: FloatArray
    skill: FloatArray
    test_s: FloatArray
    has_passed: BoolArray
    is_placed: BoolArray
    days_per_week: int
    holidays: tuple[int, ...] = ()
    break_every_s: float = math.inf
    break_s: float = 0.0

    def __len__(self) -> int:
        """Return how many people there are."""
        return len(self.arrive_s)

    def present(self, time_s: float) -> int:
        """Count who has begun and not left at a time, at work or not."""
        return int(((self.arrive_s <= time_s) & (time_s < self.leave_s)).sum())

    @property
    def active_frac(self) -> float:
        """Return the share of a long working day that is not a break."""
        if math.isinf(self.break_every_s):
            return 1.0
        return self.break_every_s / (self.break_every_s + self.break_s)

    def rows(self, chosen: BoolArray | IntArray) -> "Roster":
        """Keep some of them."""
        kept: dict[str, Any] = {name: getattr(self, name)[chosen] for name in _COLUMNS}
        return dataclasses.replace(self, **kept)


_COLUMNS = tuple(
    field.name
    for field in dataclasses.fields(Roster)
    if field.type in (FloatArray, BoolArray)
)


def join_rosters(first: Roster, second: Roster) -> Roster:
    """Put the people of two rosters into one, in the order in which they begin."""
    arrive_s = np.concatenate([first.arrive_s, second.arrive_s])
    order = np.argsort(arrive_s, kind="stable")
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])[order]
        for name in _COLUMNS
    }
    return dataclasses.replace(first, **joined)


def next_work(
    roster: Roster, who: IntArray | slice, time_s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find, for some people, the stretch of work that is on at a time or the next one.

    Args:
        roster: the people.
        who: index of those people.
        time_s: a time for each of them, s.

    Returns:
        When each may work from that time on, and when the stretch ends that this is in.
    """
    start_s, shift_s = roster.start_s[who], roster.shift_s[who]
    day = np.floor((time_s - start_s) / DAY_S)
    # the day that is on, or else one after it
    over = time_s >= day * DAY_S + start_s + shift_s
    day = _working_day(roster, np.where(over | (day < 0), day + 1, day))
    day_s = day * DAY_S + start_s
    if math.isinf(roster.break_every_s):
        return np.maximum(time_s, day_s), day_s + shift_s
    every_s, cycle_s = roster.break_every_s, roster.break_every_s + roster.break_s
    turn = np.floor((np.maximum(time_s, day_s) - day_s) / cycle_s)
    turn += time_s >= day_s + turn * cycle_s + every_s
    over = turn * cycle_s >= shift_s
    day_s = np.where(over, _working_day(roster, day + 1) * DAY_S + start_s, day_s)
    turn = np.where(over, 0.0, turn)
    begin_s = day_s + turn * cycle_s
    end_s = np.minimum(day_s + turn * cycle_s + every_s, day_s + shift_s)
    return np.maximum(time_s, begin_s), end_s


def _working_day(roster: Roster, day: FloatArray) -> FloatArray:
    """Return each day, or the next on which people work."""
    while True:
        rest = day % WEEK_DAYS
        off = rest >= roster.days_per_week
        day = np.where(off, day + WEEK_DAYS - rest, day)
        is_free = np.isin(day, roster.holidays)
        if not is_free.any():
            return day
        day = day + is_free


def stretches_of(roster: Roster, number: int) -> Callable[[float], tuple[float, float]]:
    """Return `next_work` of one person, as a function of a time that never falls."""
    start_s, length_s = float(roster.start_s[number]), float(roster.shift_s[number])
    days, holidays = roster.days_per_week, frozenset(roster.holidays)
    every_s = roster.break_every_s
    has_breaks = math.isfinite(every_s)
    cycle_s = every_s + roster.break_s
    is_always = length_s == DAY_S and days == WEEK_DAYS and start_s == 0.0
    if is_always and not has_breaks and not holidays:
        return lambda now_s: (now_s, math.inf)

    def working_day(day: int) -> int:
        while (rest := day % WEEK_DAYS) >= days or day in holidays:
            day += WEEK_DAYS - rest if rest >= days else 1
        return day

    def stretch(now_s: float) -> tuple[float, float]:
        day = math.floor((now_s - start_s) / DAY_S)
        if day < 0 or now_s >= day * DAY_S + start_s + length_s:
            day += 1
        day = working_day(day)
        day_s = day * DAY_S + start_s
        if not has_breaks:
            return max(now_s, day_s), day_s + length_s
        turn = math.floor((max(now_s, day_s) - day_s) / cycle_s)
        turn += now_s >= day_s + turn * cycle_s + every_s
        if turn * cycle_s >= length_s:
            day_s, turn = working_day(day + 1) * DAY_S + start_s, 0
        begin_s = day_s + turn * cycle_s
        return max(now_s, begin_s), min(begin_s + every_s, day_s + length_s)

    return stretch


def onboarded(roster: Roster, onboarding_s: float) -> Roster:
    """Find when each is through test and onboarding, or has failed the test."""
    tested_s, _ = _work_through(roster, roster.test_s, math.inf)
    failed_s = np.where(roster.has_passed, math.inf, tested_s)
    leave_s = np.minimum(roster.leave_s, failed_s)
    time_s, _ = _work_through(roster, _until_ready(roster, onboarding_s), math.inf)
    is_ready = roster.has_passed & (time_s < leave_s)
    ready_s = np.where(is_ready, time_s, math.inf)
    return dataclasses.replace(roster, leave_s=leave_s, ready_s=ready_s)


def _until_ready(roster: Roster, onboarding_s: float) -> FloatArray:
    return roster.test_s + onboarding_s * roster.has_passed


def tested_worked(roster: Roster, until_s: float) -> float:
    """Return the time that all people together spent on the test by then, s."""
    return float(_work_through(roster, roster.test_s, until_s)[1].sum())


def onboarding_worked(roster: Roster, onboarding_s: float, until_s: float) -> float:
    """Return the time that all people together spent on onboarding by then, s."""
    whole_s = _until_ready(roster, onboarding_s)
    both = _work_through(roster, whole_s, until_s)[1]
    test = _work_through(roster, roster.test_s, until_s)[1]
    return float((both - test).sum())


def _work_through(
    roster: Roster, each_s: FloatArray, until_s: float
) -> tuple[FloatArray, FloatArray]:
    """Return when work of some length ends for each, and what of it was done by then.

    Nobody works after leaving, nor after `until_s`; the end is told as if they did.
    """
    time_s = roster.arrive_s.copy()
    stop_s = np.minimum(roster.leave_s, until_s)
    left_s, worked_s = each_s.copy(), np.zeros(time_s.size)
    while (left_s > 0).any():
        begin_s, end_s = next_work(roster, slice(None), time_s)
        done_s = np.minimum(left_s, end_s - begin_s)
        worked_s += np.clip(np.minimum(done_s, stop_s - begin_s), 0.0, None)
        is_left = left_s > 0
        time_s = np.where(is_left, begin_s + done_s, time_s)
        left_s = np.where(is_left, left_s - done_s, 0.0)
    return time_s, worked_s
