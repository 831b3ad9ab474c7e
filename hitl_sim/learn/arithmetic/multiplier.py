"""Published 8-bit multipliers that leave circuitry out and err for it.

Each is given bit by bit, as a formula on whole numbers, for unsigned operands of any
width; signs are handled apart (sign and magnitude), as their authors do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WIDTH = 8
"""Bits of an operand's magnitude."""

Ints = npt.NDArray[np.int64]


def exact(a: Ints, b: Ints) -> Ints:
    """Multiply exactly."""
    return a * b


def mitchell(a: Ints, b: Ints) -> Ints:
    """Multiply by adding straight-line logarithms.

    With a = 2^i (1 + u) and b = 2^j (1 + v), log2 a is taken as i + u: the product is
    2^(i+j) (1 + u + v) where u + v < 1, else 2^(i+j+1) (u + v). Both are whole numbers.
    It is never too large, and at most a ninth too small.

    References:
        Mitchell (1962), Computer multiplication and division using binary logarithms,
        IRE Transactions on Electronic Computers EC-11(4), 512-517.
    """
    i, j = leading_bit(a), leading_bit(b)
    one = np.int64(1) << (i + j)
    fractions = ((a - (1 << i)) << j) + ((b - (1 << j)) << i)
    product = np.where(fractions < one, one + fractions, 2 * fractions)
    return np.where((a > 0) & (b > 0), product, 0)


def drum(a: Ints, b: Ints, num_bits: int) -> Ints:
    """Multiply the leading bits of each operand exactly, and shift the product back.

    Of an operand longer than k bits, the k bits from its leading one on are kept, the
    last of them set to 1: the middle of what was cut off, so that errors have hardly
    any bias.

    References:
        Hashemi, Bahar and Reda (2015), DRUM: a dynamic range unbiased multiplier for
        approximate applications, ICCAD, 418-425.
    """
    return _leading_part(a, num_bits) * _leading_part(b, num_bits)


def truncated(a: Ints, b: Ints, num_columns: int) -> Ints:
    """Multiply with the cells of the lowest columns left out.

    The product is the sum of 2^(i+j) a_i b_j over the bits i of a and j of b with
    i + j >= v: a broken-array multiplier whose vertical break is at column v.

    References:
        Mahdiani, Ahmadi, Fakhraie and Lucas (2010), Bio-inspired imprecise
        computational blocks for efficient VLSI implementation of soft-computing
        applications, IEEE Transactions on Circuits and Systems I 57(4), 850-862.
    """
    product = a * b
    for i in range(num_columns):
        low = b & ((1 << (num_columns - i)) - 1)
        product = product - (((a >> i) & 1) * low << i)
    return product


def leading_bit(a: Ints) -> Ints:
    """Return the place of the highest set bit; 0 for 0."""
    place = np.zeros_like(a)
    for shift in (16, 8, 4, 2, 1):
        is_above = (a >> (place + shift)) > 0
        place = np.where(is_above, place + shift, place)
    return place


def _leading_part(a: Ints, num_bits: int) -> Ints:
    shift = leading_bit(a) - (num_bits - 1)
    cut = np.maximum(shift, 0)
    return np.where(shift > 0, ((a >> cut) | 1) << cut, a)


@dataclass(frozen=True)
class Multiplier:
    """A design.

    Attributes:
        name: as studies name it.
        multiply: product of unsigned operands, whole numbers of any shape.
        source: where it was published.
    """

    name: str
    multiply: Callable[[Ints, Ints], Ints]
    source: str


_MITCHELL = "Mitchell (1962), IRE Transactions on Electronic Computers EC-11(4)"
_DRUM = "Hashemi, Bahar and Reda (2015), DRUM, ICCAD"
_BROKEN = "Mahdiani et al. (2010), IEEE Transactions on Circuits and Systems I 57(4)"


def _drum(num_bits: int) -> Multiplier:
    return Multiplier(f"drum{num_bits}", lambda a, b: drum(a, b, num_bits), _DRUM)


def _truncated(num_columns: int) -> Multiplier:
    return Multiplier(
        f"truncated{num_columns}", lambda a, b: truncated(a, b, num_columns), _BROKEN
    )


_DESIGNS = {
    design.name: design
    for design in (
        Multiplier("exact", exact, "by definition"),
        Multiplier("mitchell", mitchell, _MITCHELL),
        *map(_drum, (3, 4, 5, 6)),
        *map(_truncated, (4, 5, 6, 7, 8)),
    )
}


def multiplier_names() -> tuple[str, ...]:
    """Return the names of all designs."""
    return tuple(_DESIGNS)


def find_multiplier(name: str) -> Multiplier:
    """Return a design.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in _DESIGNS:
        names = ", ".join(map(repr, _DESIGNS))
        raise ValueError(f"`multiplier` must be one of {names}, got {name!r}.")
    return _DESIGNS[name]
