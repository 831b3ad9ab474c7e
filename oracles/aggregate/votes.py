"""Votes: what an aggregation is given, and how they are counted.

An aggregation is a part, `factory(num_classes, num_annotators, **options)`, that
returns an `Aggregate`.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray

# Sums of the same shares in another order differ by a few units in the last place.
_TIE = 1e-6


class Votes(NamedTuple):
    """Up to M answers to each of N items.

    Attributes:
        answer: `[N, M]` class that was named, or number that was said; anything where
            it does not exist.
        is_answered: `[N, M]` which of them exist.
        annotator: `[N, M]` who gave each, an index in [0, A).
    """

    answer: Int[Array, "N M"] | Float[Array, "N M"]
    is_answered: Bool[Array, "N M"]
    annotator: Int[Array, "N M"]


Aggregate = Callable[
    [PRNGKeyArray, Votes, Mapping[str, Array]],
    tuple[Int[Array, "N"] | Float[Array, "N"], Float[Array, "N"]],
]
"""`(key, votes, params) -> (label [N], confidence [N])`.

The label is one of the K classes, or a number, whether or not anybody answered; the key
decides between classes that are equally likely. Confidence is the probability, or the
share of votes, that stands behind the label.
"""


def count_votes(
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
    counted = is_answered.astype(jnp.float32)
    is_named = answers[:, :, None] == jnp.arange(num_options)[None, None, :]
    counts = jnp.sum(jnp.where(is_named, counted[:, :, None], 0.0), axis=1)
    total = jnp.sum(counted, axis=1)
    share = counts / jnp.where(total > 0, total, 1.0)[:, None]
    is_top = share >= jnp.max(share, axis=1, keepdims=True) - _TIE
    lots = jnp.ones_like(share)
    if key is not None:
        lots = jax.random.uniform(key, share.shape)
    label = jnp.argmax(jnp.where(is_top, lots, -1.0), axis=1)
    return jnp.where(total > 0, label, -1), share


def class_shares(posterior: Float[Array, "N K"], has_answer: Array) -> Array:
    """Return the mean posterior of the items that were answered, `[K]`."""
    known = has_answer[:, None] * posterior
    return jnp.sum(known, axis=0) / jnp.maximum(jnp.sum(has_answer), 1.0)


def run_em(
    maximise: Callable[[Array], tuple[Array, Array]],
    expect: Callable[[Array, Array], Array],
    posterior: Float[Array, "N K"],
    num_steps: int,
) -> tuple[Float[Array, "N K"], Array, Float[Array, "K"]]:
    """Take steps of EM, static, from a posterior.

    The last one is returned, with what it says of people and of classes.
    """

    def step(
        carry: tuple[Array, Array, Array], _: None
    ) -> tuple[tuple[Array, Array, Array], None]:
        posterior = expect(*carry[1:])
        return (posterior, *maximise(posterior)), None

    start = (posterior, *maximise(posterior))
    return jax.lax.scan(step, start, length=num_steps)[0]


def by_posterior(
    fit: Callable[..., tuple[Array, ...]],
    num_classes: int,
    num_annotators: int,
    **counts: int,
) -> Aggregate:
    """Build the aggregation that takes the most probable class of each item.

    Args:
        fit: gives the posterior `[N, K]` first, from `answers`, `annotator` and
            `is_answered` `[N, M]`, K, A and the counts.
        num_classes: K.
        num_annotators: A.
        **counts: of steps, by name in the order in which they are passed on.

    Raises:
        ValueError: a count that is no whole number >= 1; names all three.
    """
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"`{name}` must be a whole number >= 1, got {value!r}.")

    def aggregate(
        key: PRNGKeyArray, votes: Votes, params: Mapping[str, Array]
    ) -> tuple[Int[Array, "N"], Float[Array, "N"]]:
        del key, params
        answers = votes.answer, votes.annotator, votes.is_answered
        sizes = num_classes, num_annotators, *counts.values()
        posterior = fit(*answers, *sizes)[0]
        return posterior.argmax(axis=1), posterior.max(axis=1)

    return aggregate
