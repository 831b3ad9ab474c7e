"""Products of 8-bit whole numbers: executed, simulated, or by multipliers that err.

A number x is kept as q = round(x / s), half to even, from -127 to 127, with one float32
scale s = max|x| / 127 per row of the inputs and per column of the weights; so what an
item becomes does not depend on its batch. Qwix does the rounding. Weights stay float32
and gradients are those of the plain product (straight through), so a network trains
with any of these products.

Published multipliers leave circuitry out and err for it. Each is given bit by bit, as a
formula on whole numbers, for unsigned operands of any width; signs are handled apart
(sign and magnitude), as their authors do.

References:
    Jacob et al. (2018), Quantization and training of neural networks for efficient
    integer-arithmetic-only inference, CVPR (int8 products with int32 sums).
    Wu et al. (2020), Integer quantization for deep learning inference: principles and
    empirical evaluation, arXiv 2004.09602, section 3.1.2 (the range without -128).
    Qwix: a JAX quantization library (google/qwix).
"""

import functools
import importlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

SIZE = 2**8
"""Values of an operand."""
OFFSET = SIZE // 2
"""Place of 0 among the int8 numbers, from -128 on."""

Ints = npt.NDArray[np.int64]
Multiply = Callable[[Ints, Ints], Ints]


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


MULTIPLIERS: Mapping[str, Multiply] = MappingProxyType(
    {
        "exact": np.multiply,
        "mitchell": mitchell,
        **{f"drum{k}": partial(drum, num_bits=k) for k in (3, 4, 5, 6)},
        **{f"truncated{v}": partial(truncated, num_columns=v) for v in (4, 5, 6, 7, 8)},
    }
)
"""Designs by the name that studies give them, each a product of unsigned operands."""


def find_multiplier(name: str) -> Multiply:
    """Return a design.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in MULTIPLIERS:
        names = ", ".join(map(repr, MULTIPLIERS))
        raise ValueError(f"`multiplier` must be one of {names}, got {name!r}.")
    return MULTIPLIERS[name]


@cache
def signed_table(name: str) -> npt.NDArray[np.int32]:
    """Return all products of int8 operands, by sign and magnitude, `[256, 256]`.

    Operand n stands in row, or column, n + 128.

    Raises:
        ValueError: there is no multiplier of this name.
    """
    value = np.arange(SIZE) - OFFSET
    size, sign = np.abs(value), np.sign(value)
    products = find_multiplier(name)(size[:, None], size[None, :])
    table = (products * sign[:, None] * sign[None, :]).astype(np.int32)
    table.flags.writeable = False
    return table


MatrixProduct = Callable[[jax.Array, jax.Array], jax.Array]
"""`([N, D], [D, O]) -> [N, O]`."""

_CALIBRATION = f"absmax,{127.5 / 127}"
"""Qwix spreads max|x| to 127.5, where the largest number of a row stands on the edge of
saturation and the last bit of its scale decides whether it becomes -127 or -128. So the
range is widened until it stands at 127.
"""
_MATRICES = (((1,), (0,)), ((), ()))
"""Contract the columns of the left operand with the rows of the right one."""
_PROBE = 64


class MissingQwixError(RuntimeError):
    """Qwix is not installed."""


@functools.cache
def load_qwix() -> Any:
    """Import qwix.

    Raises:
        MissingQwixError: it is not there; the message says how to get it.
    """
    try:
        return importlib.import_module("qwix")
    except ImportError as error:
        raise MissingQwixError(
            "int8 and approximate arithmetic need qwix: pip install 'hitl-sim[int8]'."
        ) from error


def quantise_rows(x: Float[Array, "items width"]) -> Any:
    """Quantise the inputs of a product, one scale per row.

    Returns:
        A qwix `QArray`: `qvalue` `[N, D]` int8, `scale` `[N, 1]`.
    """
    return _quantise(x, axis=0)


def quantise_kernel(kernel: Float[Array, "width out"]) -> Any:
    """Quantise weights, one scale per output.

    Returns:
        A qwix `QArray`: `qvalue` `[D, O]` int8, `scale` `[1, O]`.
    """
    return _quantise(kernel, axis=1)


def _quantise(x: jax.Array, axis: int) -> Any:
    return load_qwix().quantize(
        x, jnp.int8, channelwise_axes=(axis,), calibration_method=_CALIBRATION
    )


def int8_product(
    x: Float[Array, "items width"], kernel: Float[Array, "width out"]
) -> Float[Array, "items out"]:
    """Return x @ kernel in int8: y = (q_x @ q_w) s_x s_w, summed in int32.

    The weights are quantised here; `apply_int8` takes weights that are kept as int8.
    """
    return apply_int8(x, quantise_kernel(kernel))


def apply_int8(
    x: Float[Array, "items width"], kernel: Any
) -> Float[Array, "items out"]:
    """Return the product of inputs and weights that `quantise_kernel` made."""
    product: jax.Array = load_qwix().dot_general(quantise_rows(x), kernel, _MATRICES)
    return product


def simulated_product(
    x: Float[Array, "items width"], kernel: Float[Array, "width out"]
) -> Float[Array, "items out"]:
    """Return what `int8_product` does, with the whole numbers kept in float32.

    The same to the bit up to a depth D of 1024, where sums still fit the 24 bits of a
    float32; beyond it, to its rounding. It saves nothing: it is a simulation.
    """
    return _scaled(x, kernel, lambda a, b: a.astype(x.dtype) @ b.astype(x.dtype))


def approximate_product(
    x: Float[Array, "items width"], kernel: Float[Array, "width out"], multiplier: str
) -> Float[Array, "items out"]:
    """Return x @ kernel on int8 operands through an approximate multiplier.

    The same as `int8_product` but for the multiplier, exact to the bit: sums of looked-
    up products are exact, only the products err. What silicon with this multiplier
    would execute are the operations of `int8_product`; the lookup is how it is
    simulated.

    Raises:
        ValueError: there is no multiplier of this name.
    """
    table = jnp.asarray(signed_table(multiplier).reshape(-1))

    def sums(left: jax.Array, right: jax.Array) -> jax.Array:
        rows = (left.astype(jnp.int32) + OFFSET) * SIZE
        columns = right.astype(jnp.int32) + OFFSET

        def add(
            sums: jax.Array, operands: tuple[jax.Array, jax.Array]
        ) -> tuple[jax.Array, None]:
            row, column = operands
            at = row[:, None] + column[None, :]
            return sums + table.at[at].get(mode="promise_in_bounds"), None

        # begun from the operands, so that it varies wherever they do
        start = 0 * (rows[:, :1] + columns[:1])
        return jax.lax.scan(add, start, (rows.T, columns))[0]

    return _scaled(x, kernel, sums)


def _scaled(x: jax.Array, kernel: jax.Array, sums: MatrixProduct) -> jax.Array:
    """Quantise two matrices, add up products of whole numbers, and scale the sums."""
    left, right = quantise_rows(x), quantise_kernel(kernel)
    whole = sums(left.qvalue, right.qvalue).astype(x.dtype)
    scaled: jax.Array = whole * left.scale * right.scale
    return scaled


def straight_through(product: MatrixProduct) -> MatrixProduct:
    """Give a rounded or approximate product the gradients of `x @ kernel`.

    Rounding has gradient 0 almost everywhere. So backwards it is left out: with d the
    gradient of the output, that of x is d @ kernel.T and that of the kernel x.T @ d, at
    the numbers before rounding.

    References:
        Bengio, Léonard and Courville (2013), Estimating or propagating gradients
        through stochastic neurons, section 4.
    """

    @jax.custom_vjp
    def apply(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return product(x, kernel)

    apply.defvjp(
        lambda x, kernel: (product(x, kernel), (x, kernel)),
        lambda kept, d: (d @ kept[1].T, kept[0].T @ d),
    )
    return apply


@functools.cache
def runs_in_int8() -> bool:
    """Return whether this backend multiplies int8 matrices without widening them first.

    The compiled program of one such product tells: a backend that has no int8 kernel
    converts the operands.
    """
    matrix = jax.ShapeDtypeStruct((_PROBE, _PROBE), jnp.int8)  # type: ignore[no-untyped-call]

    def product(left: jax.Array, right: jax.Array) -> jax.Array:
        return jax.lax.dot_general(
            left, right, _MATRICES, preferred_element_type=jnp.int32
        )

    text = jax.jit(product).lower(matrix, matrix).compile().as_text()
    return text is not None and " convert(" not in text
