"""Exports that are known by their header: Mechanical Turk, oTree and Qualtrics.

Each is brought into a table with a row an answer; what the user says of columns counts
before what is known of the export.

References:
    Amazon Mechanical Turk, Requester UI Guide, "Batch results": columns `HITId`,
    `AssignmentId`, `WorkerId`, `AssignmentStatus`, `WorkTimeInSeconds`, `Input.*`,
    `Answer.*`; Crowd HTML Elements put one JSON text into `Answer.taskAnswers`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.participants.answers import FIELDS
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.cleaning.column import Place, flags_of, list_names
from hitl_sim.participants.reading.wide import Blocks, blocks_of, filled, lengthen

_ANSWER = "Answer."
_TASK = "Answer.taskAnswers"
_ITEMS = ("Input.item", "Input.item_id", "Input.id")
_TRUTH = {"true": True, "false": False}
_CHOSEN = "Answer"


def _answer_of(table: pa.Table, place: Place) -> tuple[pa.Table, str]:
    names = [name for name in table.column_names if name.startswith(_ANSWER)]
    if len(names) == 1:
        return table, names[0]
    options = _options_of(table, names)
    if options is None:
        got = list_names(names) if names else "no column 'Answer...'"
        raise ValueError(
            f"{place.origin} is of Mechanical Turk and must have one question, got "
            f"{got}. Say which: --column answer=NAME."
        )
    ticked = [table.column(name).to_pylist() for name in names]
    chosen = [
        "|".join(
            o
            for o, box in zip(options, row, strict=True)
            if _TRUTH[str(box or "false").lower()]
        )
        for row in zip(*ticked, strict=True)
    ]
    return table.append_column(_CHOSEN, pa.array(chosen, pa.string())), _CHOSEN


def _options_of(table: pa.Table, names: list[str]) -> list[str] | None:
    """Return what the boxes of one question stand for, if the columns are its boxes."""
    paths = [name.removesuffix(".on").rpartition(".") for name in names]
    if len({before for before, _, _ in paths}) != 1:
        return None
    for name in names:
        said = set(table.column(name).to_pylist())
        if not all(str(text or "false").lower() in _TRUTH for text in said):
            return None
    return [last for _, _, last in paths]


def _unpacked(table: pa.Table, place: Place) -> pa.Table:
    """Give each answer within `Answer.taskAnswers` a column of its own."""
    if _TASK not in table.column_names:
        return table
    rows: list[dict[str, str]] = []
    for row, text in enumerate(table.column(_TASK).to_pylist()):
        try:
            rows.append(dict(_leaves("Answer", json.loads(text or "{}"))))
        except json.JSONDecodeError:
            raise place.refuse(row, _TASK, "JSON", text) from None
    table = table.drop_columns([_TASK])
    for name in dict.fromkeys(name for found in rows for name in found):
        column = pa.array([found.get(name) for found in rows], pa.string())
        table = table.append_column(name, column)
    return table


def _leaves(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, list) and len(value) == 1:
        return _leaves(path, value[0])
    if isinstance(value, dict):
        return [leaf for k, v in value.items() for leaf in _leaves(f"{path}.{k}", v)]
    if value is None:
        return []
    return [(path, value if isinstance(value, str) else json.dumps(value))]


EXPORTED = ("HITId", "participant.code", "ResponseId")
"""A column of every export that is known by its header."""
_ROUND = re.compile(r"(.+\.\d+)\.player\.(.+)")
_LOOP = re.compile(r"(\d+)_(.+)")
_IMPORT = '{"ImportId"'
_TELLING = ("answer", "seconds", "confidence", "started")
_TIMINGS = ("_First Click", "_Last Click", "_Page Submit", "_Click Count")
_TRIALS = ("Survey Preview", "Survey Test", "1", "2")
"""Responses that nobody of the panel gave, in words and in numbers."""
_PEOPLE = ("PROLIFIC_PID", "workerId")
_TIMES = {"rt": 1.0, "rt_s": 1.0, "rt_ms": 1e-3, "seconds_ms": 1e-3, "time_ms": 1e-3}


class Sheet(NamedTuple):
    """A table on its way in.

    Attributes:
        table: what was read.
        place: the file, for messages.
        layout: what its columns mean.
        notes: what was done.
        asked: fields of each item, where a row has become several.
    """

    table: pa.Table
    place: Place
    layout: Layout
    notes: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()


def recognise(sheet: Sheet) -> Sheet:
    """Bring a known export, or columns that a pattern names, to a row an answer.

    A time that stands once in a row of several answers is theirs together.

    Raises:
        ValueError: an export from which it cannot be told what the answer is; says
            which columns there are and which option decides.
    """
    sheet = _recognise(sheet)
    seconds = sheet.layout.columns.get("seconds", "seconds")
    shared = set(sheet.table.column_names) - sheet.asked
    if sheet.asked and seconds not in shared:
        return sheet._replace(table=sheet.table.drop_columns(["unit"]))
    return sheet


def _recognise(sheet: Sheet) -> Sheet:
    wide = sheet.layout.wide
    names = sheet.table.column_names
    if _is_qualtrics(sheet.table):
        sheet = _without_questions(sheet)
        if not wide:
            return _by_loop(sheet)
    if wide:
        said = {*sheet.layout.columns.values(), *FIELDS}
        free = [name for name in names if name not in said]
        return _long(sheet, blocks_of(wide, free, sheet.place))
    if "participant.code" in names and any(map(_ROUND.fullmatch, names)):
        return _by_round(sheet)
    if {"participant.code", "subsession.round_number"} <= set(names):
        return _of_app(sheet)
    if {"HITId", "AssignmentId", "WorkerId"} <= set(names):
        return _by_batch(sheet)
    return sheet


def _with(sheet: Sheet, columns: Mapping[str, str], notes: Sequence[str]) -> Sheet:
    """Add what is known of an export to what the user says."""
    there = sheet.table.column_names
    known = {f: n for f, n in columns.items() if n in there and f not in there}
    layout = replace(sheet.layout, columns=known | dict(sheet.layout.columns))
    return sheet._replace(layout=layout, notes=(*sheet.notes, *notes))


def _long(
    sheet: Sheet,
    blocks: Blocks,
    label: str = "item",
    times: Sequence[str] = (),
) -> Sheet:
    """Bring blocks below each other where the person has an answer, or a time."""
    telling = [sheet.layout.columns.get(field, field) for field in _TELLING]
    table, place, notes = lengthen(
        sheet.table, blocks, sheet.place, label, [*telling, *times]
    )
    fields = frozenset(field for of in blocks.values() for field in of)
    asked = frozenset() if "unit" in sheet.table.column_names else fields
    return sheet._replace(
        table=table, place=place, notes=(*sheet.notes, *notes), asked=asked
    )


def _grouped(pattern: re.Pattern[str], names: Sequence[str]) -> Blocks:
    """Sort the columns that fit by what comes first, and by the field that follows."""
    found: dict[str, dict[str, str]] = {}
    for fit in filter(None, map(pattern.fullmatch, names)):
        found.setdefault(fit[1], {})[fit[2]] = fit[0]
    return found


def _by_batch(sheet: Sheet) -> Sheet:
    """Read batch results of Mechanical Turk: a row an assignment.

    Boxes that are ticked become one column of answers.
    """
    table = _unpacked(sheet.table, sheet.place)
    names = table.column_names
    columns = {
        "annotator": "WorkerId",
        "item": next((name for name in _ITEMS if name in names), "HITId"),
        "seconds": "WorkTimeInSeconds",
        "started": "AcceptTime",
    }
    told_by = sheet.layout.columns.get("item", columns["item"])
    notes = [
        "read as batch results of Mechanical Turk; items are told apart by "
        f"{told_by!r}."
    ]
    if "answer" not in sheet.layout.columns and "answer" not in names:
        table, columns["answer"] = _answer_of(table, sheet.place)
    if "AssignmentStatus" in names:
        is_rejected = pc.equal(table.column("AssignmentStatus"), "Rejected")
        rejected = pc.sum(is_rejected).as_py()
        if rejected:
            notes.append(
                f"{rejected} answers were rejected by who asked (AssignmentStatus). "
                "They are kept: people gave them, and took the time. Take their rows "
                "out of the file to leave them out."
            )
    return _with(sheet._replace(table=table), columns, notes)


def _by_round(sheet: Sheet) -> Sheet:
    """Read oTree's wide form: columns APP.ROUND.player.FIELD."""
    rounds = _grouped(_ROUND, sheet.table.column_names)
    answer = sheet.layout.columns.get("answer", "answer")
    fields: dict[str, list[str]] = {}
    for name, of in rounds.items():
        fields.setdefault(name.rpartition(".")[0], list(of))
    asked = [app for app, there in fields.items() if answer in there]
    if len(asked) != 1:
        shown = "; ".join(f"{app}: {', '.join(f)}" for app, f in fields.items())
        raise ValueError(
            f"{sheet.place.origin} is an export of oTree and must have {answer!r} "
            f"among the fields of one app, got {shown}. Say which field it is, "
            "--column answer=NAME, or of which app, --wide "
            "'answer=APP.{item}.player.NAME'."
        )
    parts = ((*name.rpartition("."), of) for name, of in rounds.items())
    blocks = {number: of for app, _, number, of in parts if app == asked[0]}
    sheet = _timed(_long(sheet, blocks, "round", list(_TIMES)), fields[asked[0]])
    known = {"annotator": "participant.code", "order": "round"}
    return _with(sheet, known, ["read as an export of oTree."])


def _of_app(sheet: Sheet) -> Sheet:
    """Read oTree's form of one app: a row a person and round, fields player.FIELD."""
    there = sheet.table.column_names
    short = [name.removeprefix("player.") for name in there]
    if len(set(short)) == len(short):
        sheet = sheet._replace(table=sheet.table.rename_columns(short))
    known = {"annotator": "participant.code", "order": "subsession.round_number"}
    sheet = _with(sheet, known, ["read as an export of one app of oTree."])
    return _timed(sheet, short)


def _timed(sheet: Sheet, fields: Sequence[str]) -> Sheet:
    """Take a field of times that says its unit by its name."""
    times = [name for name in fields if name in _TIMES]
    if "seconds" in fields or "seconds" in sheet.layout.columns or len(times) != 1:
        return sheet
    layout, unit_s = sheet.layout, _TIMES[times[0]]
    if layout.seconds_per_unit != 1.0:
        unit_s = layout.seconds_per_unit
    note = f"field {times[0]!r} is read as the time of an answer, unit {unit_s:g} s."
    sheet = sheet._replace(layout=replace(layout, seconds_per_unit=unit_s))
    return _with(sheet, {"seconds": times[0]}, [note])


def _is_qualtrics(table: pa.Table) -> bool:
    """Whether the third line says where each column was imported from."""
    is_there = table.num_rows > 1 and "ResponseId" in table.column_names
    return is_there and str(table["ResponseId"][1]).startswith(_IMPORT)


def _without_questions(sheet: Sheet) -> Sheet:
    """Leave out the two lines below Qualtrics's header, and previews of the survey."""
    table = sheet.table.slice(2)
    notes = ["read as an export of Qualtrics, whose header has three lines."]
    kept = np.ones(table.num_rows, bool)
    if "Status" in table.column_names:
        is_trial = pc.is_in(table.column("Status"), pa.array(_TRIALS))
        kept = ~flags_of(is_trial)
        if not kept.all():
            notes.append(f"{int((~kept).sum())} previews of the survey are left out.")
    # the two lines count as the header's
    place = replace(sheet.place.take(np.nonzero(kept)[0] + 2), num_above=2)
    table = table.filter(pa.array(kept))
    sheet = sheet._replace(table=table, place=place, notes=(*sheet.notes, *notes))
    there = [name for name in _PEOPLE if name in table.column_names]
    who = next((n for n in there if filled(table.column(n)).all()), "ResponseId")
    return _with(sheet, {"annotator": who}, [f"people are told apart by {who!r}."])


def _by_loop(sheet: Sheet) -> Sheet:
    """Read Qualtrics's loop and merge: columns LOOP_QUESTION, timings among them."""
    loops = _grouped(_LOOP, sheet.table.column_names)
    fields = list(dict.fromkeys(field for of in loops.values() for field in of))
    asked = [field for field in fields if not field.endswith(_TIMINGS)]
    answer = sheet.layout.columns.get("answer") or (
        asked[0] if len(asked) == 1 else None
    )
    if answer not in fields:
        got = f"the questions {list_names(asked)} in loops" if asked else "no loop"
        raise ValueError(
            f"{sheet.place.origin} is an export of Qualtrics with one row a person and "
            f"must say which question is answered, got {got}. Name it: in loops "
            "--column answer=QUESTION; for columns Q1, Q2 ... --wide 'answer=Q{item}'."
        )
    times = [field for field in fields if field.endswith("_Page Submit")]
    known = {"answer": str(answer)}
    if len(times) == 1:
        known["seconds"] = times[0]
    sheet = _long(sheet, loops, times=[*known.values()])
    shown = ", ".join(f"{field} from {name!r}" for field, name in known.items())
    return _with(sheet, known, [f"loops are items; {shown}."])
