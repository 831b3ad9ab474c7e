"""What counted work takes in a chip: operations, and bytes moved by level.

Products of matrices are tiled for the chip's memories, so a level moves what their
reuse leaves; all other work streams (`energy.memory.split`). Leakage, clocks and
instructions are in none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.analysis.chance.estimate import number
from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.array import FloatArray
from hitl_sim.energy import Kind
from hitl_sim.energy.count import Operations
from hitl_sim.energy.memory import EnergySplit, Product, load_technology, split_energy
from hitl_sim.energy.multiplier import with_multiplier
from hitl_sim.energy.provenance import weakest
from hitl_sim.record import RecordError

TECHNOLOGY = "cmos-45nm"
"""The chip that stands beside the study's device."""
OPERATIONS = "operations"
"""Name of the part that is no level."""
_MULTIPLIED = "int8 multiply"


@dataclass(frozen=True)
class ChipUse:
    """What some work takes in a chip, by part, at the technology's own values.

    Attributes:
        joules: J by part: operations first, then levels from the arithmetic outwards.
        kind: how the weakest of them is known.
        operations_kind: how those of the operations are.
    """

    joules: Mapping[str, float]
    kind: Kind
    operations_kind: Kind

    @property
    def whole(self) -> float:
        """Return all parts together, J."""
        return sum(self.joules.values())

    @property
    def operations(self) -> float:
        """Return the joules of the operations, J."""
        return self.joules[OPERATIONS]

    def share(self, part: str) -> float:
        """Return a part's share of the whole."""
        return self.joules[part] / self.whole


class Chip:
    """A study's units of work in one chip."""

    def __init__(
        self, splits: Mapping[str, EnergySplit], *, is_paper: bool = False
    ) -> None:
        """Hold what each unit takes.

        Args:
            splits: operations and bytes by level, by name of the unit.
            is_paper: whether nobody has built the chip, so that all it takes is
                hypothetical.
        """
        self._splits = splits
        kinds = [Kind.HYPOTHETICAL] if is_paper else []
        self._parts = {name: _parts(split, kinds) for name, split in splits.items()}

    def with_multiplier(self, name: str) -> Chip:
        """Return the chip with an approximate multiplier in place of the exact one.

        Args:
            name: of its design.
        """
        return Chip(
            {
                unit: with_multiplier(split, name)
                if _MULTIPLIED in split.operations
                else split
                for unit, split in self._splits.items()
            },
            is_paper=True,
        )

    def unit(self, name: str) -> ChipUse:
        """Return what one unit takes."""
        return self._parts[name]

    def amounts(self, names: tuple[str, ...], pooled: FloatArray) -> ChipUse:
        """Return what amounts of units take; names of no unit are left out."""
        used = [
            (self._parts[name], count)
            for name, count in zip(names, pooled.tolist(), strict=True)
            if name in self._parts and count > 0.0
        ]
        levels = [level.name for level in load_technology(TECHNOLOGY).level]
        return ChipUse(
            {
                part: sum(use.joules[part] * count for use, count in used)
                for part in (OPERATIONS, *levels)
            },
            weakest(use.kind for use, _ in used),
            weakest(use.operations_kind for use, _ in used),
        )

    def cost_sample(
        self, amounts: CostSample, *, only_operations: bool = False
    ) -> CostSample:
        """Return what each run spends, J."""
        return amounts.priced_by(
            {
                name: use.operations if only_operations else use.whole
                for name, use in self._parts.items()
            }
        )


def price_chip(work: Mapping[str, Mapping[str, Any]]) -> Chip:
    """Price units of work in a chip of `TECHNOLOGY`.

    Args:
        work: units as the manifest counted them, by name.

    Raises:
        RecordError: a unit lacks its products.
    """
    return Chip({name: _split(name, unit) for name, unit in work.items()})


def _parts(split: EnergySplit, kinds: list[Kind]) -> ChipUse:
    computed, moved = split.compute, split.memory
    levels = {name: number(joules) for name, joules in split.levels.items()}
    return ChipUse(
        {OPERATIONS: number(computed)} | levels,
        weakest([computed.kind, moved.kind, *kinds]),
        weakest([computed.kind, *kinds]),
    )


def _split(name: str, unit: Mapping[str, Any]) -> EnergySplit:
    if "products" not in unit:
        raise RecordError(
            f"`units.{name}` in the manifest must have the field 'products', got"
            f" {', '.join(unit)}. Run the study into a new folder."
        )
    products = {Product.from_json(table): table["times"] for table in unit["products"]}
    operations = Operations(unit["flops"], unit["bytes_moved"], unit["num_kernels"])
    return split_energy(operations, products, load_technology(TECHNOLOGY))
