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
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS
from hitl_sim.participants.format.document import Entry
from hitl_sim.participants.format.gather import export_of_tasks
from hitl_sim.participants.format.reading import (
    Findings,
    Labels,
    Question,
    Span,
    Submission,
    as_label,
    as_person,
    person_of_file,
)

_NAMES, _SPANS = "labels", "spans"
_SUPPORTED = (_NAMES, _SPANS)
_LABELS = ("label", "labels", "cats", "entities")
_UNABLE = ("bbox", "segmentation", "relations")
_SHARED = "all"
_FIELDS = {"annotator": "user", "item": "id", "answer": "label"}


def _recognise(value: Mapping[str, Any]) -> bool:
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


def _read(entries: Sequence[Entry], found: Findings) -> list[Submission]:
    given: list[tuple[int, str | None, dict[str, Labels]]] = []
    num_empty = 0
    for number, entry in enumerate(entries):
        parts = list(_parts(number, entry.value, found))
        num_empty += not parts
        for person, lists in parts:
            answers = {}
            for name, labels in lists.items():
                if not isinstance(labels, list):
                    must = "a list of labels"
                    raise found.place.refuse(number, name, must, labels)
                if labels:
                    text = _text(entry.value)
                    answers[name] = _labels(number, name, labels, text, found)
                else:
                    num_empty += 1
            if answers:
                given.append((number, person, answers))
    if any(entries[n].file == _SHARED and who is None for n, who, _ in given):
        raise ValueError(
            f"{found.place.origin}: must say who gave each label, got a file 'all' of "
            "a project with shared annotation, in which nobody knows. Export a project "
            "without it: one file for each annotator."
        )
    people, unnamed = person_of_file(
        [entries[number] for number, _, _ in given], [who for _, who, _ in given]
    )
    found.notes += unnamed
    if num_empty:
        found.notes.append(
            f"{num_empty} empty lists of labels are left out: Doccano does not say "
            "whether anybody looked."
        )
    return [
        Submission(
            entry=number,
            item=found.items[number],
            annotator=person,
            answers=answers,
            text=_text(entries[number].value),
        )
        for (number, _, answers), person in zip(given, people, strict=True)
    ]


FORMAT = export_of_tasks(
    "Doccano (JSONL)",
    _recognise,
    _read,
    word="field",
    supported=_SUPPORTED,
    fields=_FIELDS,
    id_of=lambda value: value.get("id"),
    is_by_task=False,
)


def _text(value: Mapping[str, Any]) -> str:
    return str(value.get("text") or value.get("data") or "")


def _parts(
    number: int, value: Mapping[str, Any], found: Findings
) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield who answered, and the lists of labels by question."""
    annotations = value.get("annotations")
    if not isinstance(annotations, list):
        who = value.get("user", value.get("username"))
        if who is not None:
            who = as_person(who, number, "user", found.place)
        there = [name for name in (*_LABELS, *_UNABLE) if name in value]
        yield who, {name: value[name] for name in there}
        return
    by_user: dict[str, list[Any]] = defaultdict(list)
    for each in annotations:
        if not isinstance(each, dict) or each.get("user") is None:
            must = "a list of labels with user"
            raise found.place.refuse(number, "annotations", must, each)
        who = as_person(each["user"], number, "user", found.place)
        by_user[who].append(each if "start_offset" in each else each.get("label"))
    for person, labels in by_user.items():
        yield person, {"label": labels}


def _labels(
    number: int, name: str, labels: list[Any], text: str, found: Findings
) -> Labels:
    type_ = _type(name, labels)
    kind = {_NAMES: LABEL, _SPANS: MARKS}.get(type_)
    asked = found.question(number, name, Question(name, type_, kind))
    if asked.kind is None:
        return ()
    if asked.kind == MARKS:
        return found.marks(number, name, text, labels, _span)
    return tuple(map(as_label, labels))


def _type(name: str, labels: Sequence[Any]) -> str:
    if name in _UNABLE:
        return name
    if all(isinstance(label, str | int | float) for label in labels):
        return _NAMES
    return _SPANS


def _span(value: Any) -> Span:
    if isinstance(value, dict):
        return value["start_offset"], value["end_offset"], value["label"]
    start, end, label = value
    return start, end, label
