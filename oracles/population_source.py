"""What is known about a population, number by number, with its source."""

import hashlib
import json
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_FEEDBACK = Path(__file__).parent / "feedback"
KINDS = tuple(sorted(m.name for m in pkgutil.iter_modules([str(_FEEDBACK)])))
"""Kinds of feedback: the files of `oracles.feedback`, none of which is loaded."""


@dataclass(frozen=True)
class Number:
    """One number of a population.

    Attributes:
        name: a parameter's name.
        kind: feedback kind it holds for, or "all".
        value: the number.
        unit: its unit in words.
        status: "calibrated" or "assumed".
        source: where it comes from.
    """

    name: str
    kind: str
    value: float
    unit: str
    status: str
    source: str

    def at(self, kind: str) -> "Number":
        """Return the same number for one kind."""
        return replace(self, kind=kind)


@dataclass(frozen=True)
class PopulationSource:
    """A population as published: numbers, sources and standing.

    Attributes:
        name: what it is called.
        summary: the population in a sentence.
        status: by kind, how far it may be trusted: validated, calibrated or assumed.
        numbers: every number it uses.
    """

    name: str
    summary: str
    status: Mapping[str, str]
    numbers: tuple[Number, ...]

    def values(self, kind: str) -> dict[str, float]:
        """Return the numbers that hold for one feedback kind, by name.

        A number for the kind itself goes before one for all.
        """
        everywhere = {n.name: n.value for n in self.numbers if n.kind == "all"}
        return everywhere | {n.name: n.value for n in self.numbers if n.kind == kind}

    def content_hash(self, kind: str) -> str:
        """Hash what decides the answers to one kind; names and sources say nothing."""
        text = json.dumps(self.values(kind), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
