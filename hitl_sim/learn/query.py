"""Query strategies: which items of a pool to ask about next."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

Strategy = Callable[[jax.Array, jax.Array], jax.Array]
"""`(key, [N, K] logits) -> [N]` score; the highest are asked."""


def random(key: Key[Array, ""], logits: Float[Array, "items classes"]) -> jax.Array:
    """Score items at random."""
    return jax.random.uniform(key, logits.shape[:1])


def entropy(key: Key[Array, ""], logits: Float[Array, "items classes"]) -> jax.Array:
    """Score by the entropy of the predicted distribution, nats.

    References:
        Settles (2009), Active Learning Literature Survey, section 3.1.
    """
    del key
    log_p = jax.nn.log_softmax(logits)
    return -(jnp.exp(log_p) * log_p).sum(axis=1)


def margin(key: Key[Array, ""], logits: Float[Array, "items classes"]) -> jax.Array:
    """Score by how close the two most probable classes are.

    References:
        Scheffer, Decomain and Wrobel (2001), Active Hidden Markov Models for
        Information Extraction.
    """
    del key
    top = jax.lax.top_k(jax.nn.softmax(logits), 2)[0]
    return top[:, 1] - top[:, 0]


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {"random": random, "entropy": entropy, "margin": margin}
)
"""Query strategies by name."""


def top_items(
    score: Float[Array, " items"], is_available: jax.Array, num_items: int
) -> Int[Array, " asked"]:
    """Take the positions of the highest scores among the items still available."""
    return jax.lax.top_k(jnp.where(is_available, score, -jnp.inf), num_items)[1]
