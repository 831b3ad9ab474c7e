"""People who come and go: when they arrive, work and leave, and how fast they are.

All that happens to a person whatever the work is drawn here, before any clock runs, so
that both engines see the same people.
"""

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np

from hitl_sim.array import FloatArray, IntArray
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce.behaviour import Behaviour, check_behaviour, draw_skills
from hitl_sim.workforce.duration import Duration, check_duration
from hitl_sim.workforce.team import DAY_H, DAY_S, WEEK_DAYS

_HOURS = 24
_EVEN_DAY = (1.0,) * _HOURS
_EVEN_WEEK = (1.0,) * WEEK_DAYS


@dataclass(frozen=True)
class People:
    """Who may work on a project. Time 0 is midnight before a Monday.

    Attributes:
        team: people who are recruited when a project starts.
        arrivals_per_day: further people who are recruited, on an average day, as a
            Poisson process.
        by_hour: 24 weights of the hours of a day at which those come.
        by_day: 7 weights of the days of a week, from Monday.
        lag: from being recruited to the first working day; None for none.
        stay: from then until somebody leaves for good, answered or not; None where
            nobody leaves.
        is_replaced: whether the place of somebody of the team is filled anew when they
            leave, by recruiting somebody else.
        hours_per_day: length of a person's working day, h; in (0, 24].
        hours_spread: standard deviation of the logarithm of these hours between people;
            >= 0. Nobody works more than 24.
        days_per_week: working days from Monday on.
        starts_h: hour at which the working day begins; in [0, 24).
        starts_over_h: people begin their days evenly over so many hours from
            `starts_h` on, as they do over time zones; in [0, 24).
        onboarding_s: working time before the first answer, s; it is paid.
        seconds: time that one answer takes.
        pace_spread: standard deviation of the logarithm of that time between people;
            their mean stays that of `seconds`.
        behaviour: what people answer.
    """

    team: int = 3
    arrivals_per_day: float = 0.0
    by_hour: tuple[float, ...] = _EVEN_DAY
    by_day: tuple[float, ...] = _EVEN_WEEK
    lag: Duration | None = None
    stay: Duration | None = None
    is_replaced: bool = False
    hours_per_day: float = 8.0
    hours_spread: float = 0.0
    days_per_week: int = 5
    starts_h: float = 9.0
    starts_over_h: float = 0.0
    onboarding_s: float = 0.0
    seconds: Duration = field(default_factory=lambda: Duration(30.0, "lognormal", 0.5))
    pace_spread: float = 0.0
    behaviour: Behaviour = field(default_factory=Behaviour)


def check_people(people: People, *, is_alone: bool = True) -> None:
    """Refuse people who cannot be.

    Args:
        people: who may work.
        is_alone: whether nobody else does, so that these must not be nobody.

    Raises:
        ValueError: a field is out of range; the message names it.
    """
    conditions = {
        "team": (people.team >= 0, ">= 0"),
        "arrivals_per_day": (0 <= people.arrivals_per_day < math.inf, ">= 0"),
        "by_hour": (_are_weights(people.by_hour, _HOURS), "24 weights >= 0, some > 0"),
        "by_day": (_are_weights(people.by_day, WEEK_DAYS), "7 weights >= 0, some > 0"),
        "hours_per_day": (0 < people.hours_per_day <= DAY_H, "in (0, 24] h"),
        "hours_spread": (0 <= people.hours_spread < math.inf, "finite and >= 0"),
        "days_per_week": (1 <= people.days_per_week <= WEEK_DAYS, "in 1 to 7"),
        "starts_h": (0 <= people.starts_h < DAY_H, "in [0, 24) h"),
        "starts_over_h": (0 <= people.starts_over_h < DAY_H, "in [0, 24) h"),
        "onboarding_s": (0 <= people.onboarding_s < math.inf, "finite and >= 0 s"),
        "pace_spread": (0 <= people.pace_spread < math.inf, "finite and >= 0"),
    }
    for name, (is_met, condition) in conditions.items():
        if not is_met:
            raise ValueError(
                f"`people.{name}` must be {condition}, got {getattr(people, name)!r}."
            )
    if is_alone and people.team == 0 and people.arrivals_per_day == 0:
        raise ValueError(
            "`people` must have a `team` or `arrivals_per_day` above 0, got nobody."
        )
    check_duration("people.seconds", people.seconds)
    for name in ("lag", "stay"):
        if (given := getattr(people, name)) is not None:
            check_duration(f"people.{name}", given)
    check_behaviour(people.behaviour)


def _are_weights(weights: tuple[float, ...], num: int) -> bool:
    return (
        len(weights) == num
        and all(0 <= weight < math.inf for weight in weights)
        and sum(weights) > 0
    )


def arrival_rate(people: People) -> FloatArray:
    """Return the rate of recruitment in each hour of a week, `[168]`, people per s."""
    hour = np.array(people.by_hour) / np.mean(people.by_hour)
    day = np.array(people.by_day) / np.mean(people.by_day)
    return np.asarray(people.arrivals_per_day / DAY_S * (day[:, None] * hour).ravel())


@dataclass(frozen=True)
class Roster:
    """The people of one run, in the order in which they begin to work.

    Attributes:
        arrive_s: `[A]` when each begins, s.
        leave_s: `[A]` when each leaves for good, s; infinite where they do not.
        ready_s: `[A]` when each has worked through the onboarding, s; infinite where
            they leave before.
        start_s: `[A]` second of the day at which each one's working day begins.
        shift_s: `[A]` length of it, s.
        pace: `[A]` factor on the time that an answer takes.
        skill: `[A]` skill; see `Behaviour`.
        days_per_week: working days from Monday on.
    """

    arrive_s: FloatArray
    leave_s: FloatArray
    ready_s: FloatArray
    start_s: FloatArray
    shift_s: FloatArray
    pace: FloatArray
    skill: FloatArray
    days_per_week: int

    def __len__(self) -> int:
        """Return how many people there are."""
        return len(self.arrive_s)

    def present(self, time_s: float) -> int:
        """Count who has begun and not left at a time, at work or not."""
        return int(((self.arrive_s <= time_s) & (time_s < self.leave_s)).sum())


def draw_roster(
    people: People, horizon_s: float, rng: np.random.Generator, begin_s: float = 0.0
) -> Roster:
    """Draw everybody who begins before a horizon.

    Args:
        people: who may work.
        horizon_s: time after which nobody is needed, s.
        rng: of the draws.
        begin_s: time from which on people are recruited, s.
    """
    recruited_s = _arrivals(people, horizon_s, rng)
    recruited_s = recruited_s[recruited_s >= begin_s]
    arrive = recruited_s + _lags(people, recruited_s.size, rng)
    team = begin_s + _lags(people, people.team, rng)
    arrive_s, leave_s = [team, arrive], [team + _stays(people, people.team, rng)]
    leave_s.append(arrive + _stays(people, arrive.size, rng))
    last = leave_s[0]
    while people.is_replaced and (last := last[last < horizon_s]).size:
        begin = last + _lags(people, last.size, rng)
        last = begin + _stays(people, last.size, rng)
        arrive_s.append(begin)
        leave_s.append(last)
    begin, end = np.concatenate(arrive_s), np.concatenate(leave_s)
    kept = begin < horizon_s
    order = np.argsort(begin[kept], kind="stable")
    begin, end = begin[kept][order], end[kept][order]
    num = begin.size
    hours = people.hours_per_day * np.exp(
        people.hours_spread * rng.standard_normal(num) - people.hours_spread**2 / 2
    )
    shift_s = np.minimum(hours, DAY_H) * S_PER_H
    start_h = people.starts_h + people.starts_over_h * rng.random(num)
    start_s = np.mod(start_h, DAY_H) * S_PER_H
    if people.hours_per_day == DAY_H and people.hours_spread == 0:
        start_s = np.zeros(num)
    pace = np.exp(
        people.pace_spread * rng.standard_normal(num) - people.pace_spread**2 / 2
    )
    roster = Roster(
        arrive_s=begin,
        leave_s=end,
        ready_s=begin,
        start_s=start_s,
        shift_s=shift_s,
        pace=pace,
        skill=draw_skills(people.behaviour, rng, num),
        days_per_week=people.days_per_week,
    )
    return onboarded(roster, people.onboarding_s)


def _arrivals(people: People, horizon_s: float, rng: np.random.Generator) -> FloatArray:
    """Draw recruitment times: a count in each hour, and places within it."""
    if people.arrivals_per_day == 0:
        return np.zeros(0)
    num_hours = math.ceil(horizon_s / S_PER_H)
    rate = np.resize(arrival_rate(people), num_hours)
    count = rng.poisson(rate * S_PER_H)
    hour = np.repeat(np.arange(num_hours), count)
    return np.asarray((hour + rng.random(hour.size)) * S_PER_H)


def _lags(people: People, num: int, rng: np.random.Generator) -> FloatArray:
    return np.zeros(num) if people.lag is None else people.lag.draw(rng, num)


def _stays(people: People, num: int, rng: np.random.Generator) -> FloatArray:
    if people.stay is None:
        return np.full(num, np.inf)
    return people.stay.draw(rng, num)


def join_rosters(first: Roster, second: Roster) -> Roster:
    """Put the people of two rosters into one, in the order in which they begin."""
    arrive_s = np.concatenate([first.arrive_s, second.arrive_s])
    order = np.argsort(arrive_s, kind="stable")

    def joined(name: str) -> FloatArray:
        both = [getattr(first, name), getattr(second, name)]
        return np.asarray(np.concatenate(both)[order])

    names = ("arrive_s", "leave_s", "ready_s", "start_s", "shift_s", "pace", "skill")
    return Roster(**{n: joined(n) for n in names}, days_per_week=first.days_per_week)


def next_work(
    roster: Roster, who: IntArray | slice, time_s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find, for some people, the shift that is on at a time or the next one.

    Args:
        roster: the people.
        who: index of those people.
        time_s: a time for each of them, s.

    Returns:
        When each may work from that time on, and when the shift ends in which that is.
    """
    start_s, shift_s = roster.start_s[who], roster.shift_s[who]
    day = np.floor((time_s - start_s) / DAY_S)
    for _ in range(2):
        # the day that is on, or else one after it
        over = time_s >= day * DAY_S + start_s + shift_s
        day = np.where(over | (day < 0), day + 1, day)
        rest = day % WEEK_DAYS
        off = rest >= roster.days_per_week
        day = np.where(off, day + WEEK_DAYS - rest, day)
    begin_s = day * DAY_S + start_s
    return np.maximum(time_s, begin_s), begin_s + shift_s


def onboarded(roster: Roster, onboarding_s: float) -> Roster:
    """Find when each is through an onboarding of so many seconds, shift by shift."""
    time_s, _ = _work_through(roster, onboarding_s, np.inf)
    ready_s = np.where(time_s < roster.leave_s, time_s, np.inf)
    return dataclasses.replace(roster, ready_s=ready_s)


def onboarding_worked(roster: Roster, onboarding_s: float, until_s: float) -> float:
    """Return the time that all people together spent on onboarding by then, s."""
    return float(_work_through(roster, onboarding_s, until_s)[1].sum())


def _work_through(
    roster: Roster, each_s: float, until_s: float
) -> tuple[FloatArray, FloatArray]:
    """Return when work of some length ends for each, and what of it was done by then.

    Nobody works after leaving, nor after `until_s`; the end is told as if they did.
    """
    time_s = roster.arrive_s.copy()
    stop_s = np.minimum(roster.leave_s, until_s)
    left_s, worked_s = np.full(time_s.size, each_s), np.zeros(time_s.size)
    while (left_s > 0).any():
        begin_s, end_s = next_work(roster, slice(None), time_s)
        done_s = np.minimum(left_s, end_s - begin_s)
        worked_s += np.clip(np.minimum(done_s, stop_s - begin_s), 0.0, None)
        is_left = left_s > 0
        time_s = np.where(is_left, begin_s + done_s, time_s)
        left_s = np.where(is_left, left_s - done_s, 0.0)
    return time_s, worked_s
