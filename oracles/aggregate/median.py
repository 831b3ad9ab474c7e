"""Median: the number in the middle of what people said."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, PRNGKeyArray

from oracles import part
from oracles.aggregate.votes import Aggregate, Votes


@part.aggregation(problems=("regression",))
def median(num_classes: int, num_annotators: int) -> Aggregate:
    """Take the number in the middle of those that people said, of two the mean.

    The confidence is 1 / (1 + mean distance from it), that of numbers whose standard
    deviation is 1; an item that at most one person answered gets 1/2, and one that
    nobody answered the number 0 at confidence 0.
    """
    del num_classes, num_annotators

    def aggregate(
        key: PRNGKeyArray, votes: Votes, params: Mapping[str, Array]
    ) -> tuple[Float[Array, "N"], Float[Array, "N"]]:
        del key, params
        number = jnp.sum(votes.is_answered, axis=1, dtype=jnp.int32)
        # what does not exist stands behind all numbers
        ordered = jnp.sort(jnp.where(votes.is_answered, votes.answer, jnp.inf), axis=1)
        last = jnp.maximum(number - 1, 0)[:, None]
        low, high = (
            jnp.take_along_axis(ordered, place, axis=1)[:, 0]
            for place in (last // 2, (last + 1) // 2)
        )
        middle = jnp.where(number > 0, 0.5 * (low + high), 0.0)
        apart = jnp.where(
            votes.is_answered, jnp.abs(votes.answer - middle[:, None]), 0.0
        )
        distance = jnp.sum(apart, axis=1) / jnp.maximum(number, 1)
        distance = jnp.where(number > 1, distance, 1.0)
        return middle, jnp.where(number > 0, 1.0 / (1.0 + distance), 0.0)

    return aggregate
