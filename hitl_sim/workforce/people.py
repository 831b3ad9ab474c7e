"""People who come and go: when they arrive, work and leave, and how fast they are.

All that happens to a person whatever the work is drawn here, before any clock runs, so
that both engines see the same people.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from hitl_sim.array import BoolArray, FloatArray
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce.behaviour import (
    Behaviour,
    check_behaviour,
    draw_answers,
    draw_appeal,
    draw_skills,
)
from hitl_sim.workforce.duration import Duration, check_duration
from hitl_sim.workforce.quality import Qualification, check_qualification
from hitl_sim.workforce.roster import Roster, join_rosters, onboarded
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
        holidays: days from day 0 on which nobody begins a working day.
        break_every_s: work after which there is a break that is not paid, s; None for
            none.
        break_s: length of a break, s; it is part of the working day.
        test: that people must pass before the onboarding; None for none.
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
    holidays: tuple[int, ...] = ()
    break_every_s: float | None = None
    break_s: float = 0.0
    test: Qualification | None = None
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
        "holidays": (all(day >= 0 for day in people.holidays), "days from 0 on"),
        "break_every_s": (_is_above_0(people.break_every_s), "finite and > 0 s"),
        "break_s": (0 <= people.break_s < math.inf, "finite and >= 0 s"),
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
    if people.test is not None:
        check_qualification("people.test", people.test, people.behaviour)


def _is_above_0(value: float | None) -> bool:
    return value is None or 0 < value < math.inf


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
    if people.test is not None:
        return _tested_roster(people, horizon_s, rng, arrive_s, leave_s)
    last = leave_s[0]
    while people.is_replaced and (last := last[last < horizon_s]).size:
        begin = last + _lags(people, last.size, rng)
        last = begin + _stays(people, last.size, rng)
        arrive_s.append(begin)
        leave_s.append(last)
    is_placed = np.concatenate([np.full(b.size, b is not arrive) for b in arrive_s])
    begin, end = np.concatenate(arrive_s), np.concatenate(leave_s)
    kept = begin < horizon_s
    order = np.argsort(begin[kept], kind="stable")
    return _drawn(
        people, begin[kept][order], end[kept][order], is_placed[kept][order], rng
    )


def _tested_roster(
    people: People,
    horizon_s: float,
    rng: np.random.Generator,
    arrive_s: list[FloatArray],
    leave_s: list[FloatArray],
) -> Roster:
    """Draw everybody where who fails the test makes room for the next candidate."""
    appeal = draw_appeal(
        people.behaviour, rng, people.test.questions if people.test else 0
    )

    def drawn(begin: FloatArray, end: FloatArray, *, is_placed: bool) -> Roster:
        kept = begin < horizon_s
        placed = np.full(int(kept.sum()), is_placed)
        return _drawn(people, begin[kept], end[kept], placed, rng, appeal)

    last = drawn(arrive_s[0], leave_s[0], is_placed=True)
    whole = join_rosters(last, drawn(arrive_s[1], leave_s[1], is_placed=False))
    while people.is_replaced and (gone := last.leave_s[last.leave_s < horizon_s]).size:
        begin = gone + _lags(people, gone.size, rng)
        last = drawn(begin, begin + _stays(people, gone.size, rng), is_placed=True)
        whole = join_rosters(whole, last)
    return whole


def _drawn(
    people: People,
    begin: FloatArray,
    end: FloatArray,
    is_placed: BoolArray,
    rng: np.random.Generator,
    appeal: FloatArray | None = None,
) -> Roster:
    """Draw what people are like who begin and leave at some times."""
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
    skill = draw_skills(people.behaviour, rng, num)
    test_s, has_passed = np.zeros(num), np.ones(num, bool)
    if people.test is not None and appeal is not None:
        # all candidates get the same questions
        shape = (people.test.questions, num)
        asked = draw_answers(
            people.behaviour, rng, np.broadcast_to(skill, shape), appeal
        )
        has_passed = (asked == 0).sum(axis=0) >= people.test.least_right
        test_s = people.seconds.draw(rng, shape).sum(axis=0) * pace
    roster = Roster(
        arrive_s=begin,
        leave_s=end,
        ready_s=begin,
        start_s=start_s,
        shift_s=shift_s,
        pace=pace,
        skill=skill,
        test_s=test_s,
        has_passed=has_passed,
        is_placed=is_placed,
        days_per_week=people.days_per_week,
        holidays=people.holidays,
        break_every_s=people.break_every_s or math.inf,
        break_s=people.break_s,
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
