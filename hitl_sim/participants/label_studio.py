"""Import the JSON export of Label Studio: choices, ratings, comparisons, text spans.

Every annotation gives a row per control (`from_name`). Its `lead_time` is the time of
the row where it has one control; where it has several nobody knows what each took.
Skipped tasks (`was_cancelled`) are rows without an answer. Drafts are left out. The
annotation that is marked as ground truth gives the gold.

References:
    HumanSignal/label-studio, documentation of the JSON export; issue 6406: drafts
    counted twice in lead_time.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from hitl_sim.participants.answers import (
    LABEL,
    MARKS,
    NOTHING,
    PREFERENCE,
    RATING,
    Answers,
)
from hitl_sim.participants.clean import clean
from hitl_sim.participants.column import Place
from hitl_sim.participants.table_file import Layout

_SIDES = {"left": "first", "right": "second", "both": "tie", "none": "tie"}
_SPANS = ("labels", "hypertextlabels", "paragraphlabels")

Row = dict[str, Any]


def read_label_studio(
    path: Path,
    layout: Layout = Layout(),  # noqa: B008
    objects: tuple[str, str] | None = None,
) -> Answers:
    """Import a JSON export.

    Args:
        path: the export, a list of tasks with their annotations.
        layout: of it `rename`, `salt` and `is_pseudonymous` count.
        objects: fields of a task's data that name the left and the right object of a
            comparison; without them nobody knows which objects meet again.

    Returns:
        The answers, items being task ids.

    Raises:
        ValueError: no JSON, no list of tasks, or a task that is not as exported; names
            the task as row, and the field as column.
    """
    place = Place(str(path))
    tasks = _load(path)
    rows: list[Row] = []
    num_drafts = num_redrafted = 0
    for number, task in enumerate(tasks):
        annotations = _annotations(task, number, place)
        num_drafts += len(task.get("drafts") or [])
        num_redrafted += sum("draft_created_at" in a for a in annotations)
        rows += _task_rows(task, annotations, number, place, objects)
    if not rows:
        raise ValueError(f"{path}: must hold annotations, got {len(tasks)} tasks bare.")
    table = pa.table({name: [row.get(name) for row in rows] for name in _COLUMNS})
    meant = Layout(
        rename=layout.rename,
        salt=layout.salt,
        is_pseudonymous=layout.is_pseudonymous,
    )
    cleaned = clean(table, meant, place)
    return Answers(
        cleaned.table,
        cleaned.origin,
        (*cleaned.notes, *_draft_notes(num_drafts, num_redrafted)),
    )


_COLUMNS = (
    "annotator",
    "item",
    "kind",
    "answer",
    "gold",
    "started",
    "seconds",
    "parts",
    "first_object",
    "second_object",
)


def _load(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        tasks = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: must be text in UTF-8, got byte 0x{error.object[error.start]:02x}"
            f" at place {error.start}. Save the file as UTF-8."
        ) from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path}, line {error.lineno}, column {error.colno}: must be JSON, got "
            f"{error.msg}."
        ) from None
    except RecursionError:
        raise ValueError(
            f"{path}: must be a list of tasks, got lists within lists too deep to read."
        ) from None
    except OSError as error:
        raise ValueError(f"{path}: must be readable: {error}.") from None
    if not isinstance(tasks, list) or not tasks:
        got = "an empty list" if tasks == [] else type(tasks).__name__
        raise ValueError(
            f"{path}: must be a list of tasks with annotations, got {got}."
        )
    return tasks


def _annotations(task: Any, number: int, place: Place) -> list[Any]:
    if not isinstance(task, dict):
        raise place.refuse(number, "task", "an object", task)
    found = task.get("annotations")
    if not isinstance(found, list):
        must = "a list (export as JSON, not JSON-MIN)"
        raise place.refuse(number, "annotations", must, found)
    for annotation in found:
        if not isinstance(annotation, dict):
            raise place.refuse(number, "annotations", "objects", annotation)
    for field, kind, must in (("data", dict, "an object"), ("drafts", list, "a list")):
        if not isinstance(task.get(field) or kind(), kind):
            raise place.refuse(number, field, must, task[field])
    return found


def _task_rows(
    task: Row,
    annotations: list[Any],
    number: int,
    place: Place,
    objects: tuple[str, str] | None,
) -> list[Row]:
    if task.get("id") is None:
        raise place.refuse(number, "id", "filled", None)
    read = [(a, list(_read(a, task, number, place))) for a in annotations]
    controls = {name for _, found in read for name, _, _ in found}
    gold = _golds(read, number, place)
    pair = _objects(task, objects, number, place)
    rows = []
    for annotation, found in read:
        if annotation.get("ground_truth"):
            continue
        shared = _who_and_when(annotation, number, place)
        is_skip = bool(annotation.get("was_cancelled"))
        if is_skip or not found:
            rows.append(
                {**shared, "item": _item(task, "", controls), "kind": LABEL}
                | {"answer": None}
            )
            continue
        if len(found) > 1:
            shared["seconds"] = None
        for name, kind, answer in found:
            row = {**shared, "item": _item(task, name, controls), "kind": kind}
            row |= {"answer": answer, "gold": gold.get(name)}
            if kind == MARKS:
                row["parts"] = len(_words(_text_of(task)))
            if kind == PREFERENCE:
                row["first_object"], row["second_object"] = pair
            rows.append(row)
    return rows


def _golds(
    read: list[tuple[Row, list[tuple[str, str, str]]]], number: int, place: Place
) -> dict[str, str]:
    """Return the gold of every control; a task can have but one."""
    gold: dict[str, str] = {}
    for annotation, found in read:
        if not annotation.get("ground_truth"):
            continue
        for name, _, answer in found:
            if gold.setdefault(name, answer) != answer:
                must = f"{gold[name]!r} as in the task's other ground truth"
                raise place.refuse(number, "ground_truth", must, answer)
    return gold


def _item(task: Row, control: str, controls: set[str]) -> str:
    several = len(controls) > 1 and control
    return f"{task['id']}:{control}" if several else str(task["id"])


def _who_and_when(annotation: Row, number: int, place: Place) -> Row:
    who = annotation.get("completed_by")
    if isinstance(who, dict):
        who = who.get("id", who.get("email"))
    if who is None:
        raise place.refuse(number, "completed_by", "a person", who)
    seconds = annotation.get("lead_time")
    if seconds is not None and not isinstance(seconds, int | float):
        raise place.refuse(number, "lead_time", "a number of seconds", seconds)
    return {
        "annotator": str(who),
        "started": annotation.get("created_at"),
        "seconds": seconds,
    }


def _read(
    annotation: Row, task: Row, number: int, place: Place
) -> Iterator[tuple[str, str, str]]:
    """Yield control, kind and answer of an annotation."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for result in _results(annotation, number, place):
        kind, value = result.get("type"), result.get("value")
        name = str(result.get("from_name", kind))
        if not isinstance(value, dict):
            raise place.refuse(number, "value", "an object", value)
        try:
            if kind == "choices":
                yield name, LABEL, " + ".join(_choices(value["choices"]))
            elif kind == "rating":
                yield name, RATING, str(value["rating"])
            elif kind == "pairwise":
                yield name, PREFERENCE, _SIDES[value["selected"]]
            elif kind in _SPANS:
                ends = int(value["start"]), int(value["end"])
                spans.setdefault(name, []).append(ends)
        except (KeyError, TypeError, ValueError) as error:
            must = f"as {kind} are exported (lacks or misuses {error})"
            raise place.refuse(number, "value", must, value) from None
    for name, found in spans.items():
        yield name, MARKS, _marked(_text_of(task), found)


def _results(annotation: Row, number: int, place: Place) -> list[Row]:
    results = annotation.get("result") or []
    if not isinstance(results, list):
        raise place.refuse(number, "result", "a list", results)
    for result in results:
        if not isinstance(result, dict):
            raise place.refuse(number, "result", "a list of objects", result)
    return results


def _choices(value: Any) -> list[str]:
    """Return what was chosen, sorted; a text is no list of its letters."""
    if not isinstance(value, list):
        raise TypeError("choices")
    return sorted(map(str, value))


def _text_of(task: Row) -> str:
    """Return the longest text of a task: the one that spans are marked in."""
    texts = [v for v in (task.get("data") or {}).values() if isinstance(v, str)]
    return max(texts, key=len, default="")


def _words(text: str) -> list[tuple[int, int]]:
    """Return where every word of a text starts and ends."""
    edges = [0, *(i + 1 for i, c in enumerate(text) if c.isspace()), len(text) + 1]
    return [(a, b - 1) for a, b in pairwise(edges) if b - 1 > a]


def _marked(text: str, spans: list[tuple[int, int]]) -> str:
    marked = [
        str(place)
        for place, (start, end) in enumerate(_words(text))
        if any(start < stop and begin < end for begin, stop in spans)
    ]
    return " ".join(marked) or NOTHING


def _objects(
    task: Row, objects: tuple[str, str] | None, number: int, place: Place
) -> tuple[str | None, str | None]:
    if objects is None:
        return None, None
    data: Mapping[str, Any] = task.get("data") or {}
    for name in objects:
        if name not in data:
            raise place.refuse(number, name, "in the data of the task", list(data))
    return str(data[objects[0]]), str(data[objects[1]])


def _draft_notes(num_drafts: int, num_redrafted: int) -> list[str]:
    notes = []
    if num_drafts:
        notes.append(f"{num_drafts} drafts were left out: nobody submitted them.")
    if num_redrafted:
        notes.append(
            f"{num_redrafted} annotations grew out of drafts; Label Studio before its "
            "issue 6406 counted the time of drafts twice."
        )
    return notes
