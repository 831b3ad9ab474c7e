"""Which format a file has: every module beside this one that offers a `FORMAT`.

A format joins as one file: the tool that it is of, by what it is recognised, and how it
is read. What no tool wrote may be rows of one's own.
"""

import functools
import pkgutil
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from hitl_sim.participants import format as package
from hitl_sim.participants.answers import Answers
from hitl_sim.participants.cleaning.clean import Layout, clean, refuse_question
from hitl_sim.participants.format.document import Entry, read_entries
from hitl_sim.participants.format.gather import gather
from hitl_sim.participants.format.task import Tool, as_label, find, name_items

_FOREIGN = {
    frozenset(fields.split()): name
    for fields, name in (
        (
            "annotation_id annotator",
            "Label Studio's JSON-MIN, which knows no skips. Export as JSON",
        ),
        (
            "completions",
            "an export of Label Studio before 1.0 (completions), which names no people",
        ),
        ("images annotations categories", "COCO, which names no people"),
        ("paragraphs", "training data of spaCy or SQuAD, which names no people"),
        ("text ents", "documents of spaCy, which name no people"),
        (
            "annotation annotation_agent",
            "records of Argilla before 1.8 or of Rubrix, which keep one answer each",
        ),
        ("data_row projects", "an export of Labelbox"),
        ("_via_settings", "a project of VGG Image Annotator"),
        ("source-ref", "a manifest of SageMaker Ground Truth"),
    )
}
"""Formats that are known and not read, by fields of their objects."""

# Objects of a file that are looked at until one is recognised.
_LOOKED_AT = 100
_SHOWN = 12


@functools.cache
def formats() -> tuple[Tool, ...]:
    """Return the tool of every format, by the names of their modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (import_module(f"{package.__name__}.{name}") for name in names)
    return tuple(module.FORMAT for module in modules if hasattr(module, "FORMAT"))


def read_export(path: Path, layout: Layout, question: str | None = None) -> Answers:
    """Import answers that come as JSON, whichever tool wrote them.

    Raises:
        ValueError: the file cannot be read, is of no format that is known, or holds
            what cannot be meant.
    """
    entries = read_entries(path)
    for entry in entries[:_LOOKED_AT]:
        for tool in formats():
            if tool.recognise(entry.value):
                return gather(find(tool, entries, str(path)), layout, question)
        if is_row(entry.value, layout):
            refuse_question(question)
            return read_rows(entries, str(path), layout)
    first = entries[0].value
    foreign = next((name for of, name in _FOREIGN.items() if of <= set(first)), None)
    fields = ", ".join(map(repr, list(first)[:_SHOWN])) or "nothing"
    known = ", ".join([*(tool.name for tool in formats()), ROWS])
    got = foreign or f"objects with the fields {fields}"
    raise ValueError(f"{path}: must be an export of {known}, got {got}.")


ROWS = "rows with annotator, item and answer"
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
