"""What numbers rest on, each told once: kind, scope, unit and the parts of sources.

The source of a product, a sum or a quotient is written out of those of its parts
(`a x b; c / d`), and long ones hold the same parts many times. Here a number names a
basis, a basis names its parts, and each text stands once.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hitl_sim.energy import Kind, Quantity

_JOINT = re.compile(r" x | / |; ")


class Basis(NamedTuple):
    """What some numbers have in common.

    Attributes:
        unit: of them.
        kind: the weakest among their parts.
        scope: what they cover.
        sources: places of their sources among `Bases.texts`.
        reason: why they, or parts of them, are unavailable; empty where they are not.
    """

    unit: str
    kind: str
    scope: str
    sources: tuple[int, ...]
    reason: str


@dataclass
class Bases:
    """Bases and the texts of their sources, in the order in which they are named.

    Attributes:
        found: place of each basis.
        texts: place of each source.
    """

    found: dict[Basis, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    _parts: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    def of(self, quantity: Quantity) -> int:
        """Return the place of a quantity's basis, taking it in if it is new."""
        told = quantity.unit, quantity.kind.value, quantity.scope.value
        return self.take(*told, sources_of(quantity), quantity.reason)

    def take(
        self, unit: str, kind: str, scope: str, sources: Iterable[str], reason: str = ""
    ) -> int:
        """Return the place of a basis by its fields, sources as texts."""
        places = (place for text in sources for place in self._places(text))
        basis = Basis(unit, kind, scope, tuple(dict.fromkeys(places)), reason)
        return self.found.setdefault(basis, len(self.found))

    def _places(self, source: str) -> tuple[int, ...]:
        """Return the places of the parts of one source."""
        if source not in self._parts:
            parts = dict.fromkeys(_JOINT.split(source))
            self._parts[source] = tuple(
                self.texts.setdefault(part, len(self.texts)) for part in parts
            )
        return self._parts[source]

    def as_data(self) -> dict[str, Any]:
        """Return both lists as JSON values, each basis as a row of its fields."""
        return {
            "basis_columns": Basis._fields,
            "bases": [list(basis) for basis in self.found],
            "sources": list(self.texts),
        }


def sources_of(quantity: Quantity) -> tuple[str, ...]:
    """Return where what is known of a quantity comes from, part by part."""
    if quantity.value is None:
        return ()
    if not quantity.composition:
        return (quantity.source,)
    known = [p for p in quantity.composition if p.kind is not Kind.UNAVAILABLE]
    return tuple(dict.fromkeys(part.source for part in known))
