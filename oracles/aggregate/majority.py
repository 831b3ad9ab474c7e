"""Majority: the option that most people named."""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray


def majority(
    answers: Int[Array, "N M"],
    is_answered: Bool[Array, "N M"],
    num_options: int,
    key: PRNGKeyArray | None = None,
) -> tuple[Int[Array, "N"], Float[Array, "N K"]]:
    """Take the most frequent answer of each item.

    Args:
        answers: `[N, M]` option index of up to M answers per item.
        is_answered: `[N, M]` which of them exist.
        num_options: number of options K; static.
        key: breaks ties at random; None breaks them towards the lowest option.

    Returns:
        `[N]` label, -1 where nobody answered, and `[N, K]` share of the votes, zeros
        where nobody answered.
    """
    votes = jax.nn.one_hot(answers, num_options, dtype=jnp.float32)
    counts = jnp.sum(votes * is_answered[:, :, None], axis=1)
    total = jnp.sum(counts, axis=1)
    share = counts / jnp.maximum(total, 1.0)[:, None]
    if key is not None:
        counts = counts + 0.5 * jax.random.uniform(key, counts.shape)
    label = jnp.where(total > 0, jnp.argmax(counts, axis=1), -1)
    return label, share
