"""Adam."""

import optax

from hitl_sim.learn.optimiser.base import Params, Transform
from oracles import part


@part.optimiser(version=1, params={"learning_rate": 1e-3})
def adam(total_steps: int) -> Transform:
    """Adam at a constant learning rate, with the decay rates of its authors.

    References:
        Kingma and Ba (2015), Adam: a method for stochastic optimization, ICLR,
        algorithm 1.
    """
    del total_steps

    def build(params: Params) -> optax.GradientTransformation:
        rate = optax.scale_by_learning_rate(params["learning_rate"])
        return optax.chain(optax.scale_by_adam(), rate)

    return build
