"""Who answers in a run: an annotator of this package, or one that a study brings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hitl_sim.part import Part, PartError, find
from oracles import Oracle

BUILT_IN = "random_utility"
"""Annotator of a crowd that names none."""


@dataclass(frozen=True)
class AnnotatorConfig:
    """An annotator, and its static options.

    Attributes:
        part: of kind "annotator".
        options: those that are given; each value is a program.
    """

    part: Part
    options: Mapping[str, Any] = field(default_factory=dict)


def oracle_of(annotator: AnnotatorConfig | None, feedback: str) -> Oracle:
    """Build what answers questions of a kind.

    Args:
        annotator: whose answers; the built-in ones' if None.
        feedback: kind of the questions, which an annotator with an option of that name
            is told.

    Raises:
        PartError: an option that it does not have, or something else than an `Oracle`.
    """
    chosen = annotator or AnnotatorConfig(find("annotator", BUILT_IN))
    part, options = chosen.part, dict(chosen.options)
    if "feedback" in part.options:
        options.setdefault("feedback", feedback)
    oracle = part(**part.with_options(options))
    if not isinstance(oracle, Oracle):
        raise PartError(
            f"annotator {part.name!r} must return an `oracles.Oracle`, got "
            f"{type(oracle).__name__}."
        )
    return oracle
