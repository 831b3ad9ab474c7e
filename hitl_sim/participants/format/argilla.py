"""Import Argilla's records: labels, ratings and spans, by person and with their status.

Covered are, of Argilla 2 (2.0 to 2.8), what `to_json`, `to_list`, `to_dict` (nested and
flattened) give; of Argilla 1 (feedback datasets, 1.8 to 1.29) the records of the SDK
and of the server, whose responses are a list by person, and the columns of its datasets
on the Hub. Every question is one of its own. Discarded responses are skips; drafts are
left out. Files name no type of a question: it is read from the values. The server's
records say when a response was made, nothing says how long it took.

References:
    argilla-io/argilla, argilla/src/argilla/records/_resource.py and _io/_generic.py;
    argilla-server, api/schemas/v1/responses.py (status).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, RATING
from hitl_sim.participants.format.document import Entry
from hitl_sim.participants.format.task import (
    DRAFTS,
    Findings,
    Labels,
    Span,
    Submission,
    Tool,
    longest_text,
)

_SUBMITTED, _DISCARDED = "submitted", "discarded"
_OPEN = ("draft", "pending")
_LABEL = "label_selection or text"
_FLAT = ".responses"
_UNKNOWN = (
    "responses have no status: drafts and discarded ones cannot be told from "
    "submitted ones, and count as these."
)

_Fields = Mapping[str, Any]


_Response = tuple[str, Any, Mapping[str, Any], Any]
"""What one person said of one record: who, the status, values by question, when."""


def _recognise(value: Mapping[str, Any]) -> bool:
    return any(map(_is_record, _records(value)))


def _is_record(value: _Fields) -> bool:
    responses = value.get("responses", ())
    is_whole = isinstance(responses, dict | list | None) and (
        {"responses", "fields"} <= set(value)
    )
    return is_whole or bool(_flat_names(value)) or bool(_hub_names(value))


def _flat_names(value: _Fields) -> list[str]:
    return [name.removesuffix(_FLAT) for name in value if name.endswith(_FLAT)]


def _hub_names(value: _Fields) -> list[str]:
    """Return questions that are columns: lists of responses, or lists of each part."""
    return [name for name, column in value.items() if _is_hub(column)]


def _is_hub(column: Any) -> bool:
    if isinstance(column, list):
        column = column[0] if column else None
    return isinstance(column, dict) and {"user_id", "value"} <= set(column)


def _records(value: Mapping[str, Any]) -> list[_Fields]:
    """Return the records of an object: itself, or those that it wraps."""
    parts, items = list(value.values()), value.get("items")
    if isinstance(value.get("id"), list):
        return _row_by_row(value) or []
    if "responses" not in value and isinstance(items, list):
        return [each for each in items if isinstance(each, dict)]
    if parts and all(isinstance(part, dict) and "responses" in part for part in parts):
        return parts
    return [value]


def _row_by_row(columns: _Fields) -> list[_Fields] | None:
    """Turn lists of one length into objects; None where they are none."""
    lengths = {len(c) if isinstance(c, list) else -1 for c in columns.values()}
    if len(lengths) > 1 or -1 in lengths:
        return None
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _unwrapped(entries: Sequence[Entry]) -> list[Entry]:
    wrapped = [(entry, _records(entry.value)) for entry in entries]
    return [
        Entry(dict(record), entry.number if len(records) == 1 else number, entry.file)
        for entry, records in wrapped
        for number, record in enumerate(records, start=1)
    ]


def _read(found: Findings) -> Iterator[Submission]:
    for number, entry in enumerate(found.tasks):
        record = entry.value
        responses = record.get("responses")
        is_by_person = isinstance(responses, list)
        read = _of_people if is_by_person else _of_questions
        for user, status, values, started in read(number, record, found):
            allowed = (_SUBMITTED, _DISCARDED, *_OPEN)
            if status is not None and status not in allowed:
                must = f"one of {', '.join(allowed)}"
                raise found.place.refuse(number, "status", must, status)
            if status in _OPEN:
                found.counts[DRAFTS] += 1
                continue
            found.counts[_UNKNOWN] += status is None
            is_skipped = status == _DISCARDED
            answers = {
                name: _labels(number, name, value, found)
                for name, value in values.items()
                if value is not None and not is_skipped
            }
            yield Submission(number, user, answers, is_skipped, started)


def _person(number: int, user: Any, found: Findings) -> str:
    # the SDK writes str(None) where there is no person
    return found.person(number, "user_id", None if user == "None" else user)


def _of_people(number: int, record: _Fields, found: Findings) -> Iterator[_Response]:
    """Read a list of responses, each one person's to all questions."""
    for each in record["responses"]:
        found.check(number, "responses", each, dict, "objects")
        values = each.get("values") or {}
        found.check(number, "values", values, dict, "an object")
        plain = {
            name: value["value"] if isinstance(value, dict) else value
            for name, value in values.items()
            if not isinstance(value, dict) or "value" in value
        }
        user = _person(number, each.get("user_id"), found)
        started = each.get("inserted_at") or each.get("updated_at")
        yield user, each.get("status"), plain, started


def _of_questions(number: int, record: _Fields, found: Findings) -> list[_Response]:
    """Read lists of responses by question, and put them together by person."""
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    status: dict[str, Any] = {}
    nested = record.get("responses") or {}
    found.check(number, "responses", nested, dict, "responses by question or by person")
    columns = nested | {name: record[name] for name in _hub_names(record)}
    for name in _flat_names(record):
        key = f"{name}{_FLAT}"
        columns[name] = {
            "value": record[key] or [],
            "user_id": record.get(f"{key}.users") or [],
            "status": record.get(f"{key}.status"),
        }
    for name, column in columns.items():
        for response in _rows(number, name, column or [], found):
            user = _person(number, response.get("user_id"), found)
            if name in values[user]:
                must = f"answered once by {user!r}"
                raise found.place.refuse(number, name, must, response.get("value"))
            values[user][name] = response.get("value")
            status.setdefault(user, response.get("status"))
    return [(user, status[user], each, None) for user, each in values.items()]


def _rows(number: int, name: str, column: Any, found: Findings) -> list[_Fields]:
    """Return responses, from a list of them or from lists of their parts."""
    if isinstance(column, dict):
        rows = _row_by_row({k: part for k, part in column.items() if part is not None})
        if rows is None:
            must = "lists of one length: value, user_id and status"
            raise found.place.refuse(number, name, must, column)
        return rows
    if not isinstance(column, list) or not all(isinstance(r, dict) for r in column):
        raise found.place.refuse(number, name, "a list of responses", column)
    return column


def _labels(number: int, name: str, value: Any, found: Findings) -> Labels:
    type_ = _type(value)
    if type_ is None:
        return ()
    values = value if isinstance(value, list) else [value]
    return found.labels(number, name, type_, values, _span)


def _span(value: _Fields) -> Span:
    return value["start"], value["end"], value.get("label")


def _type(value: Any) -> str | None:
    """Return the type of question that a value answers; None of an empty list."""
    if isinstance(value, str):
        return _LABEL
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "rating"
    if not isinstance(value, list):
        return "unknown"
    if not value:
        return None
    if all(isinstance(each, str) for each in value):
        return "multi_label_selection"
    if all(isinstance(each, dict) for each in value):
        if all({"start", "end"} <= set(each) for each in value):
            return "span"
        return "ranking" if all("rank" in each for each in value) else "unknown"
    return "unknown"


def _id(record: _Fields) -> Any:
    names = ("external_id", "id", "_server_id")
    return next((record[n] for n in names if record.get(n) is not None), None)


def _text(record: _Fields) -> str:
    fields = record.get("fields")
    return longest_text(fields if isinstance(fields, dict) else record)


FORMAT = Tool(
    "Argilla (JSON)",
    _recognise,
    _read,
    word="question",
    kinds={_LABEL: LABEL, "multi_label_selection": LABEL}
    | {"rating": RATING, "span": MARKS},
    fields={"annotator": "user_id", "item": "id", "answer": "value"}
    | {"started": "inserted_at"},
    id_of=_id,
    text_of=_text,
    supported=("label_selection", "multi_label_selection", "rating", "span"),
    tasks_of=_unwrapped,
)
