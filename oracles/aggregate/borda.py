"""Borda: the mean number of options that each option is ranked above.

References:
    Borda (1781), Memoire sur les elections au scrutin.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int


def borda(
    rankings: Int[Array, "M K"], is_answered: Bool[Array, "M"]
) -> Float[Array, "K"]:
    """Score options by how many others they are ranked above, on average.

    Rankings are option ids, best first, one row per person; scores lie in [0, K - 1]
    and are zeros where nobody answered.
    """
    num_options = rankings.shape[1]
    above = num_options - 1 - jnp.argsort(rankings, axis=1)
    counted = jnp.where(is_answered[:, None], above, 0).astype(jnp.float32)
    return jnp.sum(counted, axis=0) / jnp.maximum(jnp.sum(is_answered), 1)
