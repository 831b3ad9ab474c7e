"""From what a format read to the one table of answers to one question."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import pyarrow as pa

from hitl_sim.participants.answers import LABEL, MARKS, NOTHING, Answers
from hitl_sim.participants.cleaning.clean import PLAIN, Layout, clean
from hitl_sim.participants.cleaning.unit import ANSWER
from hitl_sim.participants.format.task import (
    Findings,
    Labels,
    Question,
    Submission,
    counted,
    words_of,
)

_SHOWN = 8


def choose_question(
    reading: Findings, asked: str | None, kind: str | None = None
) -> Question:
    """Choose a question.

    `kind` is that of the answers that are wanted, where that leaves one question.

    Raises:
        ValueError: there is no such question, its type is not supported, or there are
            several and none was named; lists them.
    """
    origin, found = reading.place.origin, reading.questions
    if asked is not None and asked not in found:
        raise ValueError(
            f"`--question` must be one of {_listed(found.values())}, got {asked!r}."
        )
    if not found:
        raise ValueError(
            f"{origin}: must hold answers, got {len(reading.submissions)} submissions "
            "without any."
        )
    offered = list(found.values()) if asked is None else [found[asked]]
    able = [question for question in offered if question.kind is not None]
    wanted = [question for question in able if question.kind == kind]
    if len(wanted) == 1:
        return wanted[0]
    if len(able) > 1:
        raise ValueError(
            f"{origin}: must hold one {reading.tool.word}, got {len(found)}: "
            f"{_listed(found.values())}. Import one of them: --question "
            f"{_quoted(able[0].name)}."
        )
    unable = [question for question in offered if question.kind is None]
    if unable:
        said = ", ".join(
            f"{reading.tool.word} {q.name!r} has type {q.type}" for q in unable[:_SHOWN]
        )
        supported = ", ".join(reading.tool.supported or reading.tool.kinds)
        rest = (
            f" Import the other alone: --question {_quoted(able[0].name)}."
            if able
            else ""
        )
        raise ValueError(
            f"{origin}: {said}, which is not supported; supported are {supported}."
            f"{rest}"
        )
    return able[0]


def _listed(questions: Iterable[Question]) -> str:
    listed = [f"{q.name!r} ({q.type})" for q in questions]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


_JOIN = " + "
_USED = ("kind", "rename", "salt", "is_pseudonymous")
_OPTIONS = {"columns": "column", "seconds_per_unit": "time-unit-s"}
# Fewer answers than this may all differ by chance, and be labels still.
_FEW = 20
_FREE_SHARE = 0.8

_Row = dict[str, Any]


def gather(reading: Findings, layout: Layout, asked: str | None = None) -> Answers:
    """Bring the answers to one question into the form of `FIELDS`.

    A set of several labels is one option, in one spelling whatever their order. What a
    submission leaves open is no skip: it marks no part in a question of marks, and is
    left out in others.

    Raises:
        ValueError: as `choose_question` and `clean`, and where the layout speaks of
            columns that an export names itself.
    """
    _check_layout(layout)
    question = choose_question(reading, asked, layout.kind)
    found = [
        (given, _answer(given, question))
        for given in reading.submissions
        if given.is_skipped or reading.tool.is_by_task or question.name in given.answers
    ]
    kept = [(given, answer) for given, answer in found if answer != ()]
    num_open = len(found) - len(kept)
    if not any(kept_answer for _, kept_answer in kept):
        raise ValueError(
            f"{reading.place.origin}: must hold answers, got {len(kept)} skips and "
            f"{num_open} submissions without an answer to {question.name!r}."
        )
    rows = [_row(given, answer, question, reading) for given, answer in kept]
    num_shared = sum(
        row["seconds"] is None and given.seconds is not None
        for row, (given, _) in zip(rows, kept, strict=True)
    )
    names = {name: reading.tool.fields.get(name, name) for name in rows[0]}
    meant = replace(layout, columns=names, kind=question.kind, seconds_per=ANSWER)
    tasks = reading.place.tasks
    place = replace(reading.place, tasks=[tasks[given.number] for given, _ in kept])
    columns = {n: _column([row[field] for row in rows]) for field, n in names.items()}
    cleaned = clean(pa.table(columns), meant, place)
    counts = {
        f"submissions hold no answer to {question.name!r} and are left out: nobody "
        "said that they are skips.": num_open,
        "times are left out: each is of several questions together.": num_shared,
    }
    notes = (
        *reading.notes,
        *counted(counts),
        *_notes_on_labels([labels for _, labels in kept if labels], question),
        *cleaned.notes,
    )
    origin = reading.place.origin
    if len(reading.questions) > 1:
        origin = f"{origin}, {reading.tool.word} {question.name!r}"
    return Answers(cleaned.table, origin, notes)


def _check_layout(layout: Layout) -> None:
    """Refuse whatever a layout says of columns: an option that does nothing."""
    for each in fields(Layout):
        is_said = getattr(layout, each.name) != getattr(PLAIN, each.name)
        if each.name in _USED or not is_said:
            continue
        option = _OPTIONS.get(each.name, each.name.replace("_", "-"))
        raise ValueError(
            f"`--{option}` must be left out: the export of a tool says itself what its "
            "parts mean."
        )


def _answer(given: Submission, question: Question) -> Labels | None:
    """Return the labels, None for a skip, () for what was left open."""
    if given.is_skipped:
        return None
    answer = given.answers.get(question.name, ())
    return (NOTHING,) if answer == () and question.kind == MARKS else answer


def _row(
    given: Submission, answer: Labels | None, question: Question, reading: Findings
) -> _Row:
    item = reading.items[given.number]
    gold = reading.gold.get((item, question.name))
    is_shared = reading.tool.is_by_task and len(given.answers) > 1
    row: _Row = {
        "annotator": given.annotator,
        "item": item,
        "answer": None if answer is None else _joined(answer),
        "gold": None if gold is None else _joined(gold),
        "started": given.started,
        "seconds": None if is_shared and not given.is_skipped else given.seconds,
    }
    if question.kind == MARKS:
        row["parts"] = len(words_of(reading.text(given.number)))
    return row


def _joined(labels: Labels) -> str:
    return _JOIN.join(sorted(set(labels)))


def _column(values: list[Any]) -> pa.Array:
    """Numbers where all are, texts where one is not: moments come as either."""
    if all(isinstance(value, int | float | None) for value in values):
        return pa.array([_as_float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values])


def _as_float(value: float | None) -> float | None:
    """Return a number of JSON, which has no largest one, as a float."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return math.inf


def _notes_on_labels(answers: Sequence[Labels], question: Question) -> list[str]:
    if question.kind != LABEL:
        return []
    several = [labels for labels in answers if len(set(labels)) > 1]
    notes = []
    if several:
        notes.append(
            f"{question.name!r} takes several labels at once: {len(several)} of "
            f"{len(answers)} answers do, such as {_joined(several[0])!r}. Each set of "
            "labels counts as one option, in whatever order it was chosen; nothing is "
            "said of single labels."
        )
    num_kinds = len({_joined(labels) for labels in answers})
    if len(answers) >= _FEW and num_kinds > _FREE_SHARE * len(answers):
        notes.append(
            f"{len(answers)} answers to {question.name!r} are {num_kinds} different "
            "ones: this looks like free text, not like labels."
        )
    return notes
