"""Import the JSON export of Label Studio: choices, ratings, comparisons, text spans.

Covered are exports (JSON, also one task a line) of versions 1.0 and later; controls
that ask of the whole task, and `labels` of a text that the task holds itself. Every
control (`from_name`) is a question of its own. `lead_time` is the time of an answer
where the annotation has one control; where it has several nobody knows what each took.
Skips are what was skipped (`was_cancelled`). Drafts are left out. An annotation that is
marked as ground truth gives the gold; it stays its author's answer too, unless its
author did nothing but mark ground truth of tasks that others answered.

References:
    HumanSignal/label-studio, documentation of the JSON export and of the tags; pull
    request 6406: drafts counted twice in lead_time.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, PREFERENCE, RATING, Answers
from hitl_sim.participants.format.document import Entry, read_entries
from hitl_sim.participants.format.gather import gather
from hitl_sim.participants.format.mark import (
    longest_text,
    marked_words,
    note_on_names,
    span_in,
)
from hitl_sim.participants.format.reading import (
    Labels,
    Question,
    Reading,
    Submission,
    TaskPlace,
    as_label,
    as_person,
    name_items,
    note_on_drafts,
)
from hitl_sim.participants.format.registry import Format
from hitl_sim.participants.table_file import Layout

_SIDES = {"left": "first", "right": "second", "both": "tie", "none": "tie"}
_KINDS = {"choices": LABEL, "rating": RATING, "pairwise": PREFERENCE, "labels": MARKS}
_REGION = frozenset({"start", "startOffset", "ranges", "x", "points"})
_FIELDS = {"annotator": "completed_by", "started": "created_at", "seconds": "lead_time"}
_Row = dict[str, Any]


def read_label_studio(
    path: Path,
    layout: Layout = Layout(),  # noqa: B008
    objects: tuple[str, str] | None = None,
    question: str | None = None,
) -> Answers:
    """Import a JSON export.

    Args:
        path: the export, a list of tasks with their annotations.
        layout: of it `kind`, `rename`, `salt` and `is_pseudonymous` count.
        objects: fields of a task's data that name the left and the right object of a
            comparison; without them nobody knows which objects meet again.
        question: name of the control, where tasks have several.

    Returns:
        The answers, items being task ids.

    Raises:
        ValueError: no JSON, no list of tasks, or a task that is not as exported; names
            the task's id and the field.
    """
    return _read(read_entries(path), str(path), layout, question, objects)


def _recognise(value: Mapping[str, Any], layout: Layout) -> bool:
    del layout
    found = value.get("annotations")
    if not isinstance(found, list) or "images" in value:
        return False
    return "data" in value or any("result" in each for each in _objects(found))


def _read(
    entries: Sequence[Entry],
    origin: str,
    layout: Layout,
    question: str | None,
    objects: tuple[str, str] | None = None,
) -> Answers:
    ids = [entry.value.get("id") for entry in entries]
    items, place, notes = name_items(entries, ids, origin)
    _check_once(items, place)
    export = _Export(place)
    for number, entry in enumerate(entries):
        export.add(number, items[number], entry.value, objects)
    if not export.num_annotations:
        raise ValueError(
            f"{origin}: must hold annotations, got {len(entries)} tasks bare."
        )
    answers, said = _without_references(export.read)
    reading = Reading(
        place=place,
        word="control",
        questions=export.controls,
        supported=tuple(_KINDS),
        submissions=answers,
        fields=_FIELDS,
        gold=export.gold,
        notes=(*notes, *said, *export.notes()),
    )
    return gather(reading, layout, question)


FORMAT = Format("Label Studio (JSON)", _recognise, _read)


def _objects(values: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    return (value for value in values if isinstance(value, dict))


def _check_once(items: Sequence[str], place: TaskPlace) -> None:
    """Refuse two tasks of one id: their answers would be taken for second looks."""
    seen: dict[str, int] = {}
    for number, item in enumerate(items):
        if item in seen:
            must = f"of one task, not of {place.where(seen[item])} too"
            raise place.refuse(number, "id", must, item)
        seen[item] = number


@dataclass
class _Export:
    """What the tasks of an export hold, task by task.

    Attributes:
        place: of messages.
        controls: by name.
        read: submissions, and whether each is marked as ground truth.
        gold: by item and control.
    """

    place: TaskPlace
    controls: dict[str, Question] = field(default_factory=dict)
    read: list[tuple[Submission, bool]] = field(default_factory=list)
    gold: dict[tuple[str, str], Labels] = field(default_factory=dict)
    span_names: set[str] = field(default_factory=set)
    num_annotations: int = 0
    num_drafts: int = 0
    num_redrafted: int = 0

    def add(
        self, number: int, item: str, task: _Row, objects: tuple[str, str] | None
    ) -> None:
        """Read a task."""
        annotations = self._annotations(task, number)
        self.num_annotations += len(annotations)
        self.num_drafts += len(task.get("drafts") or [])
        pair = _pair(task, objects, number, self.place)
        text = longest_text(task.get("data") or {})
        for annotation in annotations:
            self.num_redrafted += annotation.get("draft_created_at") is not None
            is_skipped = bool(annotation.get("was_cancelled"))
            found = self._answers(annotation, text, number)
            is_gold = bool(annotation.get("ground_truth")) and not is_skipped
            if is_gold:
                self._add_gold(found, item, number)
            given = Submission(
                entry=number,
                item=item,
                annotator=self._annotator(annotation, number),
                answers=found,
                is_skipped=is_skipped,
                started=annotation.get("created_at"),
                seconds=self._seconds(annotation, number),
                text=text,
                objects=pair,
            )
            self.read.append((given, is_gold))

    def notes(self) -> list[str]:
        """Note drafts, where there are any, and labels of spans."""
        notes = note_on_drafts(self.num_drafts)
        if self.num_redrafted:
            notes.append(
                f"{self.num_redrafted} annotations grew out of drafts; Label Studio "
                "before its change 6406 counted the time of drafts twice."
            )
        return notes + note_on_names(self.span_names)

    def _annotations(self, task: _Row, number: int) -> list[_Row]:
        found = task.get("annotations")
        if not isinstance(found, list):
            must = "a list (export as JSON, not JSON-MIN)"
            raise self.place.refuse(number, "annotations", must, found)
        for annotation in found:
            if not isinstance(annotation, dict):
                raise self.place.refuse(number, "annotations", "objects", annotation)
        for name, kind, must in (
            ("data", dict, "an object"),
            ("drafts", list, "a list"),
        ):
            if not isinstance(task.get(name) or kind(), kind):
                raise self.place.refuse(number, name, must, task[name])
        return found

    def _annotator(self, annotation: _Row, number: int) -> str:
        who = annotation.get("completed_by")
        if isinstance(who, dict):
            who = who.get("id", who.get("email"))
        return as_person(who, number, "completed_by", self.place)

    def _seconds(self, annotation: _Row, number: int) -> float | None:
        seconds = annotation.get("lead_time")
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if seconds is not None and not is_number:
            must = "a number of seconds"
            raise self.place.refuse(number, "lead_time", must, seconds)
        return seconds

    def _add_gold(self, found: Mapping[str, Labels], item: str, number: int) -> None:
        """Take a ground truth; a task can have but one."""
        for name, labels in found.items():
            before = self.gold.setdefault((item, name), labels) if labels else ()
            if set(before) != set(labels):
                must = f"{' + '.join(before)!r} as in the task's other ground truth"
                got = " + ".join(labels)
                raise self.place.refuse(number, "ground_truth", must, got)

    def _answers(self, annotation: _Row, text: str, number: int) -> dict[str, Labels]:
        """Return what an annotation says, by control."""
        answers: dict[str, Labels] = {}
        spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for result in self._results(annotation, number):
            kind, value = _type_of(result), result.get("value") or {}
            name = str(result.get("from_name", kind))
            control = self._control(name, kind, number)
            try:
                if control.kind == MARKS:
                    spans[name].append(span_in(text, value["start"], value["end"]))
                    self.span_names |= set(map(str, value.get(kind) or ()))
                    continue
                labels = _labels(kind, value) if control.kind is not None else ()
            except (KeyError, TypeError, ValueError) as error:
                must = f"as {kind} are exported (lacks or misuses {error})"
                raise self.place.refuse(number, "value", must, value) from None
            if name in answers and control.kind is not None:
                must = f"answered once by {name!r}, not for each region"
                raise self.place.refuse(number, "from_name", must, name)
            answers[name] = labels
        marked = {name: (marked_words(text, found),) for name, found in spans.items()}
        return answers | marked

    def _control(self, name: str, kind: str, number: int) -> Question:
        control = self.controls.setdefault(name, Question(name, kind, _KINDS.get(kind)))
        if control.type != kind:
            must = f"{control.type!r} as {name!r} has in other tasks"
            raise self.place.refuse(number, "type", must, kind)
        return control

    def _results(self, annotation: _Row, number: int) -> list[_Row]:
        results = annotation.get("result") or []
        if not isinstance(results, list):
            raise self.place.refuse(number, "result", "a list", results)
        for result in results:
            if not isinstance(result, dict):
                raise self.place.refuse(number, "result", "a list of objects", result)
            is_relation = result.get("type") == "relation"
            if not is_relation and not isinstance(result.get("value"), dict):
                must, got = "an object", result.get("value")
                raise self.place.refuse(number, "value", must, got)
        return results


def _type_of(result: Mapping[str, Any]) -> str:
    """Return a control's type, and what it is asked of where that is not the task."""
    kind, value = str(result.get("type")), result.get("value")
    if not isinstance(value, dict):
        return kind
    if kind == "labels" and ("channel" in value or "original_length" in result):
        return "labels of audio"
    if kind in ("choices", "rating") and _REGION & set(value):
        return f"{kind} of a region"
    return kind


def _labels(kind: str, value: Mapping[str, Any]) -> Labels:
    if kind == "rating":
        return (as_label(value["rating"]),)
    if kind == "pairwise":
        return (_SIDES[value["selected"]],)
    chosen = value["choices"]
    if not isinstance(chosen, list):  # a text is no list of its letters
        raise TypeError("choices")
    return tuple(map(as_label, chosen))


def _pair(
    task: _Row, objects: tuple[str, str] | None, number: int, place: TaskPlace
) -> tuple[str | None, str | None]:
    if objects is None:
        return None, None
    data: Mapping[str, Any] = task.get("data") or {}
    for name in objects:
        if name not in data:
            raise place.refuse(number, name, "in the data of the task", list(data))
    return str(data[objects[0]]), str(data[objects[1]])


def _without_references(
    read: Sequence[tuple[Submission, bool]],
) -> tuple[list[Submission], list[str]]:
    """Leave out people who only wrote the gold of tasks that others answered."""
    answered = {given.item for given, is_gold in read if not is_gold}
    own = {
        given.annotator
        for given, is_gold in read
        if not is_gold or given.item not in answered
    }
    kept = [given for given, _ in read if given.annotator in own]
    references = {given.annotator for given, _ in read} - own
    num_starred = sum(is_gold and given.annotator in own for given, is_gold in read)
    notes = []
    if references:
        who = "1 person" if len(references) == 1 else f"{len(references)} people"
        notes.append(
            f"{who} gave nothing but ground truth ({len(read) - len(kept)} "
            "annotations): it is the gold, and does not count among the answers."
        )
    if num_starred:
        notes.append(
            f"{num_starred} answers are marked as ground truth: they stay their "
            "authors' answers, and as the gold they make these right by definition."
        )
    return kept, notes
