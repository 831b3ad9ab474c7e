"""A project under way: what its first answers tell of the rest, and how surely.

Each way in which things may stand draws people anew: who was seen is resampled, so
that few people give wide forecasts. Of the first answers are taken
- the pace of each person, shrunk to that of all by how many answers there are of them,
  and how much it varies within and between people;
- how much of their working days people are at it;
- how soon people leave, and how many come, as Poisson processes with Gamma priors: what
  the project says counts as one person who left and one day of arrivals; where it says
  nothing, the shape is 1/2 (Jeffreys). Who was seen is not resampled for these: that
  would count the same doubt twice;
- how right they are, and how far they err together.
The working days themselves are what the project's people are said to have.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.workforce.behaviour import (
    Behaviour,
    draw_answers,
    draw_appeal,
    draw_skills,
)
from hitl_sim.workforce.duration import Duration
from hitl_sim.workforce.people import People, draw_roster
from hitl_sim.workforce.project import Project
from hitl_sim.workforce.roster import Roster, join_rosters, onboarded
from hitl_sim.workforce.staffing import Situation
from hitl_sim.workforce.team import DAY_H, DAY_S, WEEK_DAYS

_PRIOR = 0.5
_PRIOR_DAYS = 1.0
_STEPS = 18
_PAIRS = 20_000
_LEAST_PAIRS = 30
_HIGHEST, _LEAST_SHARED = 0.995, 0.2
LEAST_ANSWERS = 30
LEAST_PEOPLE = 3


@dataclass(frozen=True)
class Log:
    """Answers that were given so far, `L` of them.

    Attributes:
        person: `[L]` number of the person.
        item: `[L]` number of the item.
        start_s: `[L]` when each was begun, s after midnight before some Monday.
        seconds: `[L]` how long each took, s; > 0.
        answer: `[L]` class, -1 where it was skipped.
        truth: `[L]` right class of its item, -1 where nobody knows.
    """

    person: IntArray
    item: IntArray
    start_s: FloatArray
    seconds: FloatArray
    answer: IntArray
    truth: IntArray

    @property
    def now_s(self) -> float:
        """Return when the last of them was done, s."""
        return float((self.start_s + self.seconds).max())

    def rows(self, chosen: IntArray) -> "Log":
        """Keep some of them."""
        columns = {name: getattr(self, name)[chosen] for name in self.__annotations__}
        return Log(**columns)


def check_log(log: Log) -> None:
    """Refuse answers of which nothing can be learned.

    Raises:
        ValueError: they are too few, of too few people, or a time is not above 0.
    """
    people, answers = np.unique(log.person).size, log.person.size
    if answers < LEAST_ANSWERS or people < LEAST_PEOPLE:
        raise ValueError(
            f"`from` must hold {LEAST_ANSWERS} answers of {LEAST_PEOPLE} people or more"
            f" that have a time, got {answers} of {people}."
        )
    if not (log.seconds > 0).all():
        raise ValueError(
            f"`from` must hold seconds above 0, got {float(log.seconds.min()):g}."
        )


@dataclass(frozen=True)
class Seen:
    """What the first answers show of `A` people.

    Attributes:
        num: `[A]` answers of each.
        log_s: `[A]` mean log seconds of each.
        within: `[A]` sum of squares of log seconds about it.
        tail: `[A]` mean of seconds divided by the exponential of `log_s`.
        worked_s: `[A]` time that each spent on answers, s.
        present_s: `[A]` working time of each since the first answer, s.
        first_s: `[A]` when each was first seen, s.
        last_s: `[A]` when each was last seen, s.
        is_gone: `[A]` whether each was away for a whole working day or more.
        silent_s: `[A]` working time since each was last seen, s.
        gaps_s: `[G]` working time from the end of one answer to that of the next of the
            same person, s.
        right: `[A]` answers that are known to be right.
        judged: `[A]` answers that are known to be right or wrong.
        now_s: when the last answer was done, s.
        begun: answers that each begun item has.
        behaviour: how right people are, and how far they err together.
    """

    num: IntArray
    log_s: FloatArray
    within: FloatArray
    tail: FloatArray
    worked_s: FloatArray
    present_s: FloatArray
    first_s: FloatArray
    last_s: FloatArray
    is_gone: BoolArray
    silent_s: FloatArray
    gaps_s: FloatArray
    right: FloatArray
    judged: FloatArray
    now_s: float
    begun: IntArray
    behaviour: Behaviour


def look_at(log: Log, people: People) -> Seen:
    """Summarise the first answers by person.

    Args:
        log: the answers.
        people: whose working days they are, and how they err where nobody knows what
            is right.

    Raises:
        ValueError: see `check_log`.
    """
    check_log(log)
    who, person = np.unique(log.person, return_inverse=True)
    num = np.bincount(person)

    def total(values: FloatArray) -> FloatArray:
        sums = np.bincount(person, values, minlength=who.size)
        return np.asarray(sums, np.float64)

    log_s = np.log(log.seconds)
    mean = total(log_s) / num
    end_s, now_s = log.start_s + log.seconds, log.now_s
    first_s, last_s = np.full(who.size, np.inf), np.zeros(who.size)
    np.minimum.at(first_s, person, log.start_s)
    np.maximum.at(last_s, person, end_s)
    since_s = shift_between(people, last_s, np.full(who.size, now_s))
    is_gone = since_s >= people.hours_per_day * 3_600.0
    until_s = np.where(is_gone, last_s, now_s)
    judged = (log.truth >= 0) & (log.answer >= 0)
    is_right = judged & (log.answer == log.truth)
    _, item = np.unique(log.item, return_inverse=True)
    return Seen(
        num=num,
        log_s=mean,
        within=total((log_s - mean[person]) ** 2),
        tail=total(np.exp(log_s - mean[person])) / num,
        worked_s=total(log.seconds),
        present_s=shift_between(people, first_s, until_s),
        first_s=first_s,
        last_s=last_s,
        is_gone=is_gone,
        silent_s=since_s,
        gaps_s=_gaps(log, people),
        right=total(is_right.astype(np.float64)),
        judged=total(judged.astype(np.float64)),
        now_s=now_s,
        begun=np.bincount(item[log.answer >= 0]),
        behaviour=_behaviour(log, people.behaviour),
    )


def shift_between(people: People, start_s: FloatArray, end_s: FloatArray) -> FloatArray:
    """Return the working time between two times, by the hours that people have, s."""

    def until(time_s: FloatArray) -> FloatArray:
        day = np.floor((time_s - people.starts_h * 3_600.0) / DAY_S)
        into_s = time_s - people.starts_h * 3_600.0 - day * DAY_S
        weeks, rest = np.divmod(day, WEEK_DAYS)
        whole = weeks * people.days_per_week + np.minimum(rest, people.days_per_week)
        length_s = people.hours_per_day * 3_600.0
        is_on = rest < people.days_per_week
        return np.asarray(whole * length_s + is_on * np.minimum(into_s, length_s))

    return np.maximum(until(end_s) - until(start_s), 0.0)


def _gaps(log: Log, people: People) -> FloatArray:
    """Return the working time between ends of answers that follow one another."""
    end_s = log.start_s + log.seconds
    order = np.lexsort((end_s, log.person))
    person, end_s = log.person[order], end_s[order]
    gaps_s = shift_between(people, end_s[:-1], end_s[1:])
    return np.asarray(gaps_s[person[1:] == person[:-1]])


def _behaviour(log: Log, assumed: Behaviour) -> Behaviour:
    """Estimate how right people are, and with gold how far they err together."""
    right = (log.answer == log.truth)[(log.truth >= 0) & (log.answer >= 0)]
    chance = 1.0 / assumed.num_classes
    if right.size >= LEAST_ANSWERS:
        accuracy = float(np.clip(right.mean(), chance + 0.01, _HIGHEST))
        plain = replace(assumed, accuracy=accuracy)
        both, pairs = _pairs(log, lambda a, b, t: (a == t) & (b == t), needs_truth=True)
        if pairs < _LEAST_PAIRS:
            return plain
        # people who err together are both right more often
        return _solved(
            lambda share: replace(plain, shared=share),
            (1.0, _LEAST_SHARED),
            lambda answers: (answers == 0).all(axis=1),
            both,
        )
    same, pairs = _pairs(log, lambda a, b, t: a == b, needs_truth=False)
    if pairs < _LEAST_PAIRS:
        return assumed
    return _solved(
        lambda share: replace(assumed, accuracy=share),
        (chance + 0.01, _HIGHEST),
        lambda answers: answers[:, 0] == answers[:, 1],
        same,
    )


def _pairs(
    log: Log, is_so: Callable[..., FloatArray], *, needs_truth: bool
) -> tuple[float, int]:
    """Return how often something is so of two answers to an item, and of how many."""
    known = (log.answer >= 0) & ((log.truth >= 0) | (not needs_truth))
    order = np.lexsort((log.start_s[known], log.item[known]))
    item, answer = log.item[known][order], log.answer[known][order]
    truth = log.truth[known][order]
    pair = item[1:] == item[:-1]
    found = is_so(answer[1:], answer[:-1], truth[1:])[pair]
    return (float(found.mean()) if found.size else math.nan), int(found.size)


def _solved(
    make: Callable[[float], Behaviour],
    ends: tuple[float, float],
    is_so: Callable[[IntArray], FloatArray],
    goal: float,
) -> Behaviour:
    """Halve an interval until pairs of simulated people do something as often."""
    low, high = ends
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        behaviour = make(middle)
        rng = np.random.default_rng(0)
        skill = draw_skills(behaviour, rng, 2 * _PAIRS).reshape(_PAIRS, 2)
        appeal = draw_appeal(behaviour, rng, _PAIRS)
        share = float(is_so(draw_answers(behaviour, rng, skill, appeal)).mean())
        low, high = (middle, high) if share < goal else (low, middle)
    return make((low + high) / 2.0)


def draw_situation(seen: Seen, project: Project, rng: np.random.Generator) -> Situation:
    """Draw one way in which things may stand after the first answers.

    Args:
        seen: what they show.
        project: all that is to be done, from the first item on, and what is said of
            people's days; of its team those who were not seen yet are still to come.
        rng: of the draw.

    Returns:
        What is left, with who is there; the time axis is that of the answers.
    """
    people = project.people
    pick = rng.integers(0, seen.num.size, seen.num.size)
    middle, between, within = _paces(seen, pick)
    tail = float(np.average(seen.tail[pick], weights=seen.num[pick]))
    mean_s = math.exp(middle + between**2 / 2.0) * tail
    spread = max(within, 1e-3)
    own_middle, own_error = _own_pace(seen, middle, between, within)
    own = own_middle + own_error * rng.standard_normal(own_middle.size)
    pace = np.exp(own - middle - between**2 / 2.0)
    active = _activity(seen, people, pick)
    accuracy = _accuracy(seen, pick)
    behaviour = replace(seen.behaviour, accuracy=accuracy)
    stay = _stay(seen, people, rng)
    here = _still_here(seen, stay, rng)
    rest = replace(
        people,
        team=0,
        lag=people.lag,
        stay=stay,
        arrivals_per_day=_arrivals(seen, people, rng),
        hours_per_day=min(DAY_H, people.hours_per_day * active.mean),
        seconds=Duration(mean_s, "lognormal", spread),
        pace_spread=between,
        onboarding_s=people.onboarding_s,
        behaviour=behaviour,
    )
    hours = active.own * people.hours_per_day
    present = _present(seen, rest, here, pace, hours, rng)
    # of places that are filled anew, those that nobody has yet are filled too
    missing = people.team - (int(here.sum()) if people.is_replaced else seen.num.size)
    if missing > 0:
        due = replace(rest, team=missing, arrivals_per_day=0.0, is_replaced=False)
        present = join_rosters(present, draw_roster(due, math.inf, rng, seen.now_s))
    if people.is_replaced:
        present = _with_replacements(present, rest, project.horizon_s, rng)
    left_over = replace(project, people=rest, start_s=seen.now_s)
    return Situation(left_over, present, seen.begun)


def _paces(seen: Seen, pick: IntArray) -> tuple[float, float, float]:
    """Return mean log seconds over people, their spread, and that within a person."""
    num, log_s = seen.num[pick], seen.log_s[pick]
    freedom = max(float((num - 1).sum()), 1.0)
    within = math.sqrt(float(seen.within[pick].sum()) / freedom)
    noise = within**2 * float((1.0 / num).mean())
    between = math.sqrt(max(float(log_s.var(ddof=1)) - noise, 0.0))
    weight = 1.0 / (between**2 + within**2 / num + 1e-9)
    return float(np.average(log_s, weights=weight)), between, within


def _own_pace(
    seen: Seen, middle: float, between: float, within: float
) -> tuple[FloatArray, FloatArray]:
    """Return the log pace of each person and its error, shrunk to the middle."""
    precision = seen.num / max(within, 1e-3) ** 2
    prior = 1.0 / max(between, 1e-3) ** 2
    total = precision + prior
    mean = (precision * seen.log_s + prior * middle) / total
    return np.asarray(mean), np.asarray(1.0 / np.sqrt(total))


@dataclass(frozen=True)
class _Activity:
    """Working time that goes into answers: a share of all people's, and each one's."""

    mean: float
    own: FloatArray


def _activity(seen: Seen, people: People, pick: IntArray) -> _Activity:
    day_s = people.hours_per_day * 3_600.0
    present_s = np.maximum(seen.present_s, seen.worked_s * 1e-3)
    mean = float(seen.worked_s[pick].sum() / max(present_s[pick].sum(), 1.0))
    mean = min(max(mean, 1e-3), DAY_H / people.hours_per_day)
    known_s = present_s + _PRIOR_DAYS * day_s
    own = (seen.worked_s + _PRIOR_DAYS * day_s * mean) / known_s
    return _Activity(mean, np.minimum(own, DAY_H / people.hours_per_day))


def _accuracy(seen: Seen, pick: IntArray) -> float:
    """Return how right people are; resampled where it is known of enough answers."""
    judged = float(seen.judged[pick].sum())
    if judged < LEAST_ANSWERS:
        return seen.behaviour.accuracy
    chance = 1.0 / seen.behaviour.num_classes
    share = float(seen.right[pick].sum()) / judged
    return float(np.clip(share, chance + 0.01, _HIGHEST))


def _stay(seen: Seen, people: People, rng: np.random.Generator) -> Duration | None:
    """Draw how long people stay; what the project says counts as one who left."""
    # who left within the last day is not known to have left
    known_until_s = np.where(seen.is_gone, seen.last_s, seen.now_s - DAY_S)
    left = float(seen.is_gone.sum())
    # people leave at any hour, and who does by night was last seen before it
    night_s = DAY_S - people.hours_per_day * 3_600.0
    known_s = float(np.maximum(known_until_s - seen.first_s, 0.0).sum())
    known_s += left * night_s**2 / (2.0 * DAY_S)
    if people.stay is not None:
        return Duration((known_s + people.stay.mean_s) / rng.gamma(left + 1.0))
    if left == 0:
        return None
    return Duration(max(known_s, DAY_S) / rng.gamma(left + _PRIOR))


def _still_here(
    seen: Seen, stay: Duration | None, rng: np.random.Generator
) -> BoolArray:
    """Draw who is still there, `[A]`.

    Who was silent for a time t has left within it, by the rate of leaving, or is
    between two answers so far apart, as often as those of all people are.
    """
    if stay is None:
        return ~seen.is_gone
    # the share of working time that lies so deep in a gap
    deep_s = np.clip(seen.gaps_s[None] - seen.silent_s[:, None], 0.0, None).sum(axis=1)
    is_gap = deep_s / max(float(seen.gaps_s.sum()), 1.0)
    has_left = seen.silent_s / stay.mean_s
    is_left = rng.random(seen.num.size) * (is_gap + has_left) < has_left
    return np.asarray(~(seen.is_gone | is_left))


def _arrivals(seen: Seen, people: People, rng: np.random.Generator) -> float:
    """Draw how many people come a day; 0 where newcomers fill the places of others."""
    if people.is_replaced:
        return people.arrivals_per_day
    begin_s = _first_close_s(seen, people)
    days = max((seen.now_s - begin_s) / DAY_S, 0.0)
    came = float((seen.first_s >= begin_s).sum())
    # what the project says counts as a day that was seen
    if people.arrivals_per_day > 0:
        said = people.arrivals_per_day * _PRIOR_DAYS
        return float(rng.gamma(said + came) / (days + _PRIOR_DAYS))
    if came == 0:
        return 0.0
    return float(rng.gamma(_PRIOR + came) / max(days, _PRIOR_DAYS))


def _first_close_s(seen: Seen, people: People) -> float:
    """Return the end of the first working day of which half or more was seen, s.

    Who is first seen by then was there before, and who is recruited later is seen
    later.
    """
    first_s, day_s = float(seen.first_s.min()), people.hours_per_day * 3_600.0
    day = math.floor((first_s - people.starts_h * 3_600.0) / DAY_S)
    close_s = day * DAY_S + people.starts_h * 3_600.0 + day_s
    ends = np.array([first_s, close_s])
    while float(shift_between(people, ends[:1], ends[1:])[0]) < day_s / 2.0:
        ends[1] += DAY_S
    return float(ends[1]) + people.starts_over_h * 3_600.0


def _present(
    seen: Seen,
    people: People,
    here: BoolArray,
    pace: FloatArray,
    hours: FloatArray,
    rng: np.random.Generator,
) -> Roster:
    """Put those who are still there on a roster, at their own pace."""
    drawn = draw_roster(
        replace(
            people,
            team=seen.num.size,
            arrivals_per_day=0.0,
            is_replaced=False,
            lag=None,
            onboarding_s=0.0,
        ),
        math.inf,
        rng,
        seen.now_s,
    )
    kept = drawn.rows(here)
    return replace(
        kept,
        ready_s=kept.arrive_s,
        shift_s=np.minimum(hours[here] * 3_600.0, DAY_S),
        pace=pace[here],
    )


def _with_replacements(
    present: Roster, people: People, horizon_s: float, rng: np.random.Generator
) -> Roster:
    """Fill the places of those who leave, each after the lag, until a horizon."""
    whole, leaving = present, present.leave_s
    while (leaving := leaving[leaving < horizon_s]).size:
        plain = replace(
            people, team=leaving.size, arrivals_per_day=0.0, is_replaced=False
        )
        fresh = draw_roster(plain, math.inf, rng)
        order = rng.permutation(leaving.size)
        offset = leaving[order]
        came = replace(
            fresh,
            arrive_s=fresh.arrive_s + offset,
            leave_s=fresh.leave_s + offset,
            ready_s=fresh.arrive_s + offset,
        )
        came = onboarded(came, people.onboarding_s)
        whole = join_rosters(whole, came)
        leaving = came.leave_s
    return whole
