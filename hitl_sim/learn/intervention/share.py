"""Training on a share of the pool that was ordered before training.

The control (the whole pool), a random share, and a share chosen by a machine are one
mechanism: an order of the pool and how much of it is kept.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
)
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.work import WorkLine, done_once, order_unit


class Kept(NamedTuple):
    """An order of the pool, `[N]`, and how many of it are kept, `[]`."""

    order: Int[Array, " items"]
    num_items: Int[Array, ""]


def kept_count(setting: Setting) -> Int[Array, ""]:
    """Number of items in the kept share, the param `share`, at least 1."""
    num_pool = setting.split.pool.label.shape[0]
    # the nudge keeps .29 * 100 from falling to 28 in float32
    share = setting.params["share"]
    num_items = jnp.floor(share * num_pool + 1e-3).astype(jnp.int32)
    return jnp.clip(num_items, 1, num_pool)


def kept_items(share: float, total: int) -> int:
    """Items in a share, by the rounding of `kept_count`, before there is a run."""
    return min(max(int(share * total + 1e-3), 1), total)


def train_on_kept(setting: Setting, kept: Kept) -> TrainSet:
    """Train on the kept items under the labels they came with."""
    pool = setting.split.pool
    return TrainSet(pool.features, pool.label, kept.order, kept.num_items)


def order_work(program: Program) -> WorkLine:
    """Count the one time that a pool is put in order."""
    return done_once(order_unit(program.shape.num_pool), 1, program.train)


def build_unguided(
    program: Program,
    order: Callable[[jax.Array, Setting], Kept],
    work: tuple[WorkLine, ...] = (),
) -> Intervention:
    """Build an arm that orders the pool before training and asks nobody.

    Args:
        program: the static surroundings.
        order: `(key, setting) -> Kept`.
        work: what ordering costs.
    """

    def begin(key: jax.Array, setting: Setting) -> tuple[Kept, None]:
        return order(key, setting), None

    shape, steps = program.shape, even_steps(program.train)
    return Intervention(shape.num_features, steps, begin, train_on_kept, work=work)
