"""All products of a multiplier, and how far they are from the truth."""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_sim.learn.arithmetic.multiplier import WIDTH, find_multiplier

SIZE = 2**WIDTH
"""Values of an operand."""
OFFSET = SIZE // 2
"""Place of 0 among the int8 numbers, from -128 on."""

Table = npt.NDArray[np.int32]


@functools.cache
def product_table(name: str) -> Table:
    """Return all products of unsigned operands, `[256, 256]`.

    Raises:
        ValueError: there is no multiplier of this name.
    """
    value = np.arange(SIZE, dtype=np.int64)
    products = find_multiplier(name).multiply(value[:, None], value[None, :])
    table = np.asarray(products, np.int32)
    table.flags.writeable = False
    return table


@functools.cache
def signed_table(name: str) -> Table:
    """Return all products of int8 operands, by sign and magnitude, `[256, 256]`.

    Operand n stands in row, or column, n + 128.
    """
    value = np.arange(SIZE) - OFFSET
    sign = np.sign(value).astype(np.int32)
    magnitude = np.abs(value)
    table = product_table(name)[np.ix_(magnitude, magnitude)]
    table = np.asarray(table * sign[:, None] * sign[None, :], np.int32)
    table.flags.writeable = False
    return table


@dataclass(frozen=True)
class ErrorFigures:
    """How a multiplier errs over all pairs of unsigned operands, each equally likely.

    Attributes:
        mae_frac: mean |error| ÷ the largest 16-bit number, 65535.
        worst_frac: largest |error| ÷ 65535.
        mred_frac: mean |error| ÷ true product, over pairs without a 0.
        bias_frac: mean of error ÷ true product, over the same.
        sd_frac: its standard deviation.
        wrong_frac: share of pairs with any error.
    """

    mae_frac: float
    worst_frac: float
    mred_frac: float
    bias_frac: float
    sd_frac: float
    wrong_frac: float


@functools.cache
def error_figures(name: str) -> ErrorFigures:
    """Compare a multiplier with the truth.

    References:
        Mrazek, Hrbacek, Vasicek and Sekanina (2017), EvoApprox8b, DATE, 258-261 (the
        figures and their divisors).
    """
    value = np.arange(SIZE, dtype=np.int64)
    truth = value[:, None] * value[None, :]
    error = product_table(name) - truth
    size = np.abs(error) / (SIZE**2 - 1)
    relative = error[1:, 1:] / truth[1:, 1:]
    return ErrorFigures(
        mae_frac=float(size.mean()),
        worst_frac=float(size.max()),
        mred_frac=float(np.abs(relative).mean()),
        bias_frac=float(relative.mean()),
        sd_frac=float(relative.std()),
        wrong_frac=float((error != 0).mean()),
    )
