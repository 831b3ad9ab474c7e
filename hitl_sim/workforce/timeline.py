"""Who worked when, what is paid, and how long the device waited."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import simpy

from hitl_sim.array import FloatArray, IntArray
from hitl_sim.workforce.process import (
    Closed,
    Person,
    Queue,
    Round,
    Span,
    device,
    split_round,
)
from hitl_sim.workforce.team import Team, check_team


class ConservationError(RuntimeError):
    """The clock lost or invented work; a fault of hitl_sim, never of its input."""


@dataclass(frozen=True)
class Timeline:
    """What a team's clock showed, cumulative at the close of each of `R` rounds.

    Attributes:
        worked_s: `[R]` seconds that people spent on answers, over the whole team.
        break_s: `[R]` seconds that people spent on breaks.
        idle_s: `[R]` shift seconds that people spent waiting for the round to close.
        paid_s: `[R]` seconds that are paid; worked, plus breaks where they are paid,
            plus idle seconds where the pay basis is "present".
        wait_s: `[R]` seconds that the device waited for people, nights included.
        elapsed_s: `[R]` time on the people's clock since the first shift began. The
            device's own work takes no time there, so it equals `wait_s`.
        asked: `[R]` questions asked.
        answered: `[R]` questions that got an answer.
        abandoned: `[R]` questions that took their time and got none.
        open: `[R]` questions still in somebody's queue; 0 in synchronous rounds.
        person_worked_s: `[A]` seconds that each person spent on answers.
        person_paid_s: `[A]` seconds paid to each person.
        spans: what each person did when, sorted by person and time.
    """

    worked_s: FloatArray
    break_s: FloatArray
    idle_s: FloatArray
    paid_s: FloatArray
    wait_s: FloatArray
    elapsed_s: FloatArray
    asked: IntArray
    answered: IntArray
    abandoned: IntArray
    open: IntArray
    person_worked_s: FloatArray
    person_paid_s: FloatArray
    spans: tuple[Span, ...]


def simulate_rounds(team: Team, rounds: Sequence[Round]) -> Timeline:
    """Let a team work through rounds of questions, each opened by the one before it.

    Nothing is drawn here: the times come with the rounds, so equal input gives an
    equal timeline. The rules of the clock are in `hitl_sim.workforce.process`.

    Returns:
        The timeline; its arrays have one entry per round.

    Raises:
        ValueError: the team or a round is not possible; see `check_team` and
            `split_round`.
        ConservationError: the clock's own books do not balance.
    """
    check_team(team)
    queues = [split_round(r, work, team.num_people) for r, work in enumerate(rounds)]
    people = [Person(a) for a in range(team.num_people)]
    log: list[Closed] = []
    env = simpy.Environment()
    env.run(env.process(device(env, team, people, queues, log)))
    timeline = _build_timeline(team, queues, people, log)
    check_conservation(timeline)
    return timeline


def _build_timeline(
    team: Team, queues: list[list[Queue]], people: list[Person], log: list[Closed]
) -> Timeline:
    """Add up what the processes wrote down."""
    shape = (len(queues), team.num_people)
    worked_s = np.array([[math.fsum(q.seconds) for q in row] for row in queues])
    worked_s = worked_s.reshape(shape)
    spent_s = {name: np.zeros(shape) for name in ("work", "break", "wait")}
    for span in (span for person in people for span in person.spans):
        spent_s[span.activity][span.round, span.person] += span.end_s - span.start_s
    if not np.allclose(worked_s, spent_s["work"], rtol=1e-9, atol=1e-6):
        raise ConservationError(
            f"Work spans add up to {spent_s['work'].sum()} s, the queues hold"
            f" {worked_s.sum()} s of work."
        )
    paid_s = worked_s.copy()
    if team.is_break_paid:
        paid_s += spent_s["break"]
    if team.pay_basis == "present":
        paid_s += spent_s["wait"]
    asked = np.array([sum(len(q.seconds) for q in row) for row in queues], np.int64)
    columns = np.array(log, np.float64).reshape(-1, 5).T
    (opened_s, closed_s), counts = columns[:2], columns[2:].astype(np.int64)
    return Timeline(
        worked_s=worked_s.sum(axis=1).cumsum(),
        break_s=spent_s["break"].sum(axis=1).cumsum(),
        idle_s=spent_s["wait"].sum(axis=1).cumsum(),
        paid_s=paid_s.sum(axis=1).cumsum(),
        wait_s=(closed_s - opened_s).cumsum(),
        elapsed_s=closed_s,
        asked=asked.cumsum(),
        answered=counts[0],
        abandoned=counts[1],
        open=counts[2],
        person_worked_s=worked_s.sum(axis=0),
        person_paid_s=paid_s.sum(axis=0),
        spans=tuple(span for person in people for span in person.spans),
    )


def check_conservation(timeline: Timeline) -> None:
    """Refuse a timeline in which work is lost or invented.

    Raises:
        ConservationError: asked is not answered + abandoned + open, less is paid than
            worked, or a cumulative count falls.
    """
    counted = timeline.answered + timeline.abandoned + timeline.open
    if (timeline.asked != counted).any():
        raise ConservationError(
            f"`asked` must be answered + abandoned + open, got {timeline.asked} and"
            f" {counted}."
        )
    if (timeline.paid_s < timeline.worked_s).any():
        raise ConservationError(
            f"`paid_s` must be >= `worked_s`, got {timeline.paid_s} and"
            f" {timeline.worked_s} s."
        )
    for name in ("asked", "answered", "abandoned", "worked_s", "paid_s", "elapsed_s"):
        if (np.diff(getattr(timeline, name)) < 0).any():
            raise ConservationError(
                f"`{name}` must never fall, got {getattr(timeline, name)}."
            )
