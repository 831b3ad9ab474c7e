"""The simulated people of a study at a desk: they answer as they do in its sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import msgspec
import numpy as np

from hitl_sim.learn.crowd import Assignment
from hitl_sim.session.desk import Desk, Run, Source
from hitl_sim.session.live.asking import as_arrays
from hitl_sim.session.live.device import Answerers
from hitl_sim.session.question import Answer, Question
from hitl_sim.study.spec import WorkforceSpec
from oracles import Response

Gather = Callable[[int], Answerers]
"""Builds people, of whom so many answer each question."""


@dataclass(frozen=True)
class StudyCrowd:
    """The simulated people of one stage of a run.

    Attributes:
        name: what records call them.
        size: how many they are.
        workforce: how they work, by the fields of `[workforce]`.
        num_questions: of a round.
        gather: builds their programs.
        draw: the run's key of its crowd, and the population.
    """

    name: str
    size: int
    workforce: Mapping[str, Any]
    num_questions: int
    gather: Gather
    draw: tuple[Any, Any]
    source: Source = "simulated"
    is_timed: bool = False

    def open(self, run: Run) -> Desk:
        """Open a desk for the stage."""
        del run
        return StudyDesk(self)

    def check(self, questions: Sequence[Question]) -> None:
        """A study was checked when it was planned."""

    def identity(self) -> dict[str, Any]:
        """Return nothing: the key of the run has it all."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Return nothing: the condition has it all."""
        return {}

    def table(self) -> dict[str, Any]:
        """Return nothing: the study has it all."""
        return {}

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return nothing: the manifest has it all."""
        return {kind: {} for kind in kinds}


class StudyDesk:
    """Answers as soon as it is asked, in one program for all rounds."""

    def __init__(self, crowd: StudyCrowd) -> None:
        """Let nobody in before the first question."""
        self._crowd = crowd
        self._state: Any = None
        self._num_posted = 0
        self._given: list[Answer] = []

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Let the people answer a round."""
        ids = [f"q{self._num_posted + i}" for i in range(len(questions))]
        self._num_posted += len(questions)
        if questions:
            self._given += self._answer(questions, ids)
        return list(ids)

    def poll(self) -> list[Answer]:
        """Return what was answered since the last call."""
        given, self._given = self._given, []
        return given

    def close(self) -> None:
        """Forget the people."""
        self._state = None

    def _answer(
        self, questions: Sequence[Question], ids: Sequence[str]
    ) -> list[Answer]:
        crowd = self._crowd
        people = crowd.gather(questions[0].people)
        if self._state is None:
            self._state = people.begin(*crowd.draw)
        asked = as_arrays(questions, crowd.num_questions)
        self._state, *answered = people.ask(*crowd.draw, self._state, asked)
        response, plan = jax.tree.map(np.asarray, tuple(answered))
        return [
            Answer(
                name,
                f"p{person}",
                _said(response.answer[slot, person])
                if response.is_answered[slot, person]
                else None,
                float(response.seconds[slot, person]),
                int(plan.occasion[slot, person]),
                _stated(response, slot, person),
                "simulated",
            )
            for name, slot, person in _in_order(ids, plan, questions[0])
        ]


def _in_order(
    ids: Sequence[str], plan: Assignment, one: Question
) -> Iterator[tuple[str, int, int]]:
    """Yield question, queue position and person of each answer.

    That is the order of everybody's own work, and of a plan's answers to a question.
    """
    for ask in range(one.asks):
        for place, name in enumerate(ids):
            for column in range(ask * one.people, (ask + 1) * one.people):
                yield (
                    name,
                    int(plan.slot[place, column]),
                    int(plan.person[place, column]),
                )


def _said(said: Any) -> int | tuple[int, ...]:
    return int(said) if said.ndim == 0 else tuple(int(one) for one in said)


def _stated(response: Response, slot: int, person: int) -> float | None:
    if not response.is_answered[slot, person]:
        return None
    return float(response.confidence[slot, person])


def study_crowd(
    name: str,
    team: WorkforceSpec,
    num_questions: int,
    gather: Gather,
    draw: tuple[Any, Any],
) -> StudyCrowd:
    """Take the simulated people of a stage.

    Args:
        name: what records call them.
        team: how they work.
        num_questions: of a round.
        gather: builds their programs.
        draw: the run's key of its crowd, and the population.
    """
    hours = {k: v for k, v in msgspec.to_builtins(team).items() if k != "size"}
    return StudyCrowd(name, team.size, hours, num_questions, gather, draw)
