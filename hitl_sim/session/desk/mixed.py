"""A desk of real and of simulated people: each question is put to some of both.

Simulated people fill up what a study with few real ones lacks, or say what more people
would do. They are told apart by `source` in every answer, and by pseudonyms that begin
with "s".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hitl_sim.session.desk import Crowd, Desk, Run, Source
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Answer, Question
from hitl_sim.session.withdrawal import Withdrawable

SIMULATED = "simulated"


@dataclass(frozen=True)
class MixedCrowd:
    """Real people beside simulated ones; `hitl_sim.crowd.mixed` makes them.

    Attributes:
        real: real people, who answer in their own time or have answered already.
        simulated: simulated ones.
        real_people: to how many real people each question is put, of all that it is
            put to; the others are simulated.
    """

    real: Crowd
    simulated: Crowd
    real_people: int

    @property
    def source(self) -> Source:
        """Return where the answers of the real ones come from."""
        return self.real.source

    @property
    def name(self) -> str:
        """Return what records call them."""
        return f"{self.real.name} and simulated {self.simulated.name}"

    @property
    def size(self) -> int | None:
        """Return how many they are, where that is known."""
        if self.real.size is None or self.simulated.size is None:
            return None
        return self.real.size + self.simulated.size

    @property
    def is_timed(self) -> bool:
        """Whether the real ones answer by this machine's clock, which then holds."""
        return self.real.is_timed

    @property
    def workforce(self) -> Mapping[str, Any]:
        """Return how the real ones work."""
        return self.real.workforce

    def open(self, run: Run) -> Desk:
        """Open a desk for one run."""
        return MixedDesk(
            self.real.open(run), self.simulated.open(run), self.real_people
        )

    def check(self, questions: Sequence[Question]) -> None:
        """Refuse what one of both cannot be asked.

        Raises:
            SessionError: names the argument of `Arm.ask`.
        """
        self.real.check(questions)
        rest = _others(questions, self.real_people)
        if rest:
            self.simulated.check(rest)

    def identity(self) -> dict[str, Any]:
        """Return what decides the answers."""
        both = {"real": self.real.identity(), SIMULATED: self.simulated.identity()}
        return both | {"source": self.source, "real_people": self.real_people}

    def parameters(self) -> dict[str, Any]:
        """Return what was set of both."""
        both = self.real.parameters() | self.simulated.parameters()
        return both | {"real_people": self.real_people}

    def table(self) -> dict[str, Any]:
        """Return the arguments of `hitl_sim.crowd.mixed`, both crowds as tables."""
        both = {"real": self.real.table(), SIMULATED: self.simulated.table()}
        return both | {"real_people": self.real_people}

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return what is known of both."""
        other = self.simulated.described(kinds)
        return described_together(self.real.described(kinds), other)

    def withdrawn(self) -> Mapping[str, int]:
        """Return how many answers were deleted of each who withdrew."""
        return self.real.withdrawn() if isinstance(self.real, Withdrawable) else {}


class MixedDesk:
    """Two desks, of which the answers come as from one."""

    def __init__(self, real: Desk, simulated: Desk, real_people: int) -> None:
        """Take both, and how many real people each question is put to."""
        self._desks = {True: real, False: simulated}
        self._real_people = real_people
        self._names: dict[tuple[bool, str], str] = {}
        self._num_posted = 0

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Put questions to both; one that one of them leaves out is not asked."""
        own = [replace(q, truth=None, seen=None) for q in questions]
        asked = {
            True: [replace(q, people=min(q.people, self._real_people)) for q in own],
            False: _others(questions, self._real_people),
        }
        ids: list[str | None] = [None] * len(questions)
        posted = {
            is_real: self._desks[is_real].post(some) if some else []
            for is_real, some in asked.items()
        }
        for place in range(len(questions)):
            names = {is_real: some[place] for is_real, some in posted.items() if some}
            if None in names.values():
                continue
            ids[place] = f"q{self._num_posted + place}"
            for is_real, name in names.items():
                self._names[is_real, str(name)] = str(ids[place])
        self._num_posted += len(questions)
        return ids

    def poll(self) -> list[Answer]:
        """Return what has come to either, real people first."""
        found = []
        for is_real, desk in self._desks.items():
            for answer in desk.poll():
                name = self._names.get((is_real, answer.question))
                if name is not None:
                    who = answer.person if is_real else f"s{answer.person[1:]}"
                    found.append(replace(answer, question=name, person=who))
        return found

    def close(self) -> None:
        """End what was asked of both."""
        for desk in self._desks.values():
            desk.close()


def _others(questions: Sequence[Question], real_people: int) -> list[Question]:
    """Return what simulated people are asked; nothing where all asked are real."""
    left = [replace(q, people=q.people - real_people) for q in questions]
    return [q for q in left if q.people > 0]


def mixed_crowd(real: Crowd, simulated: Crowd, real_people: int) -> MixedCrowd:
    """Put real and simulated people together.

    Raises:
        SessionError: one of them is not what it is to be.
    """
    if real.source == SIMULATED:
        raise SessionError(
            "`real` must be people who are not simulated, as hitl_sim.crowd(page=...), "
            f"got the population {real.name!r}."
        )
    if simulated.source != SIMULATED:
        raise SessionError(
            "`simulated` must be a population, as hitl_sim.crowd('typical', size=3), "
            f"got {simulated.name!r}, who are not simulated."
        )
    is_count = isinstance(real_people, int) and not isinstance(real_people, bool)
    if not is_count or real_people < 1:
        raise SessionError(
            f"`real_people` must be a whole number >= 1, got {real_people!r}."
        )
    return MixedCrowd(real, simulated, real_people)


def described_together(
    real: Mapping[str, Any], simulated: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is known of real people and of simulated ones beside them."""
    status = {
        kind: f"{known}; simulated ones: {simulated['status'][kind]}"
        for kind, known in real["status"].items()
    }
    summary = f"{real['summary']} Beside them simulated people: {simulated['summary']}"
    return {**simulated, "summary": summary, "status": status}
