"""Import Doccano's JSON Lines: labels of texts and images, marked spans.

Covered are the exports of versions 1.0 to 1.8: `label`, before it `labels`, a list of
names or of [start, end, name]; `cats` and `entities` of intent detection; relations'
`entities` with `start_offset`; `annotations` with `label` and `user` of 1.0. A project
without shared annotation exports an archive with one file for each member, called
after them; one with shared annotation writes `all.jsonl`, in which nobody knows who
gave which label. Nothing says how long an answer took, and an empty list says
neither that somebody skipped nor that anybody looked: it is left out, with a note.

References:
    doccano/doccano, backend/data_export (celery_tasks.py, pipeline/factories.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, Answers
from hitl_sim.participants.format.document import Entry
from hitl_sim.participants.format.gather import gather
from hitl_sim.participants.format.mark import marked_words, note_on_names, span_in
from hitl_sim.participants.format.reading import (
    Labels,
    Question,
    Reading,
    Submission,
    TaskPlace,
    as_label,
    as_person,
    name_items,
    person_of_file,
)
from hitl_sim.participants.format.registry import Format
from hitl_sim.participants.table_file import Layout

_NAMES, _SPANS = "labels", "spans"
_SUPPORTED = (_NAMES, _SPANS)
_LABELS = ("label", "labels", "cats", "entities")
_UNABLE = ("bbox", "segmentation", "relations")
_SHARED = "all"
_FIELDS = {"annotator": "user", "item": "id", "answer": "label"}


def _recognise(value: Mapping[str, Any], layout: Layout) -> bool:
    del layout
    is_about = bool({"text", "filename", "data"} & set(value))
    are_labels = any(_are_labels(value.get(name)) for name in (*_LABELS, *_UNABLE))
    return is_about and (are_labels or _is_old(value))


def _are_labels(value: Any) -> bool:
    """Whether a list holds what Doccano writes: names, triples or objects with ids."""
    return isinstance(value, list) and all(
        not isinstance(each, dict) or "id" in each for each in value
    )


def _is_old(value: Mapping[str, Any]) -> bool:
    """Whether an object is of version 1.0: annotations with label and user."""
    found = value.get("annotations")
    return isinstance(found, list) and any(
        isinstance(each, dict) and {"label", "user"} <= set(each) for each in found
    )


def _read(
    entries: Sequence[Entry], origin: str, layout: Layout, question: str | None
) -> Answers:
    ids = [entry.value.get("id") for entry in entries]
    items, place, notes = name_items(entries, ids, origin)
    file = _File(place)
    given: list[tuple[int, str | None, dict[str, Labels]]] = []
    for number, entry in enumerate(entries):
        given += [(number, *each) for each in file.answers(number, entry.value)]
    numbers = [number for number, _, _ in given]
    people, unnamed = person_of_file(
        [entries[number] for number in numbers], [who for _, who, _ in given]
    )
    _check_shared(entries, given, origin)
    submissions = [
        Submission(
            entry=number,
            item=items[number],
            annotator=person,
            answers=answers,
            text=_text(entries[number].value),
        )
        for (number, _, answers), person in zip(given, people, strict=True)
    ]
    reading = Reading(
        place=place,
        word="field",
        questions=file.questions,
        supported=_SUPPORTED,
        submissions=submissions,
        fields=_FIELDS,
        is_by_task=False,
        notes=(*notes, *unnamed, *file.notes()),
    )
    return gather(reading, layout, question)


FORMAT = Format("Doccano (JSONL)", _recognise, _read)


def _text(value: Mapping[str, Any]) -> str:
    return str(value.get("text") or value.get("data") or "")


def _check_shared(
    entries: Sequence[Entry],
    given: Sequence[tuple[int, str | None, dict[str, Labels]]],
    origin: str,
) -> None:
    if any(entries[n].file == _SHARED and who is None for n, who, _ in given):
        raise ValueError(
            f"{origin}: must say who gave each label, got a file 'all' of a project "
            "with shared annotation, in which nobody knows. Export a project without "
            "it: one file for each annotator."
        )


@dataclass
class _File:
    """What the lines of a file say, line by line."""

    place: TaskPlace
    questions: dict[str, Question] = field(default_factory=dict)
    span_names: set[str] = field(default_factory=set)
    num_empty: int = 0

    def answers(
        self, number: int, value: Mapping[str, Any]
    ) -> Iterator[tuple[str | None, dict[str, Labels]]]:
        """Yield who answered and what, by question."""
        if isinstance(value.get("annotations"), list):
            parts = self._by_user(number, value["annotations"])
        else:
            who = value.get("user", value.get("username"))
            there = [name for name in (*_LABELS, *_UNABLE) if name in value]
            if who is not None:
                who = as_person(who, number, "user", self.place)
            parts = [(who, {name: value[name] for name in there})]
        for person, lists in parts:
            found = {}
            for name, labels in lists.items():
                if not isinstance(labels, list):
                    raise self.place.refuse(number, name, "a list of labels", labels)
                if not labels:
                    self.num_empty += 1
                    continue
                found[name] = self._labels(number, name, labels, _text(value))
            if found:
                yield person, found

    def notes(self) -> list[str]:
        """Note what is empty, and labels of spans."""
        notes = []
        if self.num_empty:
            notes.append(
                f"{self.num_empty} empty lists of labels are left out: Doccano does "
                "not say whether anybody looked."
            )
        return notes + note_on_names(self.span_names)

    def _by_user(
        self, number: int, annotations: Sequence[Any]
    ) -> list[tuple[str | None, dict[str, list[Any]]]]:
        by_user: dict[str, list[Any]] = defaultdict(list)
        for each in annotations:
            if not isinstance(each, dict) or each.get("user") is None:
                must = "a list of labels with user"
                raise self.place.refuse(number, "annotations", must, each)
            is_span = "start_offset" in each
            who = as_person(each["user"], number, "user", self.place)
            by_user[who].append(each if is_span else each.get("label"))
        if not by_user:
            self.num_empty += 1
        return [(who, {"label": labels}) for who, labels in by_user.items()]

    def _labels(self, number: int, name: str, labels: list[Any], text: str) -> Labels:
        type_ = _type(name, labels)
        kind = {_NAMES: LABEL, _SPANS: MARKS}.get(type_)
        known = self.questions.setdefault(name, Question(name, type_, kind))
        if known.type != type_:
            raise self.place.refuse(number, name, f"{known.type} as before", labels)
        if kind is None:
            return ()
        if kind == LABEL:
            return tuple(map(as_label, labels))
        try:
            spans = [_span(text, each) for each in labels]
        except (KeyError, TypeError, ValueError):
            must = "a list of spans of the text: start, end and label"
            raise self.place.refuse(number, name, must, labels) from None
        self.span_names |= {label for _, _, label in spans}
        return (marked_words(text, [(start, end) for start, end, _ in spans]),)


def _type(name: str, labels: Sequence[Any]) -> str:
    if name in _UNABLE:
        return name
    if all(isinstance(label, str | int | float) for label in labels):
        return _NAMES
    return _SPANS


def _span(text: str, value: Any) -> tuple[int, int, str]:
    if isinstance(value, dict):
        start, end, label = value["start_offset"], value["end_offset"], value["label"]
    else:
        start, end, label = value
    return (*span_in(text, start, end), str(label))
