"""A round's questions between the learner, which has arrays, and a desk.

The learner asks by arrays (`learn.crowd.Questions`); a desk takes one `Question` for
each, and its answers go back as arrays (`learn.crowd.Answers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import CLASSES, GROUPS, PAIR, Answer, Question, gather

NONE_OF_THESE = "none of these"
_OF_PERCEPTION: Mapping[str, Any] = {
    **dict.fromkeys(("item", "truth", "right"), np.int32),
    **dict.fromkeys(("utility", "difficulty", "discrimination"), np.float32),
}


class Seen(NamedTuple):
    """What a study knows of a question beside what it asks; never leaves this process.

    Attributes:
        item: id by which what people say of it is drawn.
        suggestion: option that is proposed, -1 for none; None where nobody is shown
            any.
        truth: right option.
        right: the answer that counts as right.
        utility: systematic utility of each option.
        difficulty: subtracted from skill.
        discrimination: 0 where no answer is right.
        options: ids of the objects that are options; None where there are none.
    """

    item: int
    suggestion: int | None
    truth: int
    right: int
    utility: tuple[float, ...]
    difficulty: float
    discrimination: float
    options: tuple[int, ...] | None

    def is_right(self, answer: Answer) -> bool | None:
        """Say whether an answer is right; None where that cannot be said of it."""
        if not isinstance(answer.said, int) or self.discrimination <= 0:
            return None
        return answer.said == self.right


@dataclass(frozen=True)
class Asker:
    """What all questions of one stage have in common.

    Attributes:
        kind: kind of question.
        people: different people who answer each.
        asks: times that each of them is asked.
        classes: names of the task's classes.
        groups: names of its feature groups.
        content: `item -> what people see of it`; None where no desk shows any.
        label: `item -> given label`, where people see it beside the item.
    """

    kind: str
    people: int
    asks: int
    classes: tuple[str, ...]
    groups: tuple[str, ...]
    content: Callable[[int], Any] | None = None
    label: Callable[[int], int] | None = None

    def questions(self, asked: Questions) -> list[Question]:
        """Write a round's questions one by one, those that are not put left out."""
        fields: list[Any] = [None if a is None else np.asarray(a) for a in asked]
        rows = Questions(*fields)
        return [self._question(rows, int(i)) for i in _posed(rows)]

    def _question(self, rows: Questions, i: int) -> Question:
        objects = None
        if rows.options is not None:
            objects = tuple(int(one) for one in rows.options[i])
        proposed = None if rows.suggestion is None else int(rows.suggestion[i])
        seen = Seen(
            int(rows.item[i]),
            proposed,
            int(rows.truth[i]),
            int(rows.right[i]),
            tuple(float(one) for one in rows.utility[i]),
            float(rows.difficulty[i]),
            float(rows.discrimination[i]),
            objects,
        )
        item = seen.item if objects is None else objects
        options, suggestion = self._options(seen), None
        if proposed is not None and proposed >= 0:
            suggestion = proposed
        elif self.label is not None and isinstance(item, int):
            options, suggestion = self.classes, self.label(item)
        return Question(
            self.kind,
            item,
            self.people,
            self.asks,
            options,
            None if self.content is None else self._content(item),
            suggestion,
            float(rows.size[i]),
            self._truth(seen),
            seen,
        )

    def _options(self, seen: Seen) -> tuple[str, ...]:
        if self.kind in GROUPS:
            return self.groups
        if self.kind not in CLASSES:
            return ()
        more = len(seen.utility) > len(self.classes)
        return (*self.classes, NONE_OF_THESE) if more else self.classes

    def _content(self, item: Any) -> Any:
        assert self.content is not None
        if self.kind in GROUPS:
            return None  # the groups themselves are what is judged
        if isinstance(item, tuple):
            return tuple(self.content(one) for one in item)
        return self.content(item)

    def _truth(self, seen: Seen) -> int | tuple[float, ...] | None:
        """Return what is right, as `Arm.ask` is told it; None where nothing is."""
        if self.kind in (*GROUPS, PAIR):
            return seen.utility
        if self.kind == "difficulty":
            return (seen.utility[1] - seen.utility[0],)
        return seen.truth if seen.discrimination > 0 else None


def as_arrays(questions: Sequence[Question], num: int) -> Questions:
    """Write questions as the learner asks them, up to `num` of them as padding.

    Raises:
        SessionError: they are of no study, which alone knows what its people see.
    """
    if any(not isinstance(q.seen, Seen) for q in questions):
        raise SessionError("`questions` must be those of a study, got others.")
    rows = [*questions, *[questions[0]] * (num - len(questions))]
    given: dict[str, Any] = {
        name: np.array([getattr(q.seen, name) for q in rows], kind)
        for name, kind in _OF_PERCEPTION.items()
    }
    objects, proposed = zip(
        *((q.seen.options, q.seen.suggestion) for q in rows), strict=True
    )
    given["size"] = np.array([q.size for q in rows], np.float32)
    if None not in proposed:
        given["suggestion"] = np.array(proposed, np.int32)
    if None not in objects:
        given["options"] = np.array(objects, np.int32)
    if num > len(questions):
        given["is_posed"] = np.arange(num) < len(questions)
    return Questions(**given)


@dataclass
class Roster:
    """Which place in the learner's arrays each person has.

    Attributes:
        most: people that there is room for.
        places: by pseudonym.
    """

    most: int
    places: dict[str, int] = field(default_factory=dict)

    def place(self, person: str) -> int:
        """Return a person's place, the next one where they are new.

        Raises:
            SessionError: there is none left.
        """
        if person not in self.places and len(self.places) == self.most:
            raise SessionError(
                f"A run must be answered by at most {self.most} people, got more."
            )
        return self.places.setdefault(person, len(self.places))


def answers_of(
    asked: Questions,
    asker: Asker,
    questions: Sequence[Question],
    ids: Sequence[str | None],
    found: Sequence[Answer],
    roster: Roster,
) -> Answers:
    """Sort a round's answers as the learner reads them.

    Args:
        asked: as the learner asked, `n` questions.
        asker: what they have in common.
        questions: those of them that were put.
        ids: of these, None where a desk left one out.
        found: answers to them.
        roster: who has which place.

    Returns:
        Answers to all `n`; -1 and not answered where nothing came.
    """
    num, width = len(asked.item), asker.people * asker.asks
    options = (len(asker.groups),) if asker.kind in GROUPS else ()
    answer: Any = np.full((num, width, *options), -1, np.int32)
    is_answered: Any = np.zeros((num, width), bool)
    annotator: Any = np.zeros((num, width), np.int32)
    if questions:
        by_id: dict[str, list[Answer]] = {}
        for one in found:
            by_id.setdefault(one.question, []).append(one)
        own, rows = gather(questions, ids, by_id), _posed(asked)
        answer[rows], is_answered[rows] = own.answer, own.is_answered
        annotator[rows] = [
            [roster.place(name) if name else 0 for name in row] for row in own.person
        ]
    return Answers(answer, is_answered, annotator)


def _posed(asked: Questions) -> Any:
    """Return the places of questions that are put to people at all."""
    if asked.is_posed is None:
        return np.arange(len(asked.item))
    return np.flatnonzero(np.asarray(asked.is_posed))


def count_right(
    questions: Mapping[str, Question], answers: Sequence[Answer]
) -> tuple[int, int]:
    """Count right answers, and those that could be right."""
    scored = [questions[a.question].seen.is_right(a) for a in answers]
    return sum(one is True for one in scored), sum(one is not None for one in scored)
