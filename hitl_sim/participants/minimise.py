"""Minimise a smooth function of a pytree, step by step, with progress."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import optax
from jax import Array

Loss = Callable[..., Array]


@partial(jax.jit, static_argnums=(0, 2))
def minimise(loss: Loss, start: Any, num_steps: int, *arguments: Any) -> Any:
    """Take L-BFGS steps with a line search.

    Args:
        loss: `loss(params, *arguments)`, a scalar; one function object per program.
        start: params to start from.
        num_steps: steps; static.
        *arguments: what else the loss takes.

    Returns:
        Params of the last step, and the loss there.

    References:
        Liu, Nocedal (1989), On the limited memory BFGS method for large scale
        optimization, Mathematical Programming 45, 503-528.
    """

    def value(params: Any) -> Array:
        return loss(params, *arguments)

    optimiser = optax.lbfgs()
    value_and_grad = optax.value_and_grad_from_state(value)

    def step(carry: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], Array]:
        params, state = carry
        here, grad = value_and_grad(params, state=state)
        move, state = optimiser.update(
            grad, state, params, value=here, grad=grad, value_fn=value
        )
        return (optax.apply_updates(params, move), state), here

    start = (start, optimiser.init(start))
    (params, _), values = jax.lax.scan(step, start, length=num_steps)
    return params, values[-1]
