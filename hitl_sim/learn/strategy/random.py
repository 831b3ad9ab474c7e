"""Ask at random: what any other strategy has to beat."""

from collections.abc import Mapping

import jax

from hitl_sim import part
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.strategy.view import Strategy, View


@part.strategy(problems=part.PROBLEMS)
def random(shape: Shape) -> Strategy:
    """Score items at random."""
    del shape

    def score(key: jax.Array, view: View, params: Mapping[str, jax.Array]) -> jax.Array:
        del params
        return jax.random.uniform(key, view.is_labelled.shape)

    return Strategy(score, sees=())
