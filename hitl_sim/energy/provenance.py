"""How a number is known (`Kind`), what it covers (`Scope`), and what a sum consists of.

Its parts may be of different kinds, and some unavailable.
"""

import enum
import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.energy.error import Values, from_plain


@functools.total_ordering
class Kind(enum.Enum):
    """How a number is known, strongest first; `a < b` reads "a is weaker than b"."""

    MEASURED_COUNTER = "measured_counter"
    """Difference of two readings of a counter that accumulates."""
    MEASURED_SAMPLED = "measured_sampled"
    """Samples of a rate, integrated over time."""
    MODELLED_CALIBRATED = "modelled_calibrated"
    """A model whose constants were fitted to this device's own counters."""
    MODELLED_ANALYTIC = "modelled_analytic"
    """Counts of operations times constants, from datasheets or stated assumptions."""
    SIMULATED = "simulated"
    """What an annotator model did; its population is the source."""
    ASSUMED = "assumed"
    """A constant that a person chose."""
    HYPOTHETICAL = "hypothetical"
    """For hardware or sizes that were never observed."""
    UNAVAILABLE = "unavailable"
    """Not known. Never zero."""

    def __init__(self, _: str) -> None:
        """Take the next place in the order: `rank` is 0 for the strongest kind."""
        self.rank = len(type(self).__members__)

    @property
    def words(self) -> str:
        """Return the name as it is printed for people."""
        return self.value.replace("_", " ")

    def __lt__(self, other: object) -> bool:
        """Return whether this kind is weaker than the other."""
        if not isinstance(other, Kind):
            return NotImplemented
        return self.rank > other.rank


def weakest(kinds: Iterable[Kind]) -> Kind:
    """Return the weakest of some kinds: the kind of what is mixed from them."""
    found = list(kinds)
    return max(found, key=lambda kind: kind.rank)


class Scope(enum.Enum):
    """What a number covers; one list for joules, seconds, money and constants."""

    CHIP = "chip"
    BOARD = "board"
    MODULE = "module"
    PACKAGE = "package"
    DRAM = "dram"
    NODE = "node"
    WALL = "wall"
    FACILITY = "facility"
    OVERHEAD = "overhead"
    """Cooling and power delivery beyond the equipment itself: (PUE - 1) parts of it."""
    EMBODIED = "embodied"
    """Manufacture of the equipment."""
    WORKSTATION = "workstation"
    PERSON = "person"
    """All that a person causes while working, the workstation included."""
    DEVICE_TIME = "device_time"
    HUMAN_TIME = "human_time"
    ELAPSED_TIME = "elapsed_time"
    MONEY = "money"
    CONSTANT = "constant"
    """A price, factor or rate that belongs to no boundary."""
    SEVERAL = "several"
    """A sum over parts of different scopes; the parts keep their own."""


_INSIDE: dict[Scope, frozenset[Scope]] = {
    Scope.BOARD: frozenset({Scope.CHIP}),
    Scope.MODULE: frozenset({Scope.CHIP, Scope.BOARD, Scope.PACKAGE, Scope.DRAM}),
    Scope.PACKAGE: frozenset({Scope.CHIP}),
    Scope.NODE: frozenset(
        {Scope.CHIP, Scope.BOARD, Scope.MODULE, Scope.PACKAGE, Scope.DRAM}
    ),
    Scope.PERSON: frozenset({Scope.WORKSTATION}),
    Scope.ELAPSED_TIME: frozenset({Scope.DEVICE_TIME, Scope.HUMAN_TIME}),
}
_INSIDE[Scope.WALL] = _INSIDE[Scope.NODE] | {Scope.NODE}
_INSIDE[Scope.FACILITY] = _INSIDE[Scope.WALL] | {Scope.WALL, Scope.OVERHEAD}


def is_overlapping(scope: Scope, of: str, other_scope: Scope, other_of: str) -> bool:
    """Return whether two numbers count the same thing twice.

    They do when one scope lies inside the other and both belong to the same place.
    Equal scopes never overlap: they are two windows, or two devices of a kind.

    Args:
        scope: what the first number covers.
        of: whose it is, as a path such as `host/gpu0`; empty when not said.
        other_scope: what the second number covers.
        other_of: whose that is. Two places are different only if neither path is the
            beginning of the other, so an unnamed place may be anywhere.
    """
    if scope is other_scope:
        return False
    inside, other_inside = (_INSIDE.get(s, frozenset()) for s in (scope, other_scope))
    if other_scope not in inside and scope not in other_inside:
        return False
    paths = (filter(None, path.split("/")) for path in (of, other_of))
    return all(step == other for step, other in zip(*paths, strict=False))


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

    def having(self, value: Values | None) -> "Part":
        """Return the part with another value."""
        return Part(self.kind, self.scope, self.source, self.of, value, self.reason)

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
        is_more = key in merged and part.value is not None
        value = add_parts((merged[key], part)) if is_more else part.value
        merged[key] = part.having(value) if is_more else part
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
            size = _size(part.value)
            sizes[part.kind] = sizes.get(part.kind, 0.0) + size
    whole = sum(sizes.values())
    if whole == 0.0:
        return {kind: 1.0 / len(sizes) for kind in sizes}
    return {kind: size / whole for kind, size in sizes.items()}


def _size(values: Values) -> float:
    return abs(values) if isinstance(values, float) else float(abs(values).sum())


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
