"""Stochastic gradient descent with momentum."""

import optax

from hitl_sim.learn.network.base import Rate
from hitl_sim.learn.optimiser.base import Params, Transform
from oracles import part


@part.optimiser(version=1, params={"learning_rate": 1e-3})
def sgd(total_steps: int, *, momentum: Rate = 0.9) -> Transform:
    """Gradient descent with heavy-ball momentum at a constant learning rate.

    Args:
        total_steps: has no part in it.
        momentum: share of the last step that is added to the next.

    References:
        Polyak (1964), Some methods of speeding up the convergence of iteration
        methods, USSR Computational Mathematics and Mathematical Physics 4, 1-17.
    """
    del total_steps

    def build(params: Params) -> optax.GradientTransformation:
        rate = optax.scale_by_learning_rate(params["learning_rate"])
        return optax.chain(optax.trace(decay=momentum), rate)

    return build
