"""What is asked, and what comes back: the words between a loop and a desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hitl_sim.session.error import SessionError
from oracles.populations import KINDS as EVERY

KINDS = tuple(kind for kind in EVERY if kind != "number")
"""Kinds that a session asks: what is said is an option, a level, or several."""

Said = int | tuple[int, ...]
"""An option or a level; of importance a ranking, of marks a 0 or 1 for each group."""

GROUPS = ("importance", "marks")
"""Kinds about groups of features or parts of an item."""
CLASSES = ("label", "verification")
"""Kinds about the classes that an item may be of."""
PAIR = "preference"
WORTH = (*GROUPS, PAIR, "difficulty")
"""Kinds whose truth is a number and not an option."""
NUM_PAIR = 2


@dataclass(frozen=True)
class Question:
    """One question to a number of people.

    Attributes:
        kind: kind of feedback, one of `oracles.feedback`.
        item: what it is about: a number or a name; of a preference two of them.
        people: different people who answer.
        asks: times that each of them is asked.
        options: what may be answered, in words, where the kind has no levels of its
            own: classes, or groups.
        content: what people see of the item.
        suggestion: class that is proposed (verification), as its place in `options`.
        size: length of the item relative to the usual one; > 0.
        truth: what is right, for simulated people alone: an option, or numbers.
        seen: what else the simulated people of a study see of it; see `live.asking`.
    """

    kind: str
    item: Any
    people: int
    asks: int = 1
    options: tuple[str, ...] = ()
    content: Any = None
    suggestion: int | None = None
    size: float = 1.0
    truth: Any = None
    seen: Any = None


@dataclass(frozen=True)
class Answer:
    """What one person said once.

    Attributes:
        question: id that the desk gave it.
        person: who, by a pseudonym.
        said: the answer; None where it was skipped.
        seconds: time that it took, s.
        occasion: how often this person had met the item before.
        confidence: stated probability of being right; None where nobody asked.
        source: where it comes from.
    """

    question: str
    person: str
    said: Said | None
    seconds: float
    occasion: int = 0
    confidence: float | None = None
    source: str = "live"


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a round by question: `n` questions, at most `M` answers to each.

    Attributes:
        items: `[n]` what was asked about, in the order of the call.
        answer: `[n, M]` options or levels, `[n, M, K]` of rankings and marks; -1 where
            there is none.
        is_answered: `[n, M]`.
        person: `[n, M]` pseudonyms; empty where nobody was asked.
        seconds: `[n, M]` time on the answer, s.
        confidence: `[n, M]` NaN where it was not stated.
        is_asked: `[n]` whether the question was put at all.
    """

    items: tuple[Any, ...]
    answer: npt.NDArray[np.int64]
    is_answered: npt.NDArray[np.bool_]
    person: npt.NDArray[np.str_]
    seconds: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    is_asked: npt.NDArray[np.bool_]

    def majority(self) -> npt.NDArray[np.int64]:
        """Return the option that most people gave to each question, `[n]`.

        Of equals the first; -1 where nobody answered.

        Raises:
            SessionError: the answers are rankings or marks.
        """
        if self.answer.ndim != 2:
            raise SessionError("`majority` must be of options, got rankings or marks.")
        most = int(self.answer.max(initial=0)) + 1
        votes = [(self.answer == k).sum(axis=1) for k in range(most)]
        return np.where(self.is_answered.any(axis=1), np.argmax(votes, axis=0), -1)

    def mean(self) -> npt.NDArray[np.float64]:
        """Return the mean answer to each question, `[n]` or `[n, K]`.

        NaN where nobody answered.
        """
        given = self.is_answered
        if self.answer.ndim > given.ndim:
            given = given[..., None]
        total = np.where(given, self.answer, 0).sum(axis=1)
        number = given.sum(axis=1)
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def gather(
    questions: Sequence[Question],
    ids: Sequence[str | None],
    answers: Mapping[str, Sequence[Answer]],
) -> Answers:
    """Sort a round's answers by question.

    Args:
        questions: that were posted.
        ids: of them, None where one was not asked.
        answers: by id of the question.
    """
    found = [() if one is None else tuple(answers.get(one, ())) for one in ids]
    width = questions[0].people * questions[0].asks
    shape: tuple[int, ...] = (len(questions), width)
    if questions[0].kind in GROUPS:
        shape = (*shape, len(questions[0].options))
    answer = np.full(shape, -1, np.int64)
    seconds, confidence = np.zeros(shape[:2]), np.full(shape[:2], np.nan)
    person = np.full(shape[:2], "", dtype=object)
    for row, given in enumerate(found):
        for place, one in enumerate(given[:width]):
            person[row, place], seconds[row, place] = one.person, one.seconds
            if one.said is not None:
                answer[row, place] = one.said
            if one.confidence is not None:
                confidence[row, place] = one.confidence
    is_there = answer >= 0
    return Answers(
        tuple(question.item for question in questions),
        answer,
        is_there if is_there.ndim == 2 else is_there[..., 0],
        person.astype(str),
        seconds,
        confidence,
        np.array([one is not None for one in ids]),
    )


def build_questions(
    kind: str,
    items: Sequence[Any],
    *,
    people: int,
    asks: int = 1,
    options: Sequence[str] | int | None = None,
    content: Sequence[Any] | None = None,
    suggestion: Sequence[int] | None = None,
    sizes: Sequence[float] | None = None,
    truth: Sequence[Any] | None = None,
) -> list[Question]:
    """Lay the arguments of `Arm.ask` out, one question for each item.

    Raises:
        SessionError: the first argument that does not fit, its value, what is allowed.
    """
    if kind not in KINDS:
        known = ", ".join(map(repr, KINDS))
        raise SessionError(f"`kind` must be one of {known}, got {kind!r}.")
    named = [_item(kind, item) for item in items]
    if not named:
        raise SessionError("`items` must hold at least one item, got none.")
    for name, number in (("people", people), ("asks", asks)):
        if number < 1:
            raise SessionError(f"`{name}` must be >= 1, got {number}.")
    told = _options(kind, options)
    by_item = {"content": content, "suggestion": suggestion, "sizes": sizes}
    if kind == "verification" and suggestion is None:
        raise SessionError(
            "`suggestion` must hold the class that each item is checked for, got None."
        )
    for name, values in (by_item | {"truth": truth}).items():
        if values is not None and len(values) != len(named):
            raise SessionError(
                f"`{name}` must have one entry for each of the {len(named)} items, "
                f"got {len(values)}."
            )
    rows = zip(
        named,
        content if content is not None else [None] * len(named),
        suggestion if suggestion is not None else [None] * len(named),
        sizes if sizes is not None else [1.0] * len(named),
        truth if truth is not None else [None] * len(named),
        strict=True,
    )
    return [
        Question(
            kind,
            item,
            int(people),
            int(asks),
            told,
            shown,
            None if proposed is None else _option("suggestion", proposed, told),
            _size(size),
            None if right is None else _truth(kind, right, told),
        )
        for item, shown, proposed, size, right in rows
    ]


def _item(kind: str, item: Any) -> Any:
    """Read what an item is called: a number or a name, or two of them."""
    if kind == PAIR:
        is_pair = isinstance(item, tuple | list | np.ndarray) and len(item) == NUM_PAIR
        if not is_pair:
            raise SessionError(
                f"`items` must be pairs of objects in a {kind}, got {item!r}."
            )
        return tuple(_item("", one) for one in item)
    if isinstance(item, str):
        return item
    if isinstance(item, int | np.integer) and not isinstance(item, bool):
        return int(item)
    raise SessionError(
        f"`items` must be whole numbers or names, got {item!r} of type "
        f"{type(item).__name__}."
    )


def _options(kind: str, options: Sequence[str] | int | None) -> tuple[str, ...]:
    if kind not in (*GROUPS, *CLASSES):
        if options is not None:
            raise SessionError(
                f"`options` must be left out in a question of {kind}, got {options!r}."
            )
        return ()
    what = "groups" if kind in GROUPS else "classes"
    if options is None or isinstance(options, str):
        raise SessionError(
            f"`options` must be the names of the {what}, or how many there are, got "
            f"{options!r}."
        )
    count = isinstance(options, int | np.integer)
    told = tuple(map(str, range(int(options)) if count else options))  # type: ignore[arg-type]
    if len(told) < 2 or len(set(told)) != len(told):
        raise SessionError(
            f"`options` must be two {what} or more, each once, got {options!r}."
        )
    return told


def _option(name: str, value: Any, options: Sequence[str]) -> int:
    """Read an option by its place or its name."""
    if isinstance(value, str) and value in options:
        return options.index(value)
    if isinstance(value, int | np.integer) and 0 <= value < len(options):
        return int(value)
    raise SessionError(
        f"`{name}` must be one of the {len(options)} options, by its place from 0 or "
        f"its name, got {value!r}."
    )


def _size(size: float) -> float:
    if not 0.0 < size < float("inf"):
        raise SessionError(f"`sizes` must be finite and > 0, got {size}.")
    return float(size)


def _truth(kind: str, truth: Any, options: Sequence[str]) -> int | tuple[float, ...]:
    """Read what is right: a class, whether to keep, or numbers."""
    if kind in CLASSES:
        return _option("truth", truth, options)
    if kind not in WORTH:
        if truth not in (0, 1):
            raise SessionError(
                f"`truth` must be 1 where an item is to be kept, else 0, got {truth!r}."
            )
        return int(truth)
    numbers = tuple(float(one) for one in np.atleast_1d(np.asarray(truth, float)))
    length = {PAIR: NUM_PAIR, "difficulty": 1}.get(kind, len(options))
    if len(numbers) != length or not np.isfinite(numbers).all():
        raise SessionError(
            f"`truth` must be {length} finite number{'s' * (length > 1)} for each item "
            f"in a question of {kind}, got {truth!r}."
        )
    return numbers
