"""Import rows of one's own as JSON: an object for each answer, named as a table is."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hitl_sim.participants.answers import Answers
from hitl_sim.participants.cleaning.clean import (
    Layout,
    clean,
)
from hitl_sim.participants.format.document import Entry
from hitl_sim.participants.format.task import as_label, name_items

NAME = "rows with annotator, item and answer"
_NEEDED = ("annotator", "item")


def is_row(value: Mapping[str, Any], layout: Layout) -> bool:
    """Whether an object is an answer: flat, with a person and an item."""
    is_flat = not any(isinstance(each, dict | list) for each in value.values())
    return is_flat and all(layout.columns.get(n, n) in value for n in _NEEDED)


def read_rows(entries: Sequence[Entry], origin: str, layout: Layout) -> Answers:
    """Import objects as rows of a table.

    Raises:
        ValueError: as `clean`, or a field holds a list or an object.
    """
    ids = [entry.value.get(layout.columns.get("item", "item")) for entry in entries]
    _, place = name_items(entries, ids, origin)
    names = list(dict.fromkeys(name for entry in entries for name in entry.value))
    columns = {}
    for name in names:
        values = [entry.value.get(name) for entry in entries]
        for row, value in enumerate(values):
            if isinstance(value, dict | list):
                raise place.refuse(row, name, "a text or a number", value)
        columns[name] = _column(values)
    return clean(pa.table(columns), layout, place, has_marks=True)


def _column(values: list[Any]) -> pa.Array:
    """Keep numbers and flags as they are; a column that mixes them is of texts."""
    for kind in (bool, int, int | float):
        if all(value is None or _is(value, kind) for value in values):
            try:
                return pa.array(values, pa.float64() if kind == int | float else None)
            except (OverflowError, pa.ArrowInvalid):
                break
    return pa.array([None if value is None else as_label(value) for value in values])


def _is(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
