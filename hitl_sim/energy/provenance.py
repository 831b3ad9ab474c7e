"""How a number came to be known (`Kind`) and what it covers (`Scope`)."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable


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

    @property
    def rank(self) -> int:
        """Return the place in the order, 0 for the strongest kind."""
        return _RANK[self]

    @property
    def words(self) -> str:
        """Return the name as it is printed for people."""
        return self.value.replace("_", " ")

    def __lt__(self, other: object) -> bool:
        """Return whether this kind is weaker than the other."""
        if not isinstance(other, Kind):
            return NotImplemented
        return self.rank > other.rank


_RANK = {kind: rank for rank, kind in enumerate(Kind)}


def weakest(kinds: Iterable[Kind]) -> Kind:
    """Return the weakest of some kinds: the kind of what is mixed from them."""
    return min(kinds)


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
    inside, other_inside = (_INSIDE.get(s, frozenset()) for s in (scope, other_scope))
    paths = (filter(None, path.split("/")) for path in (of, other_of))
    is_same_place = all(step == other for step, other in zip(*paths, strict=False))
    return is_same_place and (other_scope in inside or scope in other_inside)
