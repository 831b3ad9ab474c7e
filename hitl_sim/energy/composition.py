"""What a sum is made of: parts of different kinds, some perhaps unavailable."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hitl_sim.energy.error import Values, from_plain
from hitl_sim.energy.provenance import Kind, Scope, is_overlapping


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One ingredient of a sum.

    Attributes:
        kind: how the part is known.
        scope: what it covers.
        source: where it comes from.
        of: whose it is, a path such as `host/gpu0`.
        value: the part's value, or `None` when it is unavailable.
        reason: why it is unavailable.
    """

    kind: Kind
    scope: Scope
    source: str
    of: str = ""
    value: Values | None = None
    reason: str = ""

    @property
    def label(self) -> str:
        """Return the name under which the part is printed."""
        return self.of or self.scope.value.replace("_", " ")


Parts = tuple[Part, ...]


def merge_parts(parts: Iterable[Part]) -> Parts:
    """Add the values of parts that differ in nothing else."""
    merged: dict[tuple[object, ...], Part] = {}
    for part in parts:
        key = (part.kind, part.scope, part.source, part.of, part.reason)
        value = part.value
        if key in merged and value is not None:
            value = add_parts((merged[key], part))
        merged[key] = replace(part, value=value)
    return tuple(merged.values())


def add_parts(parts: Parts) -> Values | None:
    """Return the sum of what is known, or `None` when nothing is."""
    values = [part.value for part in parts if part.value is not None]
    return sum(values[1:], start=values[0]) if values else None


def check_disjoint(parts: Parts, others: Parts) -> None:
    """Refuse to count the same thing twice.

    Raises:
        ValueError: a part lies inside another one, at the same place.
    """
    for part in parts:
        for other in others:
            if is_overlapping(part.scope, part.of, other.scope, other.of):
                raise ValueError(
                    "`scope` must be disjoint from what it is added to, got"
                    f" {_place(part)} and {_place(other)}. If they are different"
                    " devices, name each with `of`."
                )


def common_scope(parts: Parts) -> Scope:
    """Return the scope of all parts, or `several`."""
    scopes = {part.scope for part in parts}
    return scopes.pop() if len(scopes) == 1 else Scope.SEVERAL


def common_place(parts: Parts) -> str:
    """Return the deepest place that holds all parts; empty when they share none."""
    steps = zip(*(part.of.split("/") for part in parts), strict=False)
    shared = itertools.takewhile(lambda names: len(set(names)) == 1, steps)
    return "/".join(names[0] for names in shared)


def join_texts(texts: Iterable[str]) -> str:
    """Join different texts, each once, in order of appearance."""
    return "; ".join(dict.fromkeys(text for text in texts if text))


def shares_by_kind(parts: Parts) -> dict[Kind, float]:
    """Return the share of the known value by kind, strongest kind first."""
    sizes: dict[Kind, float] = {}
    for part in sorted(parts, key=lambda part: part.kind.rank):
        if part.value is not None:
            size = float(np.sum(np.abs(part.value)))
            sizes[part.kind] = sizes.get(part.kind, 0.0) + size
    whole = sum(sizes.values())
    if whole == 0.0:
        return {kind: 1.0 / len(sizes) for kind in sizes}
    return {kind: size / whole for kind, size in sizes.items()}


def describe_parts(parts: Parts) -> str:
    """Say in words what a value consists of.

    A sum with unavailable parts names each part; any other sum gives shares by kind.
    """
    if any(part.value is None for part in parts):
        words = (
            f"{part.label} {part.kind.words}"
            + (f": {part.reason}" if part.reason else "")
            for part in parts
        )
        return "; ".join(dict.fromkeys(words))
    shares = shares_by_kind(parts)
    if len(shares) == 1:
        return next(iter(shares)).words
    return ", ".join(
        f"{100 * share:.0f} % {kind.words}" for kind, share in shares.items()
    )


def _place(part: Part) -> str:
    return f"{part.scope.value} of {part.of or 'an unnamed place'}"


def part_from_json(data: Mapping[str, Any]) -> Part:
    """Rebuild a part from plain values."""
    known = {"kind": Kind(data["kind"]), "scope": Scope(data["scope"])}
    return Part(**{**data, **known, "value": from_plain(data["value"])})
