"""Which format a file has: every module beside this one that offers a `FORMAT`.

A format joins as one file: it says by what it is recognised, and how it is read.
"""

import functools
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hitl_sim.participants import format as package
from hitl_sim.participants.answers import Answers
from hitl_sim.participants.cleaning.clean import Layout
from hitl_sim.participants.format.document import Entry, read_entries

_FOREIGN: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"annotation_id", "annotator"}),
        "Label Studio's JSON-MIN, which knows no skips. Export as JSON",
    ),
    (
        frozenset({"completions"}),
        "an export of Label Studio before 1.0 (completions), which names no people",
    ),
    (frozenset({"images", "annotations", "categories"}), "COCO, which names no people"),
    (
        frozenset({"paragraphs"}),
        "training data of spaCy or SQuAD, which names no people",
    ),
    (frozenset({"text", "ents"}), "documents of spaCy, which name no people"),
    (
        frozenset({"annotation", "annotation_agent"}),
        "records of Argilla before 1.8 or of Rubrix, which keep one answer each",
    ),
    (frozenset({"data_row", "projects"}), "an export of Labelbox"),
    (frozenset({"_via_settings"}), "a project of VGG Image Annotator"),
    (frozenset({"source-ref"}), "a manifest of SageMaker Ground Truth"),
)


# Objects of a file that are looked at until one is recognised.
_LOOKED_AT = 100
_SHOWN = 12


@dataclass(frozen=True)
class Format:
    """An export of one tool.

    Attributes:
        name: of the tool, and of the export.
        recognise: whether an object is of this format.
        read: turns the objects of a file into answers; takes the file's name for
            messages, what the columns mean, and the question that was asked for.
    """

    name: str
    recognise: Callable[[Mapping[str, Any], Layout], bool]
    read: Callable[[Sequence[Entry], str, Layout, str | None], Answers]


@functools.cache
def formats() -> tuple[Format, ...]:
    """Return every format, by the names of their modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (import_module(f"{package.__name__}.{name}") for name in names)
    found = (getattr(module, "FORMAT", None) for module in modules)
    return tuple(each for each in found if isinstance(each, Format))


def read_export(path: Path, layout: Layout, question: str | None = None) -> Answers:
    """Import answers that come as JSON, whichever tool wrote them.

    Raises:
        ValueError: the file cannot be read, is of no format that is known, or holds
            what cannot be meant.
    """
    entries = read_entries(path)
    for entry in entries[:_LOOKED_AT]:
        for each in formats():
            if each.recognise(entry.value, layout):
                return each.read(entries, str(path), layout, question)
    first = entries[0].value
    foreign = next((name for of, name in _FOREIGN if of <= set(first)), None)
    fields = ", ".join(map(repr, list(first)[:_SHOWN])) or "nothing"
    known = ", ".join(each.name for each in formats())
    got = foreign or f"objects with the fields {fields}"
    raise ValueError(f"{path}: must be an export of {known}, got {got}.")
