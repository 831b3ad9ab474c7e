"""One group of people on the clock, and whoever takes the place of those sent away."""

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np
import simpy

from hitl_sim.workforce.account import GroupAccount
from hitl_sim.workforce.behaviour import AnswerSource, SimulatedAnswers
from hitl_sim.workforce.duration import stream_of, uniforms
from hitl_sim.workforce.floor import Floor
from hitl_sim.workforce.people import People, draw_roster
from hitl_sim.workforce.person import Worker, worker_of
from hitl_sim.workforce.project import Project
from hitl_sim.workforce.roster import Roster, onboarding_worked, tested_worked
from hitl_sim.workforce.worker import Checks, Steps, Trainer, person_works


@dataclasses.dataclass(frozen=True)
class GroupPlan:
    """One group as the clock gets it.

    Attributes:
        number: of the group; 0 for the crowd.
        name: of the group.
        people: who they are.
        is_expert: whether they decide what is unclear.
        roster: who comes, and when.
        source: whoever knows what they answer.
        times: of the draws of how long they take.
        extras: of the draws of questions with a known answer, and of substitutes.
    """

    number: int
    name: str
    people: People
    is_expert: bool
    roster: Roster
    source: AnswerSource
    times: np.random.Generator
    extras: np.random.Generator


class ActiveGroup:
    """The people of one group, on the clock.

    Attributes:
        workers: everybody who was put on the clock so far.
    """

    def __init__(
        self,
        env: simpy.Environment,
        floor: Floor,
        group: GroupPlan,
        numbers: Iterator[int],
        trainer: Trainer | None,
    ) -> None:
        """Begin with nobody on the clock; numbers are of people of all groups."""
        self.workers: list[Worker] = []
        self._env, self._floor, self._group = env, floor, group
        self._project: Project = floor.project
        self._numbers, self._trainer = numbers, trainer
        self._rosters: list[Roster] = []
        self._seconds = stream_of(group.people.seconds, group.times)
        self._checks: Checks | None = None
        gold = self._project.gold
        if gold is not None and not group.is_expert:
            assert isinstance(group.source, SimulatedAnswers)
            draws = uniforms(group.extras)
            self._checks = Checks(gold, draws, group.source, self._send_away)

    def join(self, roster: Roster) -> None:
        """Put the people of a roster on the clock; each begins when it says."""
        self._rosters.append(roster)
        for row in range(len(roster)):
            worker = worker_of(
                roster,
                row,
                next(self._numbers),
                self._group.number,
                len(self.workers),
                is_expert=self._group.is_expert,
            )
            self.workers.append(worker)
            ready_s = float(roster.ready_s[row])
            if ready_s < min(worker.leave_s, self._project.horizon_s):
                self._env.process(self._begins(worker, ready_s))

    def _begins(self, worker: Worker, ready_s: float) -> Steps:
        yield self._env.timeout(ready_s - self._env.now)
        yield from person_works(
            self._env, self._floor, worker, self._seconds, self._trainer, self._checks
        )

    def _send_away(self, worker: Worker) -> None:
        """Fill the place of somebody who is sent away, until it would be anyway."""
        people, now_s = self._group.people, self._env.now
        until_s = min(self._until_s[worker.place], self._project.horizon_s)
        if not (people.is_replaced and worker.is_placed) or until_s <= now_s:
            return
        one = dataclasses.replace(people, team=1, arrivals_per_day=0.0)
        roster = draw_roster(one, until_s, self._group.extras, now_s)
        leave_s = np.minimum(roster.leave_s, self._until_s[worker.place])
        ready_s = np.where(roster.ready_s < leave_s, roster.ready_s, math.inf)
        roster = dataclasses.replace(roster, leave_s=leave_s, ready_s=ready_s)
        if isinstance(self._group.source, SimulatedAnswers):
            self._group.source.join(roster.skill)
        self.join(roster)

    @property
    def _until_s(self) -> list[float]:
        """When each would have left for good, s."""
        return [float(s) for roster in self._rosters for s in roster.leave_s]

    def num_left(self, end_s: float) -> int:
        """Count who had left by a time."""
        came = self._arrive_s <= end_s
        leave_s = np.array([worker.leave_s for worker in self.workers])
        return int((came & (leave_s <= end_s)).sum())

    @property
    def _arrive_s(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.concatenate([roster.arrive_s for roster in self._rosters])

    def account(self, end_s: float) -> GroupAccount:
        """Close the books of the group, those in the middle of something too."""
        counts, people = self._floor.groups[self._group.number], self._group.people
        worked_s, gold_s = counts.worked_s, counts.gold_s
        for worker in self.workers:
            if worker.begun_s is not None and worker.is_on_gold:
                gold_s += end_s - worker.begun_s
            elif worker.begun_s is not None:
                worked_s += end_s - worker.begun_s
        tested_s = sum(tested_worked(roster, end_s) for roster in self._rosters)
        onboarding_s = sum(
            onboarding_worked(roster, people.onboarding_s, end_s)
            for roster in self._rosters
        )
        is_paid = people.test is not None and people.test.is_paid
        return GroupAccount(
            name=self._group.name,
            answered=counts.answered,
            gold=counts.gold,
            worked_s=worked_s,
            gold_s=gold_s,
            tested_s=tested_s,
            onboarding_s=onboarding_s,
            refused=counts.refused,
            refused_s=counts.refused_s,
            removed=counts.removed,
            paid_s=worked_s + gold_s + onboarding_s + (tested_s if is_paid else 0.0),
            people_came=int((self._arrive_s <= end_s).sum()),
        )


def put_on_clock(
    env: simpy.Environment,
    floor: Floor,
    groups: list[GroupPlan],
    trainer: Trainer | None,
) -> list[ActiveGroup]:
    """Put all groups on the clock."""
    numbers = itertools.count()
    active = [ActiveGroup(env, floor, group, numbers, trainer) for group in groups]
    for one, group in zip(active, groups, strict=True):
        one.join(group.roster)
    return active
