"""Stochastic gradient descent with momentum."""

import optax

from hitl_sim.learn.network.base import Rate
from hitl_sim.learn.optimiser.base import Params, Transform
from hitl_sim.learn.optimiser.schedule import Schedule, schedule_steps
from oracles import part


@part.optimiser(version=1, params={"learning_rate": 1e-3}, problems=part.PROBLEMS)
def sgd(
    total_steps: int, *, momentum: Rate = 0.9, schedule: Schedule = "constant"
) -> Transform:
    """Gradient descent with heavy-ball momentum.

    Args:
        total_steps: the cap, at which a schedule ends.
        momentum: share of the last step that is added to the next.
        schedule: of the learning rate, as Adam's.

    References:
        Polyak (1964), Some methods of speeding up the convergence of iteration
        methods, USSR Computational Mathematics and Mathematical Physics 4, 1-17.
    """

    def build(params: Params) -> optax.GradientTransformation:
        rate = optax.scale_by_learning_rate(params["learning_rate"])
        falls = schedule_steps(schedule, total_steps)
        return optax.chain(optax.trace(decay=momentum), *falls, rate)

    return build
