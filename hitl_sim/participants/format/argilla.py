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
from dataclasses import dataclass, field
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS, RATING, Answers
from hitl_sim.participants.format.document import Entry
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

_Record = Mapping[str, Any]


@dataclass(frozen=True)
class _Response:
    """What one person said of one record."""

    user: str
    status: Any
    values: Mapping[str, Any]
    started: Any = None


def _recognise(value: Mapping[str, Any], layout: Layout) -> bool:
    del layout
    return any(map(_is_record, _records(value)))


def _is_record(value: _Record) -> bool:
    responses = value.get("responses", ())
    is_whole = isinstance(responses, dict | list | None) and (
        {"responses", "fields"} <= set(value)
    )
    return is_whole or bool(_flat_names(value)) or bool(_hub_names(value))


def _flat_names(value: _Record) -> list[str]:
    return [name.removesuffix(_FLAT) for name in value if name.endswith(_FLAT)]


def _hub_names(value: _Record) -> list[str]:
    """Return questions that are columns: lists of responses, or lists of each part."""
    return [name for name, column in value.items() if _is_hub(column)]


def _is_hub(column: Any) -> bool:
    if isinstance(column, list):
        column = column[0] if column else None
    return isinstance(column, dict) and {"user_id", "value"} <= set(column)


def _records(value: Mapping[str, Any]) -> list[_Record]:
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


def _read(
    entries: Sequence[Entry], origin: str, layout: Layout, question: str | None
) -> Answers:
    wrapped = [(entry, _records(entry.value)) for entry in entries]
    found = [
        Entry(dict(record), entry.number if len(records) == 1 else number, entry.file)
        for entry, records in wrapped
        for number, record in enumerate(records, start=1)
    ]
    items, place, notes = name_items(found, [_id(each.value) for each in found], origin)
    dataset = _Dataset(place)
    for number, entry in enumerate(found):
        dataset.add(number, items[number], entry.value)
    reading = Reading(
        place=place,
        word="question",
        questions=dataset.questions,
        supported=_SUPPORTED,
        submissions=dataset.submissions,
        fields=_FIELDS,
        notes=(*notes, *dataset.notes()),
    )
    return gather(reading, layout, question)


FORMAT = Format("Argilla (JSON)", _recognise, _read)


def _id(record: _Record) -> Any:
    names = ("external_id", "id", "_server_id")
    return next((record[n] for n in names if record.get(n) is not None), None)


@dataclass
class _Dataset:
    """What the records of a file hold, record by record."""

    place: TaskPlace
    questions: dict[str, Question] = field(default_factory=dict)
    submissions: list[Submission] = field(default_factory=list)
    span_names: set[str] = field(default_factory=set)
    num_drafts: int = 0
    num_unknown: int = 0

    def add(self, number: int, item: str, record: _Record) -> None:
        """Read a record."""
        fields = record.get("fields")
        text = longest_text(fields if isinstance(fields, dict) else record)
        for response in self._responses(number, record):
            if response.status in _OPEN:
                self.num_drafts += 1
                continue
            self.num_unknown += response.status is None
            is_skipped = response.status == _DISCARDED
            answers = {
                name: self._labels(number, name, value, text)
                for name, value in response.values.items()
                if value is not None and not is_skipped
            }
            self.submissions.append(
                Submission(
                    entry=number,
                    item=item,
                    annotator=response.user,
                    answers=answers,
                    is_skipped=is_skipped,
                    started=response.started,
                    text=text,
                )
            )

    def notes(self) -> list[str]:
        """Note drafts, and what has no status."""
        notes = note_on_drafts(self.num_drafts)
        if self.num_unknown:
            notes.append(
                f"{self.num_unknown} responses have no status: drafts and discarded "
                "ones cannot be told from submitted ones, and count as these."
            )
        return notes + note_on_names(self.span_names)

    def _responses(self, number: int, record: _Record) -> Iterator[_Response]:
        found = record.get("responses")
        if isinstance(found, list):
            responses = self._of_people(number, found)
        else:
            responses = self._of_questions(number, record)
        for response in responses:
            allowed = (_SUBMITTED, _DISCARDED, *_OPEN)
            if response.status is not None and response.status not in allowed:
                must = f"one of {', '.join(allowed)}"
                raise self.place.refuse(number, "status", must, response.status)
            yield response

    def _person(self, number: int, user: Any) -> str:
        # the SDK writes str(None) where there is no person
        user = None if user == "None" else user
        return as_person(user, number, "user_id", self.place)

    def _of_people(self, number: int, found: list[Any]) -> list[_Response]:
        """Read a list of responses, each one person's to all questions."""
        responses = []
        for each in found:
            if not isinstance(each, dict):
                raise self.place.refuse(number, "responses", "objects", each)
            values = each.get("values") or {}
            if not isinstance(values, dict):
                raise self.place.refuse(number, "values", "an object", values)
            plain = {
                name: value["value"] if isinstance(value, dict) else value
                for name, value in values.items()
                if not isinstance(value, dict) or "value" in value
            }
            user = self._person(number, each.get("user_id"))
            started = each.get("inserted_at") or each.get("updated_at")
            responses.append(_Response(user, each.get("status"), plain, started))
        return responses

    def _of_questions(self, number: int, record: _Record) -> list[_Response]:
        """Read lists of responses by question, and put them together by person."""
        values: dict[str, dict[str, Any]] = defaultdict(dict)
        status: dict[str, Any] = {}
        for name, response in self._by_question(number, record):
            user = self._person(number, response.get("user_id"))
            if name in values[user]:
                must = f"answered once by {user!r}"
                raise self.place.refuse(number, name, must, response.get("value"))
            values[user][name] = response.get("value")
            status.setdefault(user, response.get("status"))
        return [_Response(user, status[user], each) for user, each in values.items()]

    def _by_question(
        self, number: int, record: _Record
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        nested = record.get("responses") or {}
        if not isinstance(nested, dict):
            must = "responses by question or by person"
            raise self.place.refuse(number, "responses", must, nested)
        columns = nested | {name: record[name] for name in _hub_names(record)}
        for name in _flat_names(record):
            key = f"{name}{_FLAT}"
            columns[name] = {
                "value": record[key] or [],
                "user_id": record.get(f"{key}.users") or [],
                "status": record.get(f"{key}.status"),
            }
        for name, column in columns.items():
            for response in self._rows(number, name, column or []):
                yield name, response

    def _rows(self, number: int, name: str, column: Any) -> list[Mapping[str, Any]]:
        """Return responses, from a list of them or from lists of their parts."""
        if isinstance(column, dict):
            parts = {key: part for key, part in column.items() if part is not None}
            lengths = {len(p) if isinstance(p, list) else -1 for p in parts.values()}
            if len(lengths) > 1 or -1 in lengths:
                must = "lists of one length: value, user_id and status"
                raise self.place.refuse(number, name, must, column)
            rows = zip(*parts.values(), strict=True)
            return [dict(zip(parts, row, strict=True)) for row in rows]
        if not isinstance(column, list) or not all(isinstance(r, dict) for r in column):
            raise self.place.refuse(number, name, "a list of responses", column)
        return column

    def _labels(self, number: int, name: str, value: Any, text: str) -> Labels:
        type_ = _type(value)
        if type_ is None:
            return ()
        known = self.questions.setdefault(
            name, Question(name, type_, _KINDS.get(type_))
        )
        if known.type != type_:
            must = f"a value of {known.type}, as in other records"
            raise self.place.refuse(number, name, must, value)
        if known.kind is None:
            return ()
        if known.kind != MARKS:
            return tuple(map(as_label, value if isinstance(value, list) else [value]))
        self.span_names |= {str(span["label"]) for span in value if "label" in span}
        try:
            ends = [span_in(text, span["start"], span["end"]) for span in value]
        except (TypeError, ValueError):
            must = "a list of spans of the text, with start and end"
            raise self.place.refuse(number, name, must, value) from None
        return (marked_words(text, ends),)


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
