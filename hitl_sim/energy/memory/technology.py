"""What operations and bytes take in a technology, all of one scope."""

from __future__ import annotations

import functools
from typing import Literal

import msgspec

from hitl_sim.energy.profile import Constant
from hitl_sim.energy.quantity import Quantity, Scope, unavailable
from hitl_sim.energy.shipped import named, shipped_table
from hitl_sim.unit import J_PER_PICOJOULE

Operation = Literal["add", "multiply"]


class Level(Constant, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place where data rest.

    Attributes:
        name: register, l1, l2 or dram.
        capacity_b: what it holds, B; None where it holds everything.
    """

    name: str
    capacity_b: int | None = None


class Technology(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A technology, such as logic of a 45 nm chip.

    Attributes:
        name: its name.
        description: what its numbers stand for, and what they leave out.
        scope: what all of its joules cover.
        year: of its source.
        operation: energy of one addition and one multiplication by data type, pJ.
        level: the places where data rest, nearest to the arithmetic first, with the
            energy of one byte read or written there, pJ.

    Raises:
        ValueError: the last level is bounded, another is not, or capacities fall.
    """

    name: str
    description: str
    scope: Literal["chip", "board"]
    year: int
    operation: dict[str, dict[Operation, Constant]]
    level: tuple[Level, ...]

    def __post_init__(self) -> None:
        """Refuse levels that do not stand in order."""
        *inner, last = [level.capacity_b for level in self.level]
        sizes = [size for size in inner if size is not None]
        if last is not None or sizes != inner or sizes != sorted(sizes):
            raise ValueError(
                "`capacity_b` must rise from level to level and be left out for the"
                f" last, got {[*inner, last]}"
            )

    def operation_energy(self, dtype: str, operation: Operation) -> Quantity:
        """Return the energy of one operation, J; unavailable where none is known."""
        found = self.operation.get(dtype, {}).get(operation)
        if found is None:
            reason = f"no energy of a {dtype} {operation} in {self.name}"
            return unavailable("J", Scope(self.scope), reason)
        return self._of(found, "J", f"{dtype} {operation}")

    def byte_energy(self, name: str) -> Quantity:
        """Return the energy of one byte read or written at a level, J/B.

        Raises:
            ValueError: the technology has no such level.
        """
        level = named({level.name: level for level in self.level}, name, "level")
        return self._of(level, "J/B", name)

    def _of(self, constant: Constant, unit: str, what: str) -> Quantity:
        scope, what = Scope(self.scope), f"{self.name}, {what}"
        return constant.quantity(unit, scope, what, scale=J_PER_PICOJOULE)


@functools.cache
def load_technology(name: str) -> Technology:
    """Return a shipped technology.

    Raises:
        ValueError: there is none of this name.
    """
    found = shipped_table("technologies.toml", "technology", Technology)
    return named(found, name, "technology")
