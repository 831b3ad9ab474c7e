"""What approximate multipliers are said to save, if somebody made the chip.

The shipped numbers (`data/multipliers.toml`) are shares of the energy of exact 8-bit
multiplications, at the scope of a chip. Adders, memory and everything else of a step
stay as they are. No machine here has such a multiplier, so joules that rest on one are
hypothetical, and `Quantity.require` never takes them for measured or modelled.
"""

from dataclasses import replace
from typing import Any

import msgspec

from hitl_sim.energy.memory.split import EnergySplit
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.energy.shipped import named, read_shipped

_REPLACED = "int8 multiply"
"""The operations that an approximate 8-bit multiplier stands in for."""


class Saving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of the energy of exact multiplication that a design saves.

    Attributes:
        value: the share.
        low: lower end of its 95 % interval.
        high: upper end.
        year: of the source.
        source: where it comes from, and what in it is assumed.
    """

    value: float
    low: float
    high: float
    year: int
    source: str


def multiplier_saving(name: str) -> Quantity:
    """Return the share of multiplication energy that a design is said to save.

    Raises:
        ValueError: no figure ships for this design.
    """
    designs = read_shipped("multipliers.toml", dict[str, Any])["design"]
    known = msgspec.convert(designs, dict[str, Saving])
    saving = named(known, name, "multiplier")
    ends, kind = (saving.low, saving.high), Kind.HYPOTHETICAL
    return Quantity(saving.value, "1", kind, Scope.CONSTANT, ends, saving.source)


def approximate_energy(multiplication: Quantity, name: str) -> Quantity:
    """Return what multiplications would take with an approximate multiplier.

    Returns:
        The energy times (1 - saving of the design); hypothetical.

    Raises:
        ValueError: the energy is not at chip scope, or the design is not known.
    """
    if multiplication.scope is not Scope.CHIP:
        raise ValueError(
            "`multiplication` must be at scope chip, where multipliers are compared,"
            f" got {multiplication.scope.value}."
        )
    saving = multiplier_saving(name)
    left = Quantity(1.0, "1", Kind.HYPOTHETICAL, Scope.CONSTANT, (1.0, 1.0), "whole")
    return multiplication.times(
        replace(left - saving, source=saving.source), unit=multiplication.unit
    )


def with_multiplier(split: EnergySplit, name: str) -> EnergySplit:
    """Return a split whose int8 multiplications an approximate multiplier makes.

    Additions and bytes stay as they are, so the saving of the whole is a share of that
    of the multiplications.

    Raises:
        ValueError: the program multiplies nothing in int8, the split is not at chip
        scope,
            or the design is not known.
    """
    if _REPLACED not in split.operations:
        names = ", ".join(map(repr, split.operations))
        raise ValueError(f"`split` must hold '{_REPLACED}', got {names}.")
    multiplied = approximate_energy(split.operations[_REPLACED], name)
    return replace(split, operations={**split.operations, _REPLACED: multiplied})
