"""Majority: the class that most people named."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int, PRNGKeyArray

from oracles import part
from oracles.aggregate.votes import Aggregate, Votes, count_votes


@part.aggregation()
def majority(num_classes: int, num_annotators: int) -> Aggregate:
    """Take the class that most people named, equal ones at random.

    The confidence is its share of the votes; an item that nobody answered gets class 0
    at confidence 0.
    """
    del num_annotators

    def aggregate(
        key: PRNGKeyArray, votes: Votes, params: Mapping[str, Array]
    ) -> tuple[Int[Array, "N"], Float[Array, "N"]]:
        del params
        label, share = count_votes(votes.answer, votes.is_answered, num_classes, key)
        return jnp.maximum(label, 0), jnp.max(share, axis=1)

    return aggregate
