"""Import what Prodigy's `db-out` writes: choices, yes or no on a label, marked spans.

Covered are the lines (JSON Lines, or a list) of Prodigy 1.8 to 1.18. Each says its view
(`_view_id`), what was decided (`answer`), by whom (`_annotator_id`, before it
`_session_id`; since 1.7 of named sessions) and when it was handed in (`_timestamp`,
since 1.11); none says how long it took. `ignore` is a skip. To `reject` is an answer
where a label is on show; among options it says which are wrong (since 1.8.1) or that
the task is broken, never which is right, and to marked spans that the text is broken:
such lines are left out, with a note.

References:
    Explosion, prodi.gy/docs/api-interfaces; support.prodi.gy, threads 1554 and 3012 on
    rejected choices, 5036 on rejected spans, 4423 on timestamps.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
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

_DECISIONS = ("accept", "reject", "ignore")
_BINARY = ("classification", "text", "html", "image")
_MARKED = ("ner_manual", "spans_manual")
_SUPPORTED = ("choice", *_BINARY, *_MARKED, "blocks with a choice or spans")
_FIELDS = {"annotator": "_annotator_id", "started": "_timestamp", "item": "_task_hash"}
_NONE = "(none)"
_UNNAMED = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$")


def _recognise(value: Mapping[str, Any], layout: Layout) -> bool:
    del layout
    is_decided = value.get("answer") in _DECISIONS
    return is_decided and bool({"_task_hash", "_input_hash", "_view_id"} & set(value))


def _read(
    entries: Sequence[Entry], origin: str, layout: Layout, question: str | None
) -> Answers:
    values = [entry.value for entry in entries]
    items, place, notes = name_items(entries, [_id(value) for value in values], origin)
    who = [_annotator(number, value, place) for number, value in enumerate(values)]
    people, unnamed = person_of_file(entries, who)
    lines = _Lines(place, _choice_names(values))
    submissions = [
        Submission(
            entry=number,
            item=items[number],
            annotator=people[number],
            answers=lines.answers(number, value),
            started=value.get("_timestamp"),
            text=str(value.get("text") or ""),
        )
        for number, value in enumerate(values)
    ]
    reading = Reading(
        place=place,
        word="question",
        questions=lines.questions,
        supported=_SUPPORTED,
        submissions=submissions,
        fields=_FIELDS,
        is_by_task=False,
        notes=(*notes, *unnamed, *_note_on_sessions(people), *lines.notes()),
    )
    return gather(reading, layout, question)


FORMAT = Format("Prodigy (db-out)", _recognise, _read)


def _id(value: Mapping[str, Any]) -> Any:
    """Return the task's id; the task's hash tells options apart, the input's not."""
    return value.get("_task_hash", value.get("_input_hash"))


def _annotator(number: int, value: Mapping[str, Any], place: TaskPlace) -> str | None:
    for name in ("_annotator_id", "_session_id"):
        if value.get(name):
            return as_person(value[name], number, name, place)
    return None


def _note_on_sessions(people: Sequence[str]) -> list[str]:
    unnamed = {name for name in people if _UNNAMED.search(name)}
    if not unnamed:
        return []
    return [
        f"{len(unnamed)} sessions are named by when they began, so each counts as a "
        "person of its own: people open the app with ?session=NAME to be known."
    ]


def _choice_names(values: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name the question of each option: options that meet in a task share one."""
    group: dict[str, str] = {}
    for value in values:
        ids = _options(value)
        if len({group.get(option) for option in ids}) == 1 and ids[0] in group:
            continue
        old = {group[option] for option in ids if option in group}
        first = min(old, default=ids[0] if ids else "")
        merged = [option for option in group if group[option] in old] if old else []
        group |= dict.fromkeys([*merged, *ids], first)
    members = defaultdict(list)
    for option, first in group.items():
        members[first].append(option)
    if len(members) < 2:
        return dict.fromkeys(group, "choice")
    names = {first: f"choice of {', '.join(sorted(m))}" for first, m in members.items()}
    return {option: names[first] for option, first in group.items()}


def _options(value: Mapping[str, Any]) -> list[str]:
    """Return the ids of a choice's options; none where the line does not hold them."""
    options = value.get("options")
    listed = options if isinstance(options, list) else []
    found = [option.get("id") for option in listed if isinstance(option, dict)]
    return [as_label(id_) for id_ in found if isinstance(id_, str | int | float)]


@dataclass
class _Lines:
    """What the lines of a file say, line by line.

    Attributes:
        place: of messages.
        choice_names: name of the question of each option.
        questions: by name.
    """

    place: TaskPlace
    choice_names: Mapping[str, str]
    questions: dict[str, Question] = field(default_factory=dict)
    span_names: set[str] = field(default_factory=set)
    num_rejected: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def answers(
        self, number: int, value: Mapping[str, Any]
    ) -> dict[str, Labels | None]:
        """Return what a line says, by question."""
        decision = value.get("answer")
        if decision not in _DECISIONS:
            must = f"one of {', '.join(_DECISIONS)}"
            raise self.place.refuse(number, "answer", must, decision)
        found: dict[str, Labels | None] = {}
        for question in self._questions(value):
            known = self.questions.setdefault(question.name, question)
            if known.type != question.type:
                must = f"{known.type!r} as {known.name!r} has in other lines"
                raise self.place.refuse(number, "_view_id", must, question.type)
            if decision == "ignore":
                found[question.name] = None
            elif question.type in _BINARY:
                found[question.name] = (decision,)
            elif decision == "reject" and question.kind is not None:
                self.num_rejected[question.name] += 1
            elif question.kind == MARKS:
                found[question.name] = self._marks(number, value)
            elif question.kind == LABEL:
                found[question.name] = self._chosen(number, value)
            else:
                found[question.name] = ()
        return found

    def notes(self) -> list[str]:
        """Note what was rejected, and labels of spans."""
        notes = [
            f"{count} lines reject {name!r} and are left out: to reject says what is "
            "wrong or that the task is broken, never what is right."
            for name, count in self.num_rejected.items()
        ]
        return notes + note_on_names(self.span_names)

    def _questions(self, value: Mapping[str, Any]) -> list[Question]:
        """Return the questions that a line answers; blocks may ask several."""
        view = str(value.get("_view_id") or _guess_view(value))
        if view in _BINARY:
            return [Question(str(value.get("label") or view), view, LABEL)]
        found = []
        if view == "choice" or (view == "blocks" and "options" in value):
            ids = _options(value)
            name = self.choice_names[ids[0]] if ids else "choice"
            found.append(Question(name, "choice", LABEL))
        if view in _MARKED or (view == "blocks" and "spans" in value):
            found.append(Question("spans", "ner_manual", MARKS))
        if view == "blocks" and "user_input" in value:
            found.append(Question("user_input", "text_input", None))
        return found or [Question(view, view, None)]

    def _chosen(self, number: int, value: Mapping[str, Any]) -> Labels:
        chosen = value.get("accept", [])
        is_list = isinstance(chosen, list)
        if not is_list or not all(isinstance(c, str | int | float) for c in chosen):
            raise self.place.refuse(number, "accept", "a list of options", chosen)
        config = value.get("config")
        style = config.get("choice_style") if isinstance(config, dict) else None
        if not chosen and style == "multiple":
            return (_NONE,)
        return tuple(map(as_label, chosen))

    def _marks(self, number: int, value: Mapping[str, Any]) -> Labels:
        spans, text = value.get("spans") or [], str(value.get("text") or "")
        try:
            ends = [span_in(text, span["start"], span["end"]) for span in spans]
            self.span_names |= {str(s["label"]) for s in spans if s.get("label")}
        except (KeyError, TypeError, ValueError, AttributeError):
            must = "a list of spans of the text, with start and end"
            raise self.place.refuse(number, "spans", must, spans) from None
        return (marked_words(text, ends),)


def _guess_view(value: Mapping[str, Any]) -> str:
    """Name the view of a line that does not: those before 1.9."""
    if "options" in value or "accept" in value:
        return "choice"
    if "spans" in value:
        return "ner_manual" if "tokens" in value else "ner"
    return "classification" if "label" in value else "text"
