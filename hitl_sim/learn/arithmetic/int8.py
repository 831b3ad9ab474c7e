"""Products of int8 matrices with int32 sums, executed or simulated."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hitl_sim.learn.arithmetic.quantise import (
    Granularity,
    load_qwix,
    quantise_kernel,
    quantise_rows,
)

_MATRICES = (((1,), (0,)), ((), ()))
"""Contract the columns of the left operand with the rows of the right one."""

_PROBE = 64


def int8_product(
    x: Float[Array, "items width"],
    kernel: Float[Array, "width out"],
    granularity: Granularity = "channel",
) -> Float[Array, "items out"]:
    """Return x @ kernel in int8: y = (q_x @ q_w) s_x s_w, summed in int32.

    The weights are quantised here; `apply_int8` takes weights that are kept as int8.
    """
    return apply_int8(x, quantise_kernel(kernel, granularity), granularity)


def apply_int8(
    x: Float[Array, "items width"], kernel: Any, granularity: Granularity = "channel"
) -> Float[Array, "items out"]:
    """Return the product of inputs and weights that `quantise_kernel` made."""
    product: jax.Array = load_qwix().dot_general(
        quantise_rows(x, granularity), kernel, _MATRICES
    )
    return product


def simulated_product(
    x: Float[Array, "items width"],
    kernel: Float[Array, "width out"],
    granularity: Granularity = "channel",
) -> Float[Array, "items out"]:
    """Return what `int8_product` does, with the whole numbers kept in float32.

    The same to the bit up to a depth D of 1024, where sums still fit the 24 bits of a
    float32; beyond it, to its rounding. It saves nothing: it is a simulation.
    """
    left, right = quantise_rows(x, granularity), quantise_kernel(kernel, granularity)
    sums = left.qvalue.astype(x.dtype) @ right.qvalue.astype(x.dtype)
    scaled: jax.Array = sums * left.scale * right.scale
    return scaled


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
