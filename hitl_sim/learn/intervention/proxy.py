"""A quickly trained model of the whole pool, which machines choose by."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from hitl_sim.learn.intervention.base import Program, Setting
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import TrainSet, fit
from hitl_sim.learn.work import (
    Unit,
    WorkLine,
    abstract,
    abstract_labels,
    done_once,
    train_unit,
)


def proxy_network(program: Program) -> Network:
    """Build the study's own network, on all features."""
    shape = program.shape
    return build_network(program.network, shape.num_features, shape.num_classes)


def fit_proxy(
    key: jax.Array, program: Program, setting: Setting, num_steps: int
) -> Any:
    """Train the study's network on the pool as it was given, or left by a stage.

    Returns:
        The weights.
    """
    pool, num_pool = setting.split.pool, program.shape.num_pool
    every, number = jnp.arange(num_pool), jnp.int32(num_pool)
    if setting.earlier is not None:
        every, number = setting.earlier.order, setting.earlier.num_items
    whole = TrainSet(pool.features, pool.label, every, number)
    network, rates = proxy_network(program), setting.optimiser
    return fit(key, network, program.train, rates, whole, num_steps)


def proxy_work(
    program: Program,
    num_steps: int,
    score: Callable[[Any, jax.Array, jax.Array], Any],
    name: str,
) -> tuple[WorkLine, WorkLine]:
    """Count what a proxy costs: its training, and one look at the whole pool.

    Args:
        program: the static surroundings.
        num_steps: training steps.
        score: `(params, features [N, D], label [N]) -> arrays`, what is read from it.
        name: of that score.
    """
    shape = program.shape
    sizes = (shape.num_pool, shape.num_features)
    network = proxy_network(program)
    trained = train_unit(
        "choose",
        program.network,
        program.train,
        *sizes,
        shape.num_classes,
        built=network,
    )
    params = jax.eval_shape(network.init, jax.random.key(0))
    args = (params, abstract(*sizes), abstract_labels(program.train, shape.num_pool))
    widths = trained.name.split(":")[1]
    looked = Unit(
        f"score:{widths}:{name}:n{shape.num_pool}", "score", score, args, shape.num_pool
    )
    return (
        done_once(trained, num_steps, program.train),
        done_once(looked, shape.num_pool, program.train),
    )
