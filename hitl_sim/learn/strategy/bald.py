"""Ask where members that are each sure of an item disagree about it."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from hitl_sim import part
from hitl_sim.learn.intervention.base import Shape
from hitl_sim.learn.strategy.view import Strategy, View


@part.strategy()
def bald(shape: Shape, *, members: int = 10) -> Strategy:
    """Score by the mutual information of an item's class and the member, nats.

    That is the entropy of the members' mean prediction, less the mean of their
    entropies. Members are draws of what is random in the network, such as dropout, so
    an item costs one forward pass each.

    Args:
        shape: sizes of the task.
        members: draws, at least two.

    Raises:
        ValueError: there is nobody to disagree.

    References:
        Houlsby, Huszar, Ghahramani, Lengyel (2011), Bayesian active learning for
        classification and preference learning, equation 2; by dropout: Gal, Islam,
        Ghahramani (2017), Deep Bayesian active learning with image data, ICML,
        section 4.
    """
    del shape
    if members < 2:
        raise ValueError(f"`options.members` must be >= 2, got {members}.")

    def score(key: jax.Array, view: View, params: Mapping[str, jax.Array]) -> jax.Array:
        del key, params
        log_p = jax.nn.log_softmax(view.member_logits)
        own = jax.scipy.special.entr(jnp.exp(log_p)).sum(axis=2).mean(axis=0)
        mean = jnp.exp(log_p).mean(axis=0)
        return jax.scipy.special.entr(mean).sum(axis=1) - own

    return Strategy(score, sees=(), members=members)
