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
from hitl_sim.participants.format.task import Findings, Span, Submission, Tool

_NAMES, _SPANS = "labels", "spans"
_LABELS = ("label", "labels", "cats", "entities")
_UNABLE = ("bbox", "segmentation", "relations")
_SHARED = "all"
_EMPTY = (
    "empty lists of labels are left out: Doccano does not say whether anybody looked."
)


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


def _read(found: Findings) -> Iterator[Submission]:
    for number, task in enumerate(found.tasks):
        parts = list(_parts(number, task.value, found))
        found.counts[_EMPTY] += not parts
        for person, lists in parts:
            answers = {}
            for name, labels in lists.items():
                found.check(number, name, labels, list, "a list of labels")
                if labels:
                    type_ = _type(name, labels)
                    answers[name] = found.labels(number, name, type_, labels, _span)
                else:
                    found.counts[_EMPTY] += 1
            if answers and person is None and task.file == _SHARED:
                raise ValueError(
                    f"{found.place.origin}: must say who gave each label, got a file "
                    "'all' of a project with shared annotation, in which nobody knows. "
                    "Export a project without it: one file for each annotator."
                )
            if answers:
                yield Submission(number, person, answers)


def _parts(
    number: int, value: Mapping[str, Any], found: Findings
) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield who answered, and the lists of labels by question."""
    annotations = value.get("annotations")
    if not isinstance(annotations, list):
        who = value.get("user", value.get("username"))
        if who is not None:
            who = found.person(number, "user", who)
        there = [name for name in (*_LABELS, *_UNABLE) if name in value]
        yield who, {name: value[name] for name in there}
        return
    by_user: dict[str, list[Any]] = defaultdict(list)
    for each in annotations:
        if not isinstance(each, dict) or each.get("user") is None:
            must = "a list of labels with user"
            raise found.place.refuse(number, "annotations", must, each)
        who = found.person(number, "user", each["user"])
        by_user[who].append(each if "start_offset" in each else each.get("label"))
    for person, labels in by_user.items():
        yield person, {"label": labels}


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


FORMAT = Tool(
    "Doccano (JSONL)",
    _recognise,
    _read,
    word="field",
    kinds={_NAMES: LABEL, _SPANS: MARKS},
    fields={"annotator": "user", "item": "id", "answer": "label"},
    id_of=lambda value: value.get("id"),
    text_of=lambda value: str(value.get("text") or value.get("data") or ""),
    is_by_task=False,
)
