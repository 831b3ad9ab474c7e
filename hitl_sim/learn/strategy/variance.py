"""Ask where members say different numbers of an item."""

from collections.abc import Mapping

import jax

from hitl_sim import part
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.strategy.view import Strategy, View


@part.strategy(problems=("regression",))
def variance(shape: Shape, *, members: int = 10) -> Strategy:
    """Score by the variance over members of the number that each gives an item.

    Members are draws of what is random in the network, such as dropout, so an item
    costs one forward pass each.

    Args:
        shape: sizes of the task.
        members: draws, at least two.

    Raises:
        ValueError: there is nobody to disagree.

    References:
        Burbidge, Rowland, King (2007), Active learning for regression based on query by
        committee, IDEAL, section 2; by dropout: Gal, Ghahramani (2016), Dropout as a
        Bayesian approximation, ICML, section 4.
    """
    del shape
    if members < 2:
        raise ValueError(f"`options.members` must be >= 2, got {members}.")

    def score(key: jax.Array, view: View, params: Mapping[str, jax.Array]) -> jax.Array:
        del key, params
        spread: jax.Array = view.member_logits[:, :, 0].var(axis=0)
        return spread

    return Strategy(score, sees=(), members=members)
