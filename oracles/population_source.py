"""Named populations: what is known about each, number by number, with its source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

KINDS = (
    "label",
    "verification",
    "relevance",
    "importance",
    "marks",
    "preference",
    "difficulty",
)


@dataclass(frozen=True)
class Number:
    """One number of a population.

    Attributes:
        name: what it is, a trait or a dial.
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


@dataclass(frozen=True)
class PopulationSource:
    """A named population as published: numbers, sources and standing.

    Attributes:
        name: one of `POPULATIONS`.
        summary: the population in a sentence.
        status: by kind, how far it may be trusted: validated, calibrated or assumed.
        numbers: every number it uses.
    """

    name: str
    summary: str
    status: Mapping[str, str]
    numbers: tuple[Number, ...]

    def values(self, kind: str) -> dict[str, float]:
        """Return the numbers that hold for one feedback kind, by name."""
        return {n.name: n.value for n in self.numbers if n.kind in (kind, "all")}


def describe_population(name: str) -> PopulationSource:
    """Look a population up by name.

    Raises:
        ValueError: there is no such population.
    """
    if name not in POPULATIONS:
        allowed = ", ".join(repr(known) for known in POPULATIONS)
        raise ValueError(f"`population` must be one of {allowed}, got {name!r}.")
    return POPULATIONS[name]


def _load() -> Mapping[str, PopulationSource]:
    text = resources.files("oracles").joinpath("data/populations.toml").read_text()
    tables = tomllib.loads(text)
    default = tables.pop("default")
    return MappingProxyType(
        {name: _source(name, table, default) for name, table in tables.items()}
    )


def _source(
    name: str, table: dict[str, Any], default: dict[str, Any]
) -> PopulationSource:
    summary, status = table.pop("summary"), table.pop("status")
    numbers = tuple(
        Number(name=trait, kind=kind, **number)
        for trait, by_kind in {**default, **table}.items()
        for kind, number in by_kind.items()
    )
    return PopulationSource(name, summary, MappingProxyType(status), numbers)


POPULATIONS: Mapping[str, PopulationSource] = _load()
