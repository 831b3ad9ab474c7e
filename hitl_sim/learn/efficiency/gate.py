"""Binary gates that learn, straight through, which units of a layer stay open."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hitl_sim.learn.network.base import kept_units

_SPREAD = 0.01
"""Standard deviation of fresh gates: so near 0 that training decides; assumed."""


def draw_gates(key: jax.Array, sizes: Sequence[int]) -> tuple[Float[Array, "_"], ...]:
    """Draw a number for each unit of each layer, from which its gate is read."""
    keys = jax.random.split(key, len(sizes))
    return tuple(
        _SPREAD * jax.random.normal(one, (size,))
        for one, size in zip(keys, sizes, strict=True)
    )


def open_gates(
    numbers: Sequence[Float[Array, "_"]], share: float
) -> tuple[Float[Array, "_"], ...]:
    """Return gates, 1 for the units of largest number in each layer and else 0.

    Exactly the units that will stay are open. The gradient passes to the numbers as if
    a gate were its number.

    Args:
        numbers: of the units of each layer.
        share: of the units that goes.

    References:
        Bengio, Leonard, Courville (2013), Estimating or propagating gradients through
        stochastic neurons for conditional computation (the straight-through estimator).
        Ramanujan, Wortsman, Kembhavi, Farhadi, Rastegari (2020), What's hidden in a
        randomly weighted neural network?, CVPR (of the best k).
    """

    def gate(number: jax.Array) -> jax.Array:
        best = jax.lax.top_k(number, kept_units(number.shape[0], share))[1]
        is_open = jnp.zeros_like(number).at[best].set(1.0)
        # exactly 0 or 1: what is added is exactly 0
        return jax.lax.stop_gradient(is_open) + (number - jax.lax.stop_gradient(number))

    return tuple(gate(number) for number in numbers)
