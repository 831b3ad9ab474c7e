"""What counted arithmetic takes in a chip, without memory, clocks, instructions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hitl_sim.energy import Quantity, total
from hitl_sim.energy.memory import load_technology
from hitl_sim.energy.multiplier import approximate_energy

_SUM_DTYPE: Final = {"int8": "int32"}
"""What products of a type are summed in, where it is another."""
_INTEGERS: Final = ("int32", "uint32")


def operation_joules(
    flops: Mapping[str, float], technology: str, multiplier: str | None = None
) -> Quantity:
    """Return the energy of counted operations, by published joules of each.

    Operations of int8 and float32 are nearly all those of products, one multiplication
    to one addition, and are all priced so; other whole numbers are counters and random
    bits, priced as additions. This is the arithmetic alone: bytes are left out.

    Args:
        flops: operations by data type.
        technology: name of the technology.
        multiplier: design that makes the int8 multiplications; exact if left out.

    Returns:
        J; hypothetical with a multiplier.
    """
    known = load_technology(technology)
    parts = []
    for dtype, number in flops.items():
        if dtype in _INTEGERS:
            parts.append(known.operation_energy("int32", "add").scaled(number))
            continue
        if dtype not in known.operation:
            # comparisons and truth values: next to nothing, as additions of bytes
            parts.append(known.operation_energy("int8", "add").scaled(number))
            continue
        summed = _SUM_DTYPE.get(dtype, dtype)
        multiplied = known.operation_energy(dtype, "multiply").scaled(number / 2)
        if multiplier is not None and dtype == "int8":
            multiplied = approximate_energy(multiplied, multiplier)
        parts += [multiplied, known.operation_energy(summed, "add").scaled(number / 2)]
    return total(parts)
