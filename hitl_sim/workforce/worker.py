"""One person on the clock: shifts, questions, and a device that learns in between.

Rules, each with a test:
- An answer that is begun is finished past the end of the shift if need be; nothing is
  begun at or after the end of a shift, and nothing after leaving for good.
- Somebody for whom there is no question waits, inside the shift, until there is one.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import simpy

from hitl_sim.workforce.floor import Floor
from hitl_sim.workforce.people import Roster
from hitl_sim.workforce.team import DAY_S, WEEK_DAYS

Steps = Generator[simpy.Event, None, None]


@dataclass
class Worker:
    """One person on the clock.

    Attributes:
        number: in the roster.
        leave_s: when they leave for good, s.
        pace: factor on the time that an answer takes.
        shift: finds, from a time on, when they may work and until when.
        begun_s: when the answer in hand was begun, s; None where there is none.
        idle_since_s: since when they wait for a question; None where they do not.
    """

    number: int
    leave_s: float
    pace: float
    shift: Callable[[float], tuple[float, float]]
    begun_s: float | None = None
    idle_since_s: float | None = None


@dataclass(frozen=True)
class Trainer:
    """Devices that learn from each answer before its giver goes on.

    Attributes:
        devices: of simpy, so many at once.
        seconds: time of each update, s.
    """

    devices: simpy.Resource
    seconds: Iterator[float]


def person_works(
    env: simpy.Environment,
    floor: Floor,
    worker: Worker,
    seconds: Iterator[float],
    trainer: Trainer | None,
) -> Steps:
    """Take and answer question after question, shift after shift, until leaving."""
    shift_end_s = -1.0
    while env.now < worker.leave_s:
        if env.now >= shift_end_s:
            begin_s, shift_end_s = worker.shift(env.now)
            if begin_s >= worker.leave_s:
                return
            yield env.timeout(begin_s - env.now)
        number = floor.take(worker.number)
        if number is None:
            number = yield from _wait(env, floor, worker, shift_end_s)
        if number is None:
            continue
        is_there = yield from _answer(env, floor, worker, number, next(seconds))
        if not is_there:
            return
        if trainer is not None:
            yield from _update(env, floor, trainer, number)


def _wait(
    env: simpy.Environment, floor: Floor, worker: Worker, shift_end_s: float
) -> Generator[simpy.Event, int | None, int | None]:
    """Wait for a question until the shift or the stay ends; None if in vain."""
    worker.idle_since_s = env.now
    handed = floor.idle[worker.number] = env.event()

    def give_up(_: simpy.Event) -> None:
        if floor.idle.get(worker.number) is handed:
            del floor.idle[worker.number]
            handed.succeed(None)

    until_s = min(shift_end_s, worker.leave_s)
    if until_s < math.inf:
        env.timeout(until_s - env.now).callbacks.append(give_up)
    number = yield handed
    floor.counts.idle_s += env.now - worker.idle_since_s
    worker.idle_since_s = None
    return number


def _answer(
    env: simpy.Environment, floor: Floor, worker: Worker, number: int, seconds: float
) -> Generator[simpy.Event, None, bool]:
    """Answer a question, unless its time or the person's stay is over before.

    Returns:
        Whether the person is still there.
    """
    limit_s = floor.project.answer_limit_s
    takes_s, stays_s = seconds * worker.pace, worker.leave_s - env.now
    spent_s = min(takes_s, stays_s, math.inf if limit_s is None else limit_s)
    worker.begun_s = env.now
    yield env.timeout(spent_s)
    worker.begun_s = None
    floor.counts.worked_s += spent_s
    if spent_s == takes_s:
        floor.answer(number, worker.number)
    else:
        floor.give_back(number, worker.number, is_expired=spent_s < stays_s)
    return spent_s < stays_s


def _update(
    env: simpy.Environment, floor: Floor, trainer: Trainer, number: int
) -> Steps:
    """Wait until a device has learned from an answer."""
    asked_s = env.now
    with trainer.devices.request() as turn:
        yield turn
        yield env.timeout(next(trainer.seconds))
    floor.counts.waited_s += env.now - asked_s
    if floor.is_counted(number):
        floor.device_wait.add(env.now - asked_s)


def worker_of(roster: Roster, number: int) -> Worker:
    """Put somebody of a roster on the clock."""
    start_s, length_s = float(roster.start_s[number]), float(roster.shift_s[number])
    days = roster.days_per_week
    is_always = length_s == DAY_S and days == WEEK_DAYS

    def shift(now_s: float) -> tuple[float, float]:
        if is_always and start_s == 0.0:
            return now_s, math.inf
        day = math.floor((now_s - start_s) / DAY_S)
        if day < 0 or now_s >= day * DAY_S + start_s + length_s:
            day += 1
        if (rest := day % WEEK_DAYS) >= days:
            day += WEEK_DAYS - rest
        begin_s = day * DAY_S + start_s
        return max(now_s, begin_s), begin_s + length_s

    return Worker(
        number, float(roster.leave_s[number]), float(roster.pace[number]), shift
    )
