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
from dataclasses import dataclass
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, PREFERENCE, RATING
from hitl_sim.participants.format.document import Entry
from hitl_sim.participants.format.gather import export_of_tasks
from hitl_sim.participants.format.reading import (
    Findings,
    Labels,
    Question,
    Submission,
    TaskPlace,
    as_label,
    as_person,
    longest_text,
    marked_words,
    note_on_drafts,
    span_in,
)

_SIDES = {"left": "first", "right": "second", "both": "tie", "none": "tie"}
_KINDS = {"choices": LABEL, "rating": RATING, "pairwise": PREFERENCE, "labels": MARKS}
_REGION = frozenset({"start", "startOffset", "ranges", "x", "points"})
_FIELDS = {"annotator": "completed_by", "started": "created_at", "seconds": "lead_time"}
_Row = dict[str, Any]


def _recognise(value: Mapping[str, Any]) -> bool:
    found = value.get("annotations")
    if not isinstance(found, list) or "images" in value:
        return False
    return "data" in value or any("result" in each for each in _objects(found))


def _read(tasks: Sequence[Entry], found: Findings) -> list[Submission]:
    _check_once(found.items, found.place)
    read: list[tuple[Submission, bool]] = []
    num_drafts, num_redrafted = 0, 0
    for number, entry in enumerate(tasks):
        task = _Task(number, found)
        annotations = task.annotations(entry.value)
        num_drafts += len(entry.value.get("drafts") or [])
        text = longest_text(entry.value.get("data") or {})
        for annotation in annotations:
            num_redrafted += annotation.get("draft_created_at") is not None
            read.append(task.submission(annotation, text))
    if not read:
        raise ValueError(
            f"{found.place.origin}: must hold annotations, got {len(tasks)} tasks bare."
        )
    submissions, said = _without_references(read)
    found.notes += [*said, *note_on_drafts(num_drafts)]
    if num_redrafted:
        found.notes.append(
            f"{num_redrafted} annotations grew out of drafts; Label Studio before its "
            "change 6406 counted the time of drafts twice."
        )
    return submissions


FORMAT = export_of_tasks(
    "Label Studio (JSON)",
    _recognise,
    _read,
    word="control",
    supported=tuple(_KINDS),
    fields=_FIELDS,
    id_of=lambda task: task.get("id"),
)


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


@dataclass(frozen=True)
class _Task:
    """Reads one task.

    Attributes:
        number: of the task, from 0.
        found: what the file's tasks hold.
    """

    number: int
    found: Findings

    def submission(self, annotation: _Row, text: str) -> tuple[Submission, bool]:
        """Read an annotation, and whether it is marked as ground truth."""
        is_skipped = bool(annotation.get("was_cancelled"))
        answers = self._answers(annotation, text)
        is_gold = bool(annotation.get("ground_truth")) and not is_skipped
        if is_gold:
            self._add_gold(answers)
        given = Submission(
            entry=self.number,
            item=self.found.items[self.number],
            annotator=self._annotator(annotation),
            answers=answers,
            is_skipped=is_skipped,
            started=annotation.get("created_at"),
            seconds=self._seconds(annotation),
            text=text,
        )
        return given, is_gold

    def _refuse(self, name: str, must: str, got: object) -> ValueError:
        return self.found.place.refuse(self.number, name, must, got)

    def annotations(self, task: _Row) -> list[_Row]:
        """Return the annotations of a task that is as exported."""
        found = task.get("annotations")
        if not isinstance(found, list):
            must = "a list (export as JSON, not JSON-MIN)"
            raise self._refuse("annotations", must, found)
        for annotation in found:
            if not isinstance(annotation, dict):
                raise self._refuse("annotations", "objects", annotation)
        for name, kind, must in (
            ("data", dict, "an object"),
            ("drafts", list, "a list"),
        ):
            if not isinstance(task.get(name) or kind(), kind):
                raise self._refuse(name, must, task[name])
        return found

    def _annotator(self, annotation: _Row) -> str:
        who = annotation.get("completed_by")
        if isinstance(who, dict):
            who = who.get("id", who.get("email"))
        return as_person(who, self.number, "completed_by", self.found.place)

    def _seconds(self, annotation: _Row) -> float | None:
        seconds = annotation.get("lead_time")
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if seconds is not None and not is_number:
            must = "a number of seconds"
            raise self._refuse("lead_time", must, seconds)
        return seconds

    def _add_gold(self, answers: Mapping[str, Labels]) -> None:
        """Take a ground truth; a task can have but one."""
        for name, labels in answers.items():
            item = self.found.items[self.number]
            known = self.found.gold.setdefault((item, name), labels) if labels else ()
            if set(known) != set(labels):
                must = f"{' + '.join(known)!r} as in the task's other ground truth"
                got = " + ".join(labels)
                raise self._refuse("ground_truth", must, got)

    def _answers(self, annotation: _Row, text: str) -> dict[str, Labels]:
        """Return what an annotation says, by control."""
        answers: dict[str, Labels] = {}
        spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for result in self._results(annotation):
            kind, value = _type_of(result), result.get("value") or {}
            name = str(result.get("from_name", kind))
            asked = Question(name, kind, _KINDS.get(kind))
            control = self.found.question(self.number, "type", asked)
            try:
                if control.kind == MARKS:
                    spans[name].append(span_in(text, value["start"], value["end"]))
                    self.found.span_names |= set(map(str, value.get(kind) or ()))
                    continue
                labels = _labels(kind, value) if control.kind is not None else ()
            except (KeyError, TypeError, ValueError) as error:
                must = f"as {kind} are exported (lacks or misuses {error})"
                raise self._refuse("value", must, value) from None
            if name in answers and control.kind is not None:
                must = f"answered once by {name!r}, not for each region"
                raise self._refuse("from_name", must, name)
            answers[name] = labels
        marked = {name: (marked_words(text, found),) for name, found in spans.items()}
        return answers | marked

    def _results(self, annotation: _Row) -> list[_Row]:
        results = annotation.get("result") or []
        if not isinstance(results, list):
            raise self._refuse("result", "a list", results)
        for result in results:
            if not isinstance(result, dict):
                raise self._refuse("result", "a list of objects", result)
            is_relation = result.get("type") == "relation"
            if not is_relation and not isinstance(result.get("value"), dict):
                must, got = "an object", result.get("value")
                raise self._refuse("value", must, got)
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
