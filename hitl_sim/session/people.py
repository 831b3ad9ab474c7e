"""What the people of a run did: rounds of questions on their clock.

Where people answer in their own time, the clock is this machine's. Else it is simulated
from the times of their answers, as in a study: shifts, breaks, a device that waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hitl_sim.session.desk import Crowd
from hitl_sim.session.desk.recorded import RECORDED_AS, written
from hitl_sim.session.desk.simulated import right_answer
from hitl_sim.session.question import Answer, Question
from hitl_sim.workforce import Round, simulate_rounds, team_of

SERIES = ("asked", "answered", "worked_s", "paid_s", "wait_s", "elapsed_s")
"""What a record holds of people at each checkpoint: counts, then times, s."""


@dataclass(frozen=True)
class Asked:
    """One round: its questions and what came back.

    Attributes:
        questions: by id, those that were asked.
        answers: in the order in which they came.
        left_out: questions that were not asked.
        waited_s: time from posting to the last answer by this machine's clock, s.
    """

    questions: Mapping[str, Question]
    answers: Sequence[Answer]
    left_out: int
    waited_s: float


@dataclass
class People:
    """The rounds of one run so far."""

    crowd: Crowd | None
    rounds: list[Asked] = field(default_factory=list)

    def series(self, before: Sequence[int]) -> dict[str, list[float]]:
        """Return `SERIES` at checkpoints.

        Args:
            before: how many rounds had been by each checkpoint.
        """
        if self.crowd is None or not self.rounds:
            return {name: [0] * len(before) for name in SERIES}
        table = self.by_round()
        padded = {name: np.concatenate([[0], table[name]]) for name in SERIES}
        return {name: padded[name][list(before)].tolist() for name in SERIES}

    def by_round(self) -> dict[str, Any]:
        """Return `SERIES` after each round, `[R]`; of one at the least."""
        assert self.crowd is not None
        return self._by_clock() if self.crowd.is_timed else self._simulated()

    def _by_clock(self) -> dict[str, Any]:
        """Add up what this machine's clock saw: time on answers is paid."""
        seconds = [sum(a.seconds for a in one.answers) for one in self.rounds]
        waited = np.cumsum([one.waited_s for one in self.rounds])
        worked = np.cumsum(seconds)
        given = [sum(a.said is not None for a in one.answers) for one in self.rounds]
        return {
            "asked": np.cumsum([len(one.answers) for one in self.rounds]),
            "answered": np.cumsum(given),
            "worked_s": worked,
            "paid_s": worked,
            "wait_s": waited,
            "elapsed_s": waited,
        }

    def _simulated(self) -> dict[str, Any]:
        """Let the people work through their rounds by the rules of a study's team."""
        assert self.crowd is not None
        names = dict.fromkeys(a.person for one in self.rounds for a in one.answers)
        place = {person: column for column, person in enumerate(names)}
        size = max(self.crowd.size or 1, len(place))
        team = team_of({**self.crowd.workforce, "size": size})
        rounds = [_queues(one.answers, place, size) for one in self.rounds]
        timeline = simulate_rounds(team, rounds)
        return {name: getattr(timeline, name) for name in SERIES}

    @property
    def accuracy(self) -> float | None:
        """Return the share of right answers among those that can be scored."""
        scored = right = 0
        for one in self.rounds:
            for answer in one.answers:
                best = right_answer(one.questions[answer.question])
                if best is not None and answer.said is not None:
                    scored += 1
                    right += answer.said == best
        return right / scored if scored else None

    def replayed(self) -> dict[str, int]:
        """Count answers of real people, then or now, and of simulated ones beside them.

        Nothing where all are simulated.
        """
        if self.crowd is None or self.crowd.source == "simulated":
            return {}
        sources = [answer.source for one in self.rounds for answer in one.answers]
        modelled = sources.count("simulated")
        left_out = sum(one.left_out for one in self.rounds)
        counts = {"modelled": modelled, "untimed": 0, "left_out": left_out}
        return {"replayed": len(sources) - modelled, **counts}

    def asked_as(self) -> dict[str, Any] | None:
        """Say what was asked, for names of the condition; None where nothing was."""
        if not self.rounds:
            return None
        questions = [q for one in self.rounds for q in one.questions.values()]
        kinds = sorted({question.kind for question in questions})
        most = max(questions, key=lambda q: (q.people, q.asks), default=None)
        return {
            "feedback": kinds,
            "people": 0 if most is None else most.people,
            "asks": 0 if most is None else most.asks,
        }

    def rows(self) -> list[dict[str, Any]]:
        """List every answer, in the columns of `hitl_sim.participants.answers`.

        Beside these: its round, and where it comes from.
        """
        found: list[dict[str, Any]] = []
        for number, one in enumerate(self.rounds):
            for answer in one.answers:
                question = one.questions[answer.question]
                found.append(
                    {
                        "annotator": answer.person,
                        "item": str(question.item),
                        "kind": RECORDED_AS.get(question.kind, question.kind),
                        "answer": written(question, answer.said),
                        "gold": _gold(question),
                        "order": len(found),
                        "seconds": answer.seconds,
                        "confidence": answer.confidence,
                        "is_repeat": answer.occasion > 0,
                        "size": question.size,
                        "parts": len(question.options) or None
                        if question.kind == "marks"
                        else None,
                        "source": answer.source,
                        "round": number,
                    }
                )
        return found


def _gold(question: Question) -> str | None:
    """Write what is right as a recording has it; None where no one answer is."""
    if question.kind not in ("label", "relevance"):
        return None
    best = right_answer(question)
    return None if best is None else written(question, best)


def _queues(answers: Sequence[Answer], place: Mapping[str, int], size: int) -> Round:
    """Lay a round out by person, in the order of their work."""
    queues: list[list[Answer]] = [[] for _ in range(size)]
    for answer in answers:
        queues[place[answer.person]].append(answer)
    length = max([1, *map(len, queues)])
    seconds = np.zeros((length, size))
    is_asked, is_answered = np.zeros((2, length, size), bool)
    for column, queue in enumerate(queues):
        for row, answer in enumerate(queue):
            seconds[row, column] = answer.seconds
            is_asked[row, column] = True
            is_answered[row, column] = answer.said is not None
    return Round(seconds, is_asked, is_answered)
