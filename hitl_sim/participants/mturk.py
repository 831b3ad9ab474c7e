"""Batch results of Amazon Mechanical Turk: a row an assignment, known by the header.

References:
    Amazon Mechanical Turk, Requester UI Guide, "Batch results": columns `HITId`,
    `AssignmentId`, `WorkerId`, `AssignmentStatus`, `WorkTimeInSeconds`, `Input.*`,
    `Answer.*`; Crowd HTML Elements put one JSON text into `Answer.taskAnswers`.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hitl_sim.participants.column import Place, list_names

_ANSWER = "Answer."
_TASK = "Answer.taskAnswers"
_ITEMS = ("Input.item", "Input.item_id", "Input.id")
_TRUTH = {"true": True, "false": False}
_CHOSEN = "Answer"


def read_batch(
    table: pa.Table, said: Mapping[str, str], place: Place
) -> tuple[pa.Table, dict[str, str], list[str]]:
    """Find worker, item, answer and times of every assignment.

    Args:
        table: batch results.
        said: what the user says of columns.
        place: the file.

    Returns:
        The table, where boxes that are ticked became one column of answers; the column
        behind each field; and notes.

    Raises:
        ValueError: the answers stand in several columns; names them.
    """
    table = _unpacked(table, place)
    columns = {
        "annotator": "WorkerId",
        "item": next((n for n in _ITEMS if n in table.column_names), "HITId"),
        "seconds": "WorkTimeInSeconds",
        "started": "AcceptTime",
    }
    notes = [
        "read as batch results of Mechanical Turk; items are told apart by "
        f"{said.get('item', columns['item'])!r}."
    ]
    if "answer" not in said and "answer" not in table.column_names:
        table, columns["answer"] = _answer_of(table, place)
    if "AssignmentStatus" in table.column_names:
        rejected = pc.sum(
            pc.equal(table.column("AssignmentStatus"), "Rejected")
        ).as_py()
        if rejected:
            notes.append(
                f"{rejected} answers were rejected by who asked (AssignmentStatus). "
                "They are kept: people gave them, and took the time. Take their rows "
                "out of the file to leave them out."
            )
    return table, columns, notes


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
        "|".join(o for o, box in zip(options, row, strict=True) if _is_true(box))
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


def _is_true(box: Any) -> bool:
    return _TRUTH[str(box or "false").lower()]


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
