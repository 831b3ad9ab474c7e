"""Pruning that sets weights to zero: every product keeps its size, and so its cost."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def keep_largest(
    kernels: Sequence[Float[Array, "..."]], share: Float[Array, ""]
) -> tuple[Float[Array, "..."], ...]:
    """Return masks, 1 where a weight stays: the largest ones of each kernel.

    Of n weights floor(share n) go.

    Args:
        kernels: weights of each layer.
        share: `[]`, in [0, 1).
    """

    def mask(kernel: jax.Array) -> jax.Array:
        size = jnp.abs(kernel)
        # the nudge keeps .29 * 100 from falling to 28 in float32
        gone = jnp.floor(share * kernel.size + 1e-3).astype(jnp.int32)
        least = jnp.sort(size.reshape(-1))[jnp.minimum(gone, kernel.size - 1)]
        return (size >= least).astype(kernel.dtype)

    return tuple(mask(kernel) for kernel in kernels)
