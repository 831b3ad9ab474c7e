"""Ask where the two most probable classes are closest."""

from collections.abc import Mapping

import jax

from hitl_sim import part
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.query import closeness
from hitl_sim.learn.strategy.view import Strategy, View


@part.strategy()
def margin(shape: Shape) -> Strategy:
    """Score by how close the two most probable classes are.

    References:
        Scheffer, Decomain and Wrobel (2001), Active Hidden Markov Models for
        Information Extraction.
    """
    del shape

    def score(key: jax.Array, view: View, params: Mapping[str, jax.Array]) -> jax.Array:
        del key, params
        return closeness(view.logits)

    return Strategy(score, sees=("logits",))
