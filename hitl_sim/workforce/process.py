"""The simpy processes: people who work through queues, a device that waits for them.

Rules of the clock, each with a test:
- An answer that is begun is finished, past the end of the shift if need be, and that
  time counts as worked. Nothing is begun at or after the end of the shift.
- A break is due once `break_every_s` seconds were worked without a pause of at least
  `break_s`; nights and waits are pauses. It is taken before the next answer, so it
  never delays the end of a round, and the end of the shift cuts it short.
- Somebody whose queue is done waits, inside shifts, until the round closes.
- The next round opens when every answer of the last one is in; the device's own
  work takes no time on this clock.
"""

from bisect import bisect_left
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal, NamedTuple

import simpy

from hitl_sim.workforce.question import Queue
from hitl_sim.workforce.team import Team, next_shift_s, shift_end_s, shift_time

Steps = Generator[simpy.Event, None, None]


class Span(NamedTuple):
    """A stretch of one person's day.

    Attributes:
        person: index of the person in the team.
        round: index of the round that was open.
        activity: "work" (one or more answers in a row), "break" or "wait".
        start_s: when it begins on the people's clock, s.
        end_s: when it ends, s.
    """

    person: int
    round: int
    activity: Literal["work", "break", "wait"]
    start_s: float
    end_s: float


@dataclass
class Person:
    """What the clock knows about one person while it runs."""

    index: int
    since_break_s: float = 0.0
    stopped_s: float = 0.0
    num_answered: int = 0
    num_abandoned: int = 0
    num_open: int = 0
    spans: list[Span] = field(default_factory=list)


@dataclass
class Device:
    """What the clock knows about the device, one entry per round that has closed."""

    opened_s: list[float] = field(default_factory=list)
    closed_s: list[float] = field(default_factory=list)
    num_answered: list[int] = field(default_factory=list)
    num_abandoned: list[int] = field(default_factory=list)
    num_open: list[int] = field(default_factory=list)


def annotator(
    env: simpy.Environment, team: Team, person: Person, queue: Queue, round_index: int
) -> Steps:
    """Work through one queue, with the team's shifts and breaks.

    Answers that follow each other without a break or a night are one timeout.
    """
    begins_s = list(accumulate(queue.seconds, initial=0.0))
    num_asked = len(queue.seconds)
    done = 0
    person.num_open += num_asked
    while done < num_asked:
        end_s = shift_end_s(team, env.now)
        if end_s is None:
            yield env.timeout(next_shift_s(team, env.now) - env.now)
            continue
        start_s = env.now
        if start_s - person.stopped_s >= team.break_s:
            person.since_break_s = 0.0
        if team.break_s > 0 and person.since_break_s >= team.break_every_s:
            yield env.timeout(min(team.break_s, end_s - start_s))
            person.since_break_s = 0.0
            person.spans.append(
                Span(person.index, round_index, "break", start_s, env.now)
            )
            continue
        left_s = end_s - start_s
        if team.break_s > 0:
            left_s = min(left_s, team.break_every_s - person.since_break_s)
        stop = bisect_left(begins_s, begins_s[done] + left_s, done + 1, num_asked)
        work_s = begins_s[stop] - begins_s[done]
        yield env.timeout(work_s)
        person.since_break_s += work_s
        person.stopped_s = env.now
        person.spans.append(Span(person.index, round_index, "work", start_s, env.now))
        num_answered = sum(queue.is_answered[done:stop])
        person.num_answered += num_answered
        person.num_abandoned += stop - done - num_answered
        person.num_open -= stop - done
        done = stop


def device(
    env: simpy.Environment,
    team: Team,
    people: Sequence[Person],
    rounds: Sequence[Sequence[Queue]],
    log: Device,
) -> Steps:
    """Open each round, wait until every answer is in, and write down what happened."""
    for r, queues in enumerate(rounds):
        opened_s = env.now
        finished_s = dict.fromkeys(range(len(people)), opened_s)
        work = {
            p.index: env.process(annotator(env, team, p, queue, r))
            for p, queue in zip(people, queues, strict=True)
            if queue.seconds
        }
        yield env.all_of(work.values())
        for p in people:
            if p.index in work:
                finished_s[p.index] = p.spans[-1].end_s
            p.spans += [
                Span(p.index, r, "wait", start_s, end_s)
                for start_s, end_s in shift_time(team, finished_s[p.index], env.now)
            ]
        log.opened_s.append(opened_s)
        log.closed_s.append(env.now)
        log.num_answered.append(sum(p.num_answered for p in people))
        log.num_abandoned.append(sum(p.num_abandoned for p in people))
        log.num_open.append(sum(p.num_open for p in people))
