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
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_sim.participants.answers import LABEL, MARKS
from hitl_sim.participants.format.task import (
    Findings,
    Labels,
    Question,
    Span,
    Submission,
    Tool,
    as_label,
)

_DECISIONS = ("accept", "reject", "ignore")
_BINARY = ("classification", "text", "html", "image")
_MARKED = ("ner_manual", "spans_manual")
_NONE = "(none)"
_UNNAMED = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$")


def _recognise(value: Mapping[str, Any]) -> bool:
    is_decided = value.get("answer") in _DECISIONS
    return is_decided and bool({"_task_hash", "_input_hash", "_view_id"} & set(value))


def _read(found: Findings) -> Iterator[Submission]:
    names = _choice_names([task.value for task in found.tasks])
    sessions = set()
    for number, task in enumerate(found.tasks):
        value, decision = task.value, task.value.get("answer")
        person = _annotator(number, value, found)
        sessions.add(task.file if person is None else person)
        if decision not in _DECISIONS:
            must = f"one of {', '.join(_DECISIONS)}"
            raise found.place.refuse(number, "answer", must, decision)
        answers: dict[str, Labels | None] = {}
        for name, type_ in _questions(value, names):
            question = found.question(number, "_view_id", name, type_)
            # where options or spans are shown, to reject is no answer
            is_shown = question.type not in _BINARY and question.kind is not None
            if decision == "reject" and is_shown:
                found.counts[
                    f"lines reject {name!r} and are left out: to reject says what is "
                    "wrong or that the task is broken, never what is right."
                ] += 1
            else:
                answers[name] = _answer(number, value, question, found)
        yield Submission(number, person, answers, started=value.get("_timestamp"))
    found.counts[
        "sessions are named by when they began, so each counts as a person of its own: "
        "people open the app with ?session=NAME to be known."
    ] = sum(_UNNAMED.search(name) is not None for name in sessions)


def _annotator(number: int, value: Mapping[str, Any], found: Findings) -> str | None:
    said = [name for name in ("_annotator_id", "_session_id") if value.get(name)]
    return found.person(number, said[0], value[said[0]]) if said else None


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


def _questions(
    value: Mapping[str, Any], choice_names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return names and types of what a line answers; blocks may ask several."""
    view = str(value.get("_view_id") or _guess_view(value))
    if view in _BINARY:
        return [(str(value.get("label") or view), view)]
    found = []
    if view == "choice" or (view == "blocks" and "options" in value):
        ids = _options(value)
        found.append((choice_names[ids[0]] if ids else "choice", "choice"))
    if view in _MARKED or (view == "blocks" and "spans" in value):
        found.append(("spans", "ner_manual"))
    if view == "blocks" and "user_input" in value:
        found.append(("user_input", "text_input"))
    return found or [(view, view)]


def _answer(
    number: int, value: Mapping[str, Any], question: Question, found: Findings
) -> Labels | None:
    decision = value["answer"]
    if decision == "ignore":
        return None
    if question.type in _BINARY:
        return (decision,)
    if question.kind == MARKS:
        return found.marks(number, "spans", value.get("spans") or [], _span)
    if question.kind is None:
        return ()
    chosen = value.get("accept", [])
    if not isinstance(chosen, list) or not all(
        isinstance(c, str | int | float) for c in chosen
    ):
        raise found.place.refuse(number, "accept", "a list of options", chosen)
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


FORMAT = Tool(
    "Prodigy (db-out)",
    _recognise,
    _read,
    word="question",
    kinds=dict.fromkeys(("choice", *_BINARY), LABEL) | {"ner_manual": MARKS},
    fields={"annotator": "_annotator_id", "started": "_timestamp"}
    | {"item": "_task_hash"},
    # the task's hash tells options apart, the input's does not
    id_of=lambda value: value.get("_task_hash", value.get("_input_hash")),
    text_of=lambda value: str(value.get("text") or ""),
    supported=("choice", *_BINARY, *_MARKED, "blocks with a choice or spans"),
    is_by_task=False,
)
