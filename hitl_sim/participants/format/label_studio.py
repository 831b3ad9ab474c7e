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
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, PREFERENCE, RATING
from hitl_sim.participants.format.task import (
    DRAFTS,
    Findings,
    Labels,
    Submission,
    Tool,
    as_label,
    longest_text,
    marked_words,
    span_in,
)

_SIDES = {"left": "first", "right": "second", "both": "tie", "none": "tie"}
_REGION = frozenset({"start", "startOffset", "ranges", "x", "points"})
_REDRAFTED = (
    "annotations grew out of drafts; Label Studio before its change 6406 counted the "
    "time of drafts twice."
)
_STARRED = (
    "answers are marked as ground truth: they stay their authors' answers, and as the "
    "gold they make these right by definition."
)
_Row = dict[str, Any]


def _recognise(value: Mapping[str, Any]) -> bool:
    found = value.get("annotations")
    if not isinstance(found, list) or "images" in value:
        return False
    return "data" in value or any(
        isinstance(each, dict) and "result" in each for each in found
    )


def _read(found: Findings) -> list[Submission]:
    seen: dict[str, int] = {}
    for number, item in enumerate(found.items):
        if item in seen:  # their answers would be taken for second looks
            must = f"of one task, not of {found.place.where(seen[item])} too"
            raise found.place.refuse(number, "id", must, item)
        seen[item] = number
    read = [
        given
        for number, task in enumerate(found.tasks)
        for given in _annotations(number, task.value, found)
    ]
    if not read:
        raise ValueError(
            f"{found.place.origin}: must hold annotations, got {len(found.tasks)} "
            "tasks bare."
        )
    return _without_references(read, found)


def _annotations(
    number: int, task: _Row, found: Findings
) -> Iterator[tuple[Submission, bool]]:
    """Yield what people handed in, and whether it is marked as ground truth."""
    must = "a list (export as JSON, not JSON-MIN)"
    given = found.check(number, "annotations", task.get("annotations"), list, must)
    for annotation in given:
        found.check(number, "annotations", annotation, dict, "objects")
    found.check(number, "data", task.get("data") or {}, dict, "an object")
    drafts = found.check(number, "drafts", task.get("drafts") or [], list, "a list")
    found.counts[DRAFTS] += len(drafts)
    for annotation in given:
        found.counts[_REDRAFTED] += annotation.get("draft_created_at") is not None
        is_skipped = bool(annotation.get("was_cancelled"))
        is_gold = bool(annotation.get("ground_truth")) and not is_skipped
        answers = _answers(number, annotation, found)
        if is_gold:
            _add_gold(number, answers, found)
        who = annotation.get("completed_by")
        if isinstance(who, dict):
            who = who.get("id", who.get("email"))
        seconds, must = annotation.get("lead_time"), "a number of seconds"
        submission = Submission(
            number,
            found.person(number, "completed_by", who),
            answers,
            is_skipped,
            annotation.get("created_at"),
            found.check(number, "lead_time", seconds, int | float | None, must),
        )
        yield submission, is_gold


def _add_gold(number: int, answers: Mapping[str, Labels], found: Findings) -> None:
    """Take a ground truth; a task can have but one."""
    for name, labels in answers.items():
        item = found.items[number]
        known = found.gold.setdefault((item, name), labels) if labels else ()
        if set(known) != set(labels):
            must = f"{' + '.join(known)!r} as in the task's other ground truth"
            raise found.place.refuse(number, "ground_truth", must, " + ".join(labels))


def _answers(number: int, annotation: _Row, found: Findings) -> dict[str, Labels]:
    """Return what an annotation says, by control."""
    answers: dict[str, Labels] = {}
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    text = found.text(number)
    for result in _results(number, annotation, found):
        kind, value = _type_of(result), result.get("value") or {}
        name = str(result.get("from_name", kind))
        control = found.question(number, "type", name, kind)
        try:
            if control.kind == MARKS:
                spans[name].append(span_in(text, value["start"], value["end"]))
                found.span_names |= set(map(str, value.get(kind) or ()))
                continue
            labels = _labels(kind, value) if control.kind is not None else ()
        except (KeyError, TypeError, ValueError) as error:
            must = f"as {kind} are exported (lacks or misuses {error})"
            raise found.place.refuse(number, "value", must, value) from None
        if name in answers and control.kind is not None:
            must = f"answered once by {name!r}, not for each region"
            raise found.place.refuse(number, "from_name", must, name)
        answers[name] = labels
    return answers | {name: (marked_words(text, s),) for name, s in spans.items()}


def _results(number: int, annotation: _Row, found: Findings) -> list[_Row]:
    results: list[_Row] = annotation.get("result") or []
    found.check(number, "result", results, list, "a list")
    for result in results:
        found.check(number, "result", result, dict, "a list of objects")
        if result.get("type") != "relation":
            found.check(number, "value", result.get("value"), dict, "an object")
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
    read: Sequence[tuple[Submission, bool]], found: Findings
) -> list[Submission]:
    """Leave out people who only wrote the gold of tasks that others answered."""
    answered = {given.number for given, is_gold in read if not is_gold}
    own = {
        given.annotator
        for given, is_gold in read
        if not is_gold or given.number not in answered
    }
    kept = [given for given, _ in read if given.annotator in own]
    references = {given.annotator for given, _ in read} - own
    found.counts[_STARRED] = sum(s and given.annotator in own for given, s in read)
    if references:
        who = "1 person" if len(references) == 1 else f"{len(references)} people"
        found.notes.append(
            f"{who} gave nothing but ground truth ({len(read) - len(kept)} "
            "annotations): it is the gold, and does not count among the answers."
        )
    return kept


FORMAT = Tool(
    "Label Studio (JSON)",
    _recognise,
    _read,
    word="control",
    kinds={"choices": LABEL, "rating": RATING, "pairwise": PREFERENCE}
    | {"labels": MARKS},
    fields={"annotator": "completed_by", "started": "created_at"}
    | {"seconds": "lead_time"},
    id_of=lambda task: task.get("id"),
    text_of=lambda task: longest_text(task.get("data") or {}),
)
