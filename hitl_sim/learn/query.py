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


def spread_out(
    key: Key[Array, ""], features: Float[Array, "items features"], num_items: int
) -> Int[Array, " chosen"]:
    """Choose items far from each other: each the farthest from those before it.

    The pool falls into clusters around the chosen items, the largest radius of which is
    at most twice the least possible.

    Args:
        key: draws the first item and decides between equal distances.
        features: `[N, D]`.
        num_items: how many to choose, at most N; static.

    Returns:
        `[num_items]` positions, in the order of choice; distinct as long as items are.

    References:
        Gonzalez (1985), Clustering to minimize the maximum intercluster distance;
        k-center greedy of Sener, Savarese (2018), Active learning for convolutional
        neural networks: a core-set approach, ICLR, algorithm 1.
    """
    place = jax.random.permutation(key, features.shape[0])
    shuffled = features[place]
    squares = (shuffled**2).sum(axis=1)

    def farther(nearest: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        chosen = jnp.argmax(nearest)
        apart = squares + squares[chosen] - 2.0 * (shuffled @ shuffled[chosen])
        nearest = jnp.minimum(nearest, apart).at[chosen].set(-jnp.inf)
        return nearest, chosen

    start = jnp.full(features.shape[0], jnp.inf)
    chosen = jax.lax.scan(farther, start, None, num_items)[1]
    return place[chosen]


def top_items(
    key: Key[Array, ""],
    score: Float[Array, " items"],
    is_available: jax.Array,
    num_items: int,
) -> Int[Array, " asked"]:
    """Take the positions of the highest scores among the items still available.

    Args:
        key: decides between equal scores where not all of them are taken.
        score: `[N]`, finite where available.
        is_available: `[N]`, at least `num_items` of them.
        num_items: how many to take; static.

    Returns:
        `[num_items]` positions, in no particular order.
    """
    score = jnp.where(is_available, score, -jnp.inf)
    least = jax.lax.top_k(score, num_items)[0][-1]
    # twice the top few are found sooner than all items are sorted once
    lot = jnp.where(score == least, jax.random.uniform(key, score.shape), -1.0)
    return jax.lax.top_k(jnp.where(score > least, 1.0, lot), num_items)[1]


def lowest_first(
    key: Key[Array, ""], score: Float[Array, " items"]
) -> Int[Array, " items"]:
    """Order positions by score, equal ones by lot.

    Args:
        key: decides between equal scores.
        score: `[N]`.

    Returns:
        `[N]` positions, that of the lowest score first.
    """
    return jnp.lexsort((jax.random.bits(key, score.shape), score))
