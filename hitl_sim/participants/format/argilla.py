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
from dataclasses import dataclass
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, RATING
from hitl_sim.participants.format.document import Entry
from hitl_sim.participants.format.gather import export_of_tasks
from hitl_sim.participants.format.reading import (
    Findings,
    Labels,
    Question,
    Span,
    Submission,
    TaskPlace,
    as_label,
    as_person,
    longest_text,
    note_on_drafts,
)

_SUBMITTED, _DISCARDED = "submitted", "discarded"
_OPEN = ("draft", "pending")
_LABEL = "label_selection or text"
_KINDS = {_LABEL: LABEL, "multi_label_selection": LABEL, "rating": RATING} | {
    "span": MARKS
}
_SUPPORTED = ("label_selection", "multi_label_selection", "rating", "span")
_FIELDS = {"annotator": "user_id", "item": "id", "answer": "value"}
_FIELDS |= {"started": "inserted_at"}
_FLAT = ".responses"

_Fields = Mapping[str, Any]


@dataclass(frozen=True)
class _Response:
    """What one person said of one record."""

    user: str
    status: Any
    values: Mapping[str, Any]
    started: Any = None


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
        lengths = {len(part) if isinstance(part, list) else -1 for part in parts}
        rows = zip(*parts, strict=True) if len(lengths) == 1 else ()
        return [dict(zip(value, row, strict=True)) for row in rows]
    if "responses" not in value and isinstance(items, list):
        return [each for each in items if isinstance(each, dict)]
    if parts and all(isinstance(part, dict) and "responses" in part for part in parts):
        return parts
    return [value]


def _unwrapped(entries: Sequence[Entry]) -> list[Entry]:
    wrapped = [(entry, _records(entry.value)) for entry in entries]
    return [
        Entry(dict(record), entry.number if len(records) == 1 else number, entry.file)
        for entry, records in wrapped
        for number, record in enumerate(records, start=1)
    ]


def _read(records: Sequence[Entry], found: Findings) -> list[Submission]:
    submissions: list[Submission] = []
    num_drafts, num_unknown = 0, 0
    for number, entry in enumerate(records):
        record = entry.value
        fields = record.get("fields")
        text = longest_text(fields if isinstance(fields, dict) else record)
        for response in _Record(number, found.place).responses(record):
            if response.status in _OPEN:
                num_drafts += 1
                continue
            num_unknown += response.status is None
            is_skipped = response.status == _DISCARDED
            answers = {
                name: _labels(number, name, value, text, found)
                for name, value in response.values.items()
                if value is not None and not is_skipped
            }
            submissions.append(
                Submission(
                    entry=number,
                    item=found.items[number],
                    annotator=response.user,
                    answers=answers,
                    is_skipped=is_skipped,
                    started=response.started,
                    text=text,
                )
            )
    found.notes += note_on_drafts(num_drafts)
    if num_unknown:
        found.notes.append(
            f"{num_unknown} responses have no status: drafts and discarded ones cannot "
            "be told from submitted ones, and count as these."
        )
    return submissions


def _id(record: _Fields) -> Any:
    names = ("external_id", "id", "_server_id")
    return next((record[n] for n in names if record.get(n) is not None), None)


FORMAT = export_of_tasks(
    "Argilla (JSON)",
    _recognise,
    _read,
    word="question",
    supported=_SUPPORTED,
    fields=_FIELDS,
    id_of=_id,
    tasks_of=_unwrapped,
)


@dataclass(frozen=True)
class _Record:
    """Reads one record.

    Attributes:
        number: of the record, from 0.
        place: of messages.
    """

    number: int
    place: TaskPlace

    def responses(self, record: _Fields) -> Iterator[_Response]:
        """Yield what each person said of the record."""
        found = record.get("responses")
        if isinstance(found, list):
            responses = self._of_people(found)
        else:
            responses = self._of_questions(record)
        for response in responses:
            allowed = (_SUBMITTED, _DISCARDED, *_OPEN)
            if response.status is not None and response.status not in allowed:
                must = f"one of {', '.join(allowed)}"
                raise self._refuse("status", must, response.status)
            yield response

    def _person(self, user: Any) -> str:
        # the SDK writes str(None) where there is no person
        user = None if user == "None" else user
        return as_person(user, self.number, "user_id", self.place)

    def _of_people(self, found: list[Any]) -> list[_Response]:
        """Read a list of responses, each one person's to all questions."""
        responses = []
        for each in found:
            if not isinstance(each, dict):
                raise self._refuse("responses", "objects", each)
            values = each.get("values") or {}
            if not isinstance(values, dict):
                raise self._refuse("values", "an object", values)
            plain = {
                name: value["value"] if isinstance(value, dict) else value
                for name, value in values.items()
                if not isinstance(value, dict) or "value" in value
            }
            user = self._person(each.get("user_id"))
            started = each.get("inserted_at") or each.get("updated_at")
            responses.append(_Response(user, each.get("status"), plain, started))
        return responses

    def _of_questions(self, record: _Fields) -> list[_Response]:
        """Read lists of responses by question, and put them together by person."""
        values: dict[str, dict[str, Any]] = defaultdict(dict)
        status: dict[str, Any] = {}
        for name, response in self._by_question(record):
            user = self._person(response.get("user_id"))
            if name in values[user]:
                must = f"answered once by {user!r}"
                raise self._refuse(name, must, response.get("value"))
            values[user][name] = response.get("value")
            status.setdefault(user, response.get("status"))
        return [_Response(user, status[user], each) for user, each in values.items()]

    def _by_question(self, record: _Fields) -> Iterator[tuple[str, Mapping[str, Any]]]:
        nested = record.get("responses") or {}
        if not isinstance(nested, dict):
            must = "responses by question or by person"
            raise self._refuse("responses", must, nested)
        columns = nested | {name: record[name] for name in _hub_names(record)}
        for name in _flat_names(record):
            key = f"{name}{_FLAT}"
            columns[name] = {
                "value": record[key] or [],
                "user_id": record.get(f"{key}.users") or [],
                "status": record.get(f"{key}.status"),
            }
        for name, column in columns.items():
            for response in self._rows(name, column or []):
                yield name, response

    def _rows(self, name: str, column: Any) -> list[Mapping[str, Any]]:
        """Return responses, from a list of them or from lists of their parts."""
        if isinstance(column, dict):
            parts = {key: part for key, part in column.items() if part is not None}
            lengths = {len(p) if isinstance(p, list) else -1 for p in parts.values()}
            if len(lengths) > 1 or -1 in lengths:
                must = "lists of one length: value, user_id and status"
                raise self._refuse(name, must, column)
            rows = zip(*parts.values(), strict=True)
            return [dict(zip(parts, row, strict=True)) for row in rows]
        if not isinstance(column, list) or not all(isinstance(r, dict) for r in column):
            raise self._refuse(name, "a list of responses", column)
        return column

    def _refuse(self, name: str, must: str, got: object) -> ValueError:
        return self.place.refuse(self.number, name, must, got)


def _labels(number: int, name: str, value: Any, text: str, found: Findings) -> Labels:
    type_ = _type(value)
    if type_ is None:
        return ()
    asked = found.question(number, name, Question(name, type_, _KINDS.get(type_)))
    if asked.kind is None:
        return ()
    if asked.kind == MARKS:
        return found.marks(number, name, text, value, _span)
    return tuple(map(as_label, value if isinstance(value, list) else [value]))


def _span(value: Mapping[str, Any]) -> Span:
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
