"""What approximate multipliers are said to save, if somebody made the chip.

The shipped numbers (`data/multipliers.toml`) are shares of the energy of exact 8-bit
multiplications, at the scope of a chip. Adders, memory and everything else of a step
stay as they are. No machine here has such a multiplier, so joules that rest on one are
hypothetical, and `Quantity.require` never takes them for measured or modelled.
"""

from dataclasses import replace
from typing import Any

from hitl_sim.energy.memory.split import EnergySplit
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact
from hitl_sim.energy.shipped import named, read_shipped

_REPLACED = "int8 multiply"
"""The operations that an approximate 8-bit multiplier stands in for."""


def multiplier_saving(name: str) -> Quantity:
    """Return the share of multiplication energy that a design is said to save.

    Raises:
        ValueError: no figure ships for this design.
    """
    designs = read_shipped("multipliers.toml", dict[str, Any])["design"]
    found = named(designs, name, "multiplier")
    ends, kind = (found["low"], found["high"]), Kind.HYPOTHETICAL
    return Quantity(found["value"], "1", kind, Scope.CONSTANT, ends, found["source"])


def with_multiplier(split: EnergySplit, name: str) -> EnergySplit:
    """Return a split whose int8 multiplications an approximate multiplier makes.

    Each takes its energy times (1 - saving of the design), which is hypothetical.
    Additions and bytes stay as they are, so the saving of the whole is a share of that
    of the multiplications; a split without any stays as it is.

    Raises:
        ValueError: the design is not known.
    """
    if _REPLACED not in split.operations:
        return split
    saving = multiplier_saving(name)
    whole = exact(1.0, "1", Kind.HYPOTHETICAL, Scope.CONSTANT, "whole")
    left = replace(whole - saving, source=saving.source)
    multiplied = split.operations[_REPLACED].times(left, unit="J")
    return replace(split, operations={**split.operations, _REPLACED: multiplied})
