"""One person on the clock: shifts, questions, and a device that learns in between.

Rules, each with a test:
- An answer that is begun is finished past the end of the shift if need be; nothing is
  begun at or after the end of a shift, and nothing after leaving for good.
- Somebody for whom there is no question waits, inside the shift, until there is one.
- Questions whose answer is known come between the others, at a share of all; who is
  wrong about too many of them is sent away.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import simpy

from hitl_sim.workforce.behaviour import SimulatedAnswers
from hitl_sim.workforce.floor import Floor
from hitl_sim.workforce.person import Worker
from hitl_sim.workforce.quality import Gold

Steps = Generator[simpy.Event, None, None]


@dataclass(frozen=True)
class Trainer:
    """Devices that learn from each answer before its giver goes on.

    Attributes:
        devices: of simpy, so many at once.
        seconds: time of each update, s.
    """

    devices: simpy.Resource
    seconds: Iterator[float]


@dataclass(frozen=True)
class Checks:
    """How people who label are checked by questions whose answer is known.

    Attributes:
        gold: the rules.
        draws: numbers of [0, 1) without end.
        source: whoever knows what they answer.
        send_away: ends somebody's work and fills the place, if it is filled anew.
    """

    gold: Gold
    draws: Iterator[float]
    source: SimulatedAnswers
    send_away: Callable[[Worker], None]


def person_works(
    env: simpy.Environment,
    floor: Floor,
    worker: Worker,
    seconds: Iterator[float],
    trainer: Trainer | None,
    checks: Checks | None = None,
) -> Steps:
    """Take and answer question after question, shift after shift, until leaving."""
    shift_end_s = -1.0
    while env.now < worker.leave_s:
        if env.now >= shift_end_s:
            begin_s, shift_end_s = worker.stretch(env.now)
            if begin_s >= worker.leave_s:
                return
            yield env.timeout(begin_s - env.now)
        if worker.owed and checks is not None:
            yield from _answer_gold(env, floor, worker, next(seconds), checks)
            continue
        number = floor.take(worker)
        if number is None:
            number = yield from _wait(env, floor, worker, shift_end_s)
        if number is None:
            continue
        is_there = yield from _answer(env, floor, worker, number, next(seconds))
        if not is_there:
            return
        if trainer is not None:
            yield from _update(env, floor, trainer, number)
        if checks is not None:
            worker.owed = _num_owed(checks)


def _wait(
    env: simpy.Environment, floor: Floor, worker: Worker, shift_end_s: float
) -> Generator[simpy.Event, int | None, int | None]:
    """Wait for a question until the shift or the stay ends; None if in vain."""
    worker.idle_since_s = env.now
    idle = floor.idle_experts if worker.is_expert else floor.idle
    handed = idle[worker.number] = env.event()

    def give_up(_: simpy.Event) -> None:
        if idle.get(worker.number) is handed:
            del idle[worker.number]
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
    floor.groups[worker.group].worked_s += spent_s
    if spent_s == takes_s:
        floor.answer(number, worker, spent_s)
    else:
        floor.give_back(number, worker, is_expired=spent_s < stays_s)
    return spent_s < stays_s


def _num_owed(checks: Checks) -> int:
    """Draw how many known questions come before the next one of the project."""
    share = checks.gold.share
    draw = 1.0 - next(checks.draws)
    return int(math.log(draw) / math.log(share)) if share > 0 else 0


def _answer_gold(
    env: simpy.Environment, floor: Floor, worker: Worker, seconds: float, checks: Checks
) -> Steps:
    """Answer a question whose answer is known; be told, or be sent away."""
    gold, limit_s = checks.gold, floor.project.answer_limit_s
    takes_s, stays_s = seconds * worker.pace, worker.leave_s - env.now
    spent_s = min(takes_s, stays_s, math.inf if limit_s is None else limit_s)
    worker.begun_s, worker.is_on_gold = env.now, True
    yield env.timeout(spent_s)
    worker.begun_s, worker.is_on_gold = None, False
    counts = floor.groups[worker.group]
    counts.gold_s += spent_s
    if spent_s == stays_s:
        return
    worker.owed -= 1
    counts.gold += 1
    # an answer that takes too long is as good as a wrong one
    is_right = checks.source.answer_gold(worker.golds, worker.place)
    worker.golds_right += is_right and spent_s == takes_s
    worker.golds += 1
    if gold.gain > 0:
        before, now = (
            gold.gain * (1.0 - 0.5 ** (num / gold.halfway))
            for num in (worker.golds - 1, worker.golds)
        )
        checks.source.teach(worker.place, now - before)
    least = gold.least_right
    if least is None or worker.golds < gold.after:
        return
    if worker.golds_right < least * worker.golds:
        counts.removed += 1
        worker.leave_s = env.now
        if gold.is_redone:
            floor.refuse(worker)
        checks.send_away(worker)


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
