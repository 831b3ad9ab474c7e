"""Ask where the predicted distribution is flattest."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from hitl_sim import part
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.strategy.view import Strategy, View


@part.strategy()
def entropy(shape: Shape) -> Strategy:
    """Score by the entropy of the predicted distribution, nats.

    References:
        Settles (2009), Active Learning Literature Survey, section 3.1.
    """
    del shape

    def score(key: jax.Array, view: View, params: Mapping[str, jax.Array]) -> jax.Array:
        del key, params
        log_p = jax.nn.log_softmax(view.logits)
        return -(jnp.exp(log_p) * log_p).sum(axis=1)

    return Strategy(score, sees=("logits",))
