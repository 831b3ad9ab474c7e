"""A curriculum's pace: how much of an ordered pool is trained on, by checkpoint."""

from collections.abc import Callable, Mapping
from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float, Int
from msgspec import Meta

from hitl_sim.learn.intervention.base import Setting
from hitl_sim.learn.optimise import TrainSet

PaceShare = Annotated[float, Meta(gt=0.0, le=1.0)]
"""Share of a pool, or of training, that is not nothing."""


def pace(
    params: Mapping[str, Float[Array, ""]], num_pool: int, num_checkpoints: int
) -> Int[Array, " checkpoints"]:
    """Say how many items of N are trained on before each of C checkpoints.

    It grows evenly from the share `begin` at the first checkpoint to all items where
    the share `until` of the checkpoints is over.

    References:
        Hacohen, Weinshall (2019), On the power of curriculum learning in training deep
        networks, ICML: pacing functions.
    """
    way = jnp.arange(num_checkpoints) / (params["until"] * num_checkpoints)
    share = params["begin"] + (1.0 - params["begin"]) * jnp.minimum(way, 1.0)
    # the nudge keeps .29 * 100 from falling to 28 in float32
    num = jnp.floor(share * num_pool + 1e-3).astype(jnp.int32)
    return jnp.clip(num, 1, num_pool)


def pace_training(
    num_pool: int, num_checkpoints: int
) -> Callable[[Setting, Int[Array, " items"]], TrainSet]:
    """Build `(setting, order [N]) -> TrainSet` that trains along an order."""

    def training(setting: Setting, order: Int[Array, " items"]) -> TrainSet:
        pool = setting.split.pool
        steps = pace(setting.params, num_pool, num_checkpoints)
        every = jnp.int32(num_pool)
        return TrainSet(pool.features, pool.label, order, every, pace=steps)

    return training
