"""Mean: what people said on average, of numbers."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, PRNGKeyArray

from oracles import part
from oracles.aggregate.votes import Aggregate, Votes


@part.aggregation(problems=("regression",))
def mean(num_classes: int, num_annotators: int) -> Aggregate:
    """Take the mean of the numbers that people said.

    The confidence is 1 / (1 + variance of the mean), that of numbers whose own variance
    is 1; an item that at most one person answered gets the least it can be, 1/2, and
    one that nobody answered the number 0 at confidence 0.
    """
    del num_classes, num_annotators

    def aggregate(
        key: PRNGKeyArray, votes: Votes, params: Mapping[str, Array]
    ) -> tuple[Float[Array, "N"], Float[Array, "N"]]:
        del key, params
        given = votes.is_answered.astype(jnp.float32)
        number = jnp.sum(given, axis=1)
        most = jnp.maximum(number, 1.0)
        said = jnp.where(votes.is_answered, votes.answer, 0.0)
        middle = jnp.sum(said, axis=1) / most
        apart = jnp.where(votes.is_answered, votes.answer - middle[:, None], 0.0)
        within = jnp.sum(jnp.square(apart), axis=1) / jnp.maximum(number - 1.0, 1.0)
        # of one answer nothing is known but how far numbers lie apart
        variance = jnp.where(number > 1.0, within / most, 1.0)
        return middle, jnp.where(number > 0.0, 1.0 / (1.0 + variance), 0.0)

    return aggregate
