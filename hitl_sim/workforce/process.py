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

import numpy as np
import numpy.typing as npt
import simpy

from hitl_sim.workforce.team import Team, next_shift_s, shift_end_s, shift_time

Steps = Generator[simpy.Event, None, None]
Closed = tuple[float, ...]
"""A round that has closed: when it opened and when it closed, s, and how many questions
were answered, abandoned and open by then."""


class Round(NamedTuple):
    """One round of questions: order x person, `T` queue positions and `A` people.

    Attributes:
        seconds: `[T, A]` time that each answer takes, s; ignored where nothing is
            asked.
        is_asked: `[T, A]` whether the position holds a question.
        is_answered: `[T, A]` whether the question gets an answer; a question that is
            asked and not answered costs its time and counts as abandoned.
    """

    seconds: npt.ArrayLike
    is_asked: npt.ArrayLike
    is_answered: npt.ArrayLike


class Queue(NamedTuple):
    """What one person works through in one round, in order.

    Attributes:
        seconds: time of each question that is asked, s.
        is_answered: whether each of them gets an answer.
    """

    seconds: list[float]
    is_answered: list[bool]


def split_round(index: int, work: Round, num_people: int) -> list[Queue]:
    """Check one round, which messages name by its index, and hand each person a queue.

    Returns:
        `A` queues, without the positions where nothing is asked.

    Raises:
        ValueError: the shapes differ from each other or from the team, a time is
            negative or not finite, or something is answered that was not asked.
    """
    seconds = np.asarray(work.seconds, dtype=np.float64)
    is_asked = np.asarray(work.is_asked, dtype=bool)
    is_answered = np.asarray(work.is_answered, dtype=bool)
    for name, array in (("is_asked", is_asked), ("is_answered", is_answered)):
        if array.shape != seconds.shape:
            raise ValueError(
                f"`rounds[{index}].{name}` must be of shape {seconds.shape}, "
                f"as `seconds` is, got {array.shape}."
            )
    if not (seconds.ndim == 2 and seconds.shape[1] == num_people):
        raise ValueError(
            f"`rounds[{index}].seconds` must be of shape [T, "
            f"{num_people}], one column per person of the team, got "
            f"{seconds.shape}."
        )
    times = seconds[is_asked]
    is_wrong = ~(np.isfinite(times) & (times >= 0))
    if is_wrong.any():
        raise ValueError(
            f"`rounds[{index}].seconds` must be finite and >= 0 s where something is"
            f" asked, got {times[is_wrong][0]}."
        )
    if (is_answered & ~is_asked).any():
        raise ValueError(
            f"`rounds[{index}].is_answered` must be False where nothing "
            f"is asked, got {int((is_answered & ~is_asked).sum())} "
            "answers to nothing."
        )
    return [
        Queue(seconds[asked, a].tolist(), is_answered[asked, a].tolist())
        for a, asked in enumerate(is_asked.T)
    ]


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
    log: list[Closed],
) -> Steps:
    """Open each round, wait until every answer is in, and write down what happened."""
    for r, queues in enumerate(rounds):
        opened_s = env.now
        work = {
            p.index: env.process(annotator(env, team, p, queue, r))
            for p, queue in zip(people, queues, strict=True)
            if queue.seconds
        }
        yield env.all_of(work.values())
        for p in people:
            finished_s = p.spans[-1].end_s if p.index in work else opened_s
            p.spans += [
                Span(p.index, r, "wait", start_s, end_s)
                for start_s, end_s in shift_time(team, finished_s, env.now)
            ]
        counts = ((p.num_answered, p.num_abandoned, p.num_open) for p in people)
        log.append((opened_s, env.now, *map(sum, zip(*counts, strict=True))))
