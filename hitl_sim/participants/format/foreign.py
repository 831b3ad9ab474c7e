"""Name formats that hold no people's answers, or not as they can be imported."""

from collections.abc import Mapping
from typing import Any

_FOREIGN: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"annotation_id", "annotator"}),
        "Label Studio's JSON-MIN, which knows no skips. Export as JSON",
    ),
    (
        frozenset({"completions"}),
        "an export of Label Studio before 1.0 (completions), which names no people",
    ),
    (
        frozenset({"images", "annotations", "categories"}),
        "COCO, which names no people",
    ),
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


def name_foreign(value: Mapping[str, Any]) -> str | None:
    """Return what an object is, if it is of a known format that is not imported."""
    there = frozenset(value)
    return next((name for fields, name in _FOREIGN if fields <= there), None)
