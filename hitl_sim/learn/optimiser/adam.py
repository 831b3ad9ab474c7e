"""Adam."""

import optax

from hitl_sim.learn.optimiser.base import Params, Transform
from hitl_sim.learn.optimiser.schedule import Schedule, schedule_steps
from oracles import part


@part.optimiser(version=1, params={"learning_rate": 1e-3}, problems=part.PROBLEMS)
def adam(total_steps: int, *, schedule: Schedule = "constant") -> Transform:
    """Adam with the decay rates of its authors.

    Args:
        total_steps: the cap, at which a schedule ends.
        schedule: whether the learning rate is "constant", or falls to 0 at the cap as a
            half "cosine" does.

    References:
        Kingma and Ba (2015), Adam: a method for stochastic optimization, ICLR,
        algorithm 1.
    """

    def build(params: Params) -> optax.GradientTransformation:
        rate = optax.scale_by_learning_rate(params["learning_rate"])
        falls = schedule_steps(schedule, total_steps)
        return optax.chain(optax.scale_by_adam(), *falls, rate)

    return build
