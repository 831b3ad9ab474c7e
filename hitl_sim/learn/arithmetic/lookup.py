"""Products of matrices in which an approximate multiplier makes every product."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Int8

from hitl_sim.learn.arithmetic.quantise import (
    Granularity,
    quantise_kernel,
    quantise_rows,
)
from hitl_sim.learn.arithmetic.table import OFFSET, SIZE, signed_table


def lookup_product(
    x: Int8[Array, "items width"], kernel: Int8[Array, "width out"], multiplier: str
) -> Int[Array, "items out"]:
    """Sum looked-up products in int32: y[n, o] = sum over d of T(x[n, d], w[d, o]).

    Exact to the bit: sums of products are exact, only the products err.

    Args:
        x: `[N, D]` inputs.
        kernel: `[D, O]` weights.
        multiplier: name of the design.

    Raises:
        ValueError: there is no multiplier of this name.
    """
    table = jnp.asarray(signed_table(multiplier).reshape(-1))
    rows = (x.astype(jnp.int32) + OFFSET) * SIZE
    columns = kernel.astype(jnp.int32) + OFFSET

    def add(
        sums: jax.Array, operands: tuple[jax.Array, jax.Array]
    ) -> tuple[jax.Array, None]:
        row, column = operands
        at = row[:, None] + column[None, :]
        return sums + table.at[at].get(mode="promise_in_bounds"), None

    # begun from the operands, so that it varies wherever they do
    start = 0 * (rows[:, :1] + columns[:1])
    sums: jax.Array = jax.lax.scan(add, start, (rows.T, columns))[0]
    return sums


def approximate_product(
    x: Float[Array, "items width"],
    kernel: Float[Array, "width out"],
    multiplier: str,
    granularity: Granularity = "channel",
) -> Float[Array, "items out"]:
    """Return x @ kernel on int8 operands through an approximate multiplier.

    The same as `int8_product` but for the multiplier. What silicon with this multiplier
    would execute are the operations of `int8_product`; the lookup is how it is
    simulated.
    """
    left, right = quantise_rows(x, granularity), quantise_kernel(kernel, granularity)
    sums = lookup_product(left.qvalue, right.qvalue, multiplier)
    scaled: jax.Array = sums.astype(x.dtype) * left.scale * right.scale
    return scaled
