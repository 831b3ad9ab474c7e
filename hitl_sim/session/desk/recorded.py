"""The recorded desk: people who have answered already, matched by item and person.

Every question goes to people who have answered its item, drawn at random, and no
recorded answer is used twice. The lot of an item is the same in every round and arm of
a replicate: those asked as one of three are among the three.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.participants.answers import NOTHING, Answers
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.reading.table_file import read_answers
from hitl_sim.session.desk import Desk, Run, Source
from hitl_sim.session.desk.paced import paced
from hitl_sim.session.error import SessionError
from hitl_sim.session.question import Answer, Question, Said

RECORDED_AS: Mapping[str, str] = {
    "label": "label",
    "relevance": "rating",
    "marks": "marks",
}
"""Kind of recorded answer behind each kind of question: those of the feedback kinds of
`oracles` that name one, which a test holds this table to."""
POLICIES = ("refuse", "restrict")
"""What is done where too few people answered an item."""
_LEVELS = ("0", "1", "2")
_DIGITS = 16


class _Row(NamedTuple):
    """One recorded answer."""

    said: str | None
    seconds: float
    confidence: float | None


@dataclass(frozen=True)
class Recording:
    """Recorded answers, looked up by kind, item and person.

    Attributes:
        name: of the file.
        hash: of its content.
        people: pseudonyms, by first appearance.
        rows: answers of each person to an item, in the order of occasions, by kind and
            item.
    """

    name: str
    hash: str
    people: tuple[str, ...]
    rows: Mapping[tuple[str, str], Mapping[str, tuple[_Row, ...]]]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of recorded answers."""
        return tuple(dict.fromkeys(kind for kind, _ in self.rows))

    @property
    def num_answers(self) -> int:
        """Return how many answers and skips there are."""
        return sum(len(own) for by in self.rows.values() for own in by.values())


def load_recording(path: str | Path) -> Recording:
    """Read recorded answers, as `hitl-sim import` and a session's folder have them.

    Raises:
        SessionError: the file cannot be read, or an answer has no time.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SessionError(
            f"`recording` must be a file that can be read, got {str(path)!r}: "
            f"{error.strerror}."
        ) from error
    return _load(str(path), hashlib.sha256(content).hexdigest()[:_DIGITS])


@functools.lru_cache(maxsize=8)
def _load(path: str, digest: str) -> Recording:
    try:
        # people keep their names: whoever plays them is matched by these
        answers = read_answers(Path(path), Layout(is_pseudonymous=False))
    except ValueError as error:
        raise SessionError(f"`recording`: {error}") from error
    names: dict[str, None] = {}
    rows: dict[tuple[str, str], dict[str, list[_Row]]] = {}
    for kind, item, person, row in _rows_of(answers, path):
        names[person] = None
        rows.setdefault((kind, item), {}).setdefault(person, []).append(row)
    return Recording(
        Path(path).name,
        digest,
        tuple(names),
        {
            place: {person: tuple(own) for person, own in by.items()}
            for place, by in rows.items()
        },
    )


def _rows_of(answers: Answers, path: str) -> Iterator[tuple[str, str, str, _Row]]:
    """Yield kind, item and person of every answer, earlier occasions first."""
    table = answers.table
    seconds = answers.numbers("seconds")
    lacking = int(np.isnan(seconds).sum())
    if lacking:
        raise SessionError(
            f"`recording` must have a time for every answer, got {path!r} with none "
            f"for {lacking} of {len(seconds)}: what people cost would be unknown."
        )
    confidence = answers.numbers("confidence")
    kinds, items, people, said = (
        table.column(name).to_pylist()
        for name in ("kind", "item", "annotator", "answer")
    )
    repeat = np.nan_to_num(answers.numbers("is_repeat"))
    order = np.nan_to_num(answers.numbers("order"))
    for row in np.lexsort((order, repeat)).tolist():
        stated = None if np.isnan(confidence[row]) else float(confidence[row])
        own = _Row(said[row], float(seconds[row]), stated)
        yield kinds[row], items[row], people[row], own


@dataclass(frozen=True)
class RecordedCrowd:
    """Recorded people; `hitl_sim.crowd` makes them of a file.

    Attributes:
        recording: their answers.
        path: of the file.
        policy: one of `POLICIES`.
        workforce: how they work, by the fields of `[workforce]`.
        speed: how many times faster than then they answer, in real time; at once where
            None.
    """

    recording: Recording
    path: str
    policy: str
    workforce: Mapping[str, Any]
    speed: float | None = None
    source: Source = "recorded"
    is_timed: bool = False

    @property
    def name(self) -> str:
        """Return what records call them."""
        return self.recording.name

    @property
    def size(self) -> int:
        """Return how many people answered."""
        return len(self.recording.people)

    def open(self, run: Run) -> Desk:
        """Open a desk for one run."""
        return paced(RecordedDesk(self, run), self.speed)

    def check(self, questions: Sequence[Question]) -> None:
        """Refuse kinds that nobody recorded, and answers that nobody could give.

        Raises:
            SessionError: names the argument of `Arm.ask`.
        """
        kind = questions[0].kind
        if RECORDED_AS.get(kind) not in self.recording.kinds:
            known = [k for k, as_ in RECORDED_AS.items() if as_ in self.recording.kinds]
            raise SessionError(
                f"`kind` must be one that {self.name} has answers of "
                f"({', '.join(map(repr, known)) or 'none'}), got {kind!r}."
            )

    def identity(self) -> dict[str, Any]:
        """Return what decides the answers."""
        own = {"source": self.source, "recording": self.recording.hash}
        return own | {"policy": self.policy, "workforce": dict(self.workforce)}

    def parameters(self) -> dict[str, Any]:
        """Return what was set of them."""
        return {"recording": self.name, "policy": self.policy}

    def table(self) -> dict[str, Any]:
        """Return the arguments of `hitl_sim.crowd`."""
        own: dict[str, Any] = {"recording": self.path, "policy": self.policy}
        own["speed"] = self.speed
        return own | {"workforce": dict(self.workforce)}

    def described(self, kinds: Sequence[str]) -> dict[str, Any]:
        """Return what is known of them: they are people, as they answered."""
        return {
            "summary": f"Recorded people ({self.name}).",
            "status": dict.fromkeys(kinds, f"recorded answers of {self.name}"),
            "numbers": {kind: {} for kind in kinds},
            "recording": {
                kind: {
                    "name": self.name,
                    "hash": self.recording.hash,
                    "policy": self.policy,
                    "num_answers": self.recording.num_answers,
                    "num_people": self.size,
                }
                for kind in kinds
            },
        }


class RecordedDesk:
    """Looks up what people said."""

    def __init__(self, crowd: RecordedCrowd, run: Run) -> None:
        """Open the desk for one run."""
        self._crowd, self._run = crowd, run
        self._used: Counter[tuple[str, str, str]] = Counter()
        self._given: list[Answer] = []
        self._num_posted = 0

    def post(self, questions: Sequence[Question]) -> list[str | None]:
        """Find people for each question, and what they said.

        Returns:
            An id for each; None where too few have answered and the rest is asked.

        Raises:
            SessionError: too few people answered an item, or one said what is no
                option of it.
        """
        ids: list[str | None] = []
        for question in questions:
            people = self._people(question)
            if people is None:
                ids.append(None)
                continue
            ids.append(f"q{self._num_posted}")
            self._num_posted += 1
            self._given += self._answers(question, people, str(ids[-1]))
        return ids

    def poll(self) -> list[Answer]:
        """Return what was found since the last call."""
        given, self._given = self._given, []
        return given

    def close(self) -> None:
        """Nothing is open."""

    def _people(self, question: Question) -> tuple[str, ...] | None:
        """Draw who is asked; None where they are too few and may be left out."""
        kind, item = RECORDED_AS[question.kind], str(question.item)
        by = self._crowd.recording.rows.get((kind, item), {})
        able = [
            person
            for person, own in by.items()
            if len(own) - self._used[kind, item, person] >= question.asks
        ]
        if len(able) < question.people:
            if self._crowd.policy == "restrict":
                return None
            times = f", {question.asks} times each" if question.asks > 1 else ""
            raise SessionError(
                f"`recording` must have unused answers of {question.people} people"
                f"{times} to item {item!r}, got {len(able)}. With `policy` 'restrict' "
                "such a question is not asked."
            )
        able.sort(key=lambda person: self._lot(item, person))
        return tuple(able[: question.people])

    def _lot(self, item: str, person: str) -> bytes:
        text = repr((self._run.seed, self._run.replicate, item, person))
        return hashlib.sha256(text.encode()).digest()

    def _answers(
        self, question: Question, people: Sequence[str], name: str
    ) -> Iterator[Answer]:
        kind, item = RECORDED_AS[question.kind], str(question.item)
        by = self._crowd.recording.rows[kind, item]
        for _ in range(question.asks):
            for person in people:
                occasion = self._used[kind, item, person]
                self._used[kind, item, person] += 1
                row = by[person][occasion]
                said = None if row.said is None else _encoded(question, row.said)
                yield Answer(
                    name,
                    person,
                    said,
                    row.seconds,
                    occasion,
                    row.confidence,
                    "recorded",
                )


def _encoded(question: Question, said: str) -> Said:
    """Turn a recorded text into the answer of a question.

    Raises:
        SessionError: it is none of its options.
    """
    if question.kind == "marks":
        places = [] if said == NOTHING else [int(place) for place in said.split()]
        if max(places, default=0) < len(question.options):
            return tuple(int(k in places) for k in range(len(question.options)))
    else:
        options = question.options if question.kind == "label" else _LEVELS
        if said in options:
            return options.index(said)
    allowed = ", ".join(map(repr, question.options or _LEVELS))
    raise SessionError(
        f"`recording` must hold answers that are options ({allowed}), got {said!r} to "
        f"item {str(question.item)!r}."
    )


def written(question: Question, said: Said | None) -> str | None:
    """Write an answer as a recording has it; see `hitl_sim.participants.answers`."""
    if said is None:
        return None
    if isinstance(said, tuple):
        if question.kind == "marks":
            places = [str(place) for place, mark in enumerate(said) if mark]
            return " ".join(places) or NOTHING
        return " ".join(question.options[place] for place in said)
    return question.options[said] if question.kind == "label" else str(said)
