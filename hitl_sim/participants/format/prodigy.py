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
    TaskPlace,
    as_label,
    as_person,
    person_of_file,
)

_DECISIONS = ("accept", "reject", "ignore")
_BINARY = ("classification", "text", "html", "image")
_MARKED = ("ner_manual", "spans_manual")
_SUPPORTED = ("choice", *_BINARY, *_MARKED, "blocks with a choice or spans")
_FIELDS = {"annotator": "_annotator_id", "started": "_timestamp", "item": "_task_hash"}
_NONE = "(none)"
_UNNAMED = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$")


def _recognise(value: Mapping[str, Any]) -> bool:
    is_decided = value.get("answer") in _DECISIONS
    return is_decided and bool({"_task_hash", "_input_hash", "_view_id"} & set(value))


def _read(entries: Sequence[Entry], found: Findings) -> list[Submission]:
    values = [entry.value for entry in entries]
    who = [_annotator(n, value, found.place) for n, value in enumerate(values)]
    people, unnamed = person_of_file(entries, who)
    names = _choice_names(values)
    num_rejected: dict[str, int] = defaultdict(int)
    submissions = []
    for number, value in enumerate(values):
        decision = value.get("answer")
        if decision not in _DECISIONS:
            must = f"one of {', '.join(_DECISIONS)}"
            raise found.place.refuse(number, "answer", must, decision)
        answers: dict[str, Labels | None] = {}
        for asked in _questions(value, names):
            question = found.question(number, "_view_id", asked)
            if decision == "reject" and _rejects_nothing(question):
                num_rejected[question.name] += 1
            else:
                answers[question.name] = _answer(number, value, question, found)
        submissions.append(
            Submission(
                entry=number,
                item=found.items[number],
                annotator=people[number],
                answers=answers,
                started=value.get("_timestamp"),
                text=str(value.get("text") or ""),
            )
        )
    found.notes += [*unnamed, *_note_on_sessions(people)]
    found.notes += [
        f"{count} lines reject {name!r} and are left out: to reject says what is "
        "wrong or that the task is broken, never what is right."
        for name, count in num_rejected.items()
    ]
    return submissions


def _id(value: Mapping[str, Any]) -> Any:
    """Return the task's id; the task's hash tells options apart, the input's not."""
    return value.get("_task_hash", value.get("_input_hash"))


FORMAT = export_of_tasks(
    "Prodigy (db-out)",
    _recognise,
    _read,
    word="question",
    supported=_SUPPORTED,
    fields=_FIELDS,
    id_of=_id,
    is_by_task=False,
)


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


def _rejects_nothing(question: Question) -> bool:
    """Whether to reject is no answer: where options or spans are shown."""
    return question.type not in _BINARY and question.kind is not None


def _questions(
    value: Mapping[str, Any], choice_names: Mapping[str, str]
) -> list[Question]:
    """Return the questions that a line answers; blocks may ask several."""
    view = str(value.get("_view_id") or _guess_view(value))
    if view in _BINARY:
        return [Question(str(value.get("label") or view), view, LABEL)]
    found = []
    if view == "choice" or (view == "blocks" and "options" in value):
        ids = _options(value)
        name = choice_names[ids[0]] if ids else "choice"
        found.append(Question(name, "choice", LABEL))
    if view in _MARKED or (view == "blocks" and "spans" in value):
        found.append(Question("spans", "ner_manual", MARKS))
    if view == "blocks" and "user_input" in value:
        found.append(Question("user_input", "text_input", None))
    return found or [Question(view, view, None)]


def _answer(
    number: int, value: Mapping[str, Any], question: Question, found: Findings
) -> Labels | None:
    decision = value["answer"]
    if decision == "ignore":
        return None
    if question.type in _BINARY:
        return (decision,)
    if question.kind == MARKS:
        text, spans = str(value.get("text") or ""), value.get("spans") or []
        return found.marks(number, "spans", text, spans, _span)
    if question.kind == LABEL:
        return _chosen(number, value, found.place)
    return ()


def _chosen(number: int, value: Mapping[str, Any], place: TaskPlace) -> Labels:
    chosen = value.get("accept", [])
    is_list = isinstance(chosen, list)
    if not is_list or not all(isinstance(c, str | int | float) for c in chosen):
        raise place.refuse(number, "accept", "a list of options", chosen)
    config = value.get("config")
    style = config.get("choice_style") if isinstance(config, dict) else None
    if not chosen and style == "multiple":
        return (_NONE,)
    return tuple(map(as_label, chosen))


def _span(value: Mapping[str, Any]) -> Span:
    return value["start"], value["end"], value.get("label") or None


def _guess_view(value: Mapping[str, Any]) -> str:
    """Name the view of a line that does not: those before 1.9."""
    if "options" in value or "accept" in value:
        return "choice"
    if "spans" in value:
        return "ner_manual" if "tokens" in value else "ner"
    return "classification" if "label" in value else "text"
