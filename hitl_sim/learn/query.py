"""Choosing and ordering items of a pool by their scores."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key


def closeness(logits: Float[Array, "items classes"]) -> Float[Array, " items"]:
    """Return by how much less probable the second class is than the first, negated."""
    p = jax.nn.softmax(logits)
    is_best = jnp.arange(p.shape[1])[None] == p.argmax(axis=1)[:, None]
    # two maxima: XLA sorts every row where only the values of `top_k` are used
    return jnp.where(is_best, -1.0, p).max(axis=1) - p.max(axis=1)


def spread_out(
    key: Key[Array, ""],
    features: Float[Array, "items features"],
    num_items: int,
    is_last: Bool[Array, " items"] | None = None,
) -> Int[Array, " chosen"]:
    """Choose items far from each other: each the farthest from those before it.

    The pool falls into clusters around the chosen items, the largest radius of which is
    at most twice the least possible.

    Args:
        key: draws the first item and decides between equal distances.
        features: `[N, D]`.
        num_items: how many to choose, at most N; static.
        is_last: `[N]` items that are chosen after all others only; None for none.

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
    if is_last is not None:
        # below any distance
        start = jnp.where(is_last[place], -1.0, start)
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
    # behind a barrier, or XLA sorts all where only the values of `top_k` are used
    top = jax.lax.top_k(score, num_items)
    least = jax.lax.optimization_barrier(top)[0][-1]  # type: ignore[no-untyped-call]
    # twice the top few are found sooner than all items are sorted once
    lot = jnp.where(score == least, jax.random.uniform(key, score.shape), -1.0)
    return jax.lax.top_k(jnp.where(score > least, 1.0, lot), num_items)[1]


def lowest_first(
    key: Key[Array, ""], score: Float[Array, " items"]
) -> Int[Array, " items"]:
    """Order positions by score, equal ones at random.

    Args:
        key: decides between equal scores.
        score: `[N]`.

    Returns:
        `[N]` positions, that of the lowest score first.
    """
    return jnp.lexsort((jax.random.bits(key, score.shape), score))


def true_first(mask: Bool[Array, " items"]) -> Int[Array, " items"]:
    """Order positions so that those where `mask` holds come first; else as they were.

    Args:
        mask: `[N]`.

    Returns:
        `[N]` positions, as a stable sort would leave them, without its cost.
    """
    every = jnp.arange(mask.shape[0])
    passed = jnp.cumsum(mask)
    # those behind follow all that come first, and each other
    place = jnp.where(mask, passed - 1, every - passed + passed[-1])
    return jnp.zeros_like(every).at[place].set(every, unique_indices=True)
