"""Training on a share of the pool that was ordered before training.

The control (the whole pool), a random share, and a share chosen by a machine (in its
own file) are one mechanism: an order of the pool and how much of it is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    ask_nothing,
    even_steps,
    keep_all_columns,
)
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.work import WorkLine


class Kept(NamedTuple):
    """An order of the pool, `[N]`, and how many of it are kept, `[]`."""

    order: Int[Array, " items"]
    num_items: Int[Array, ""]


def kept_count(setting: Setting) -> Int[Array, ""]:
    """Number of items in the kept share, at least 1."""
    num_pool = setting.split.pool.label.shape[0]
    # the nudge keeps .29 * 100 from falling to 28 in float32
    num_items = jnp.floor(setting.share * num_pool + 1e-3).astype(jnp.int32)
    return jnp.clip(num_items, 1, num_pool)


def train_on_kept(setting: Setting, kept: Kept) -> TrainSet:
    """Train on the kept items under the labels they came with."""
    pool = setting.split.pool
    return TrainSet(pool.features, pool.label, kept.order, kept.num_items)


def absorb_nothing(setting: Setting, plan: Kept, answers: Answers | None) -> Kept:
    """Leave the plan as it is: nobody was asked."""
    del setting, answers
    return plan


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

    def begin(key: jax.Array, setting: Setting) -> tuple[Kept, Questions | None]:
        return order(key, setting), None

    return Intervention(
        num_rounds=1,
        num_questions=0,
        feedback=None,
        num_features=program.shape.num_features,
        is_scratch=False,
        has_penalty=False,
        steps=even_steps(program.train),
        begin=begin,
        absorb=absorb_nothing,
        training=train_on_kept,
        columns=keep_all_columns,
        choose=ask_nothing,
        work=work,
    )


@dataclass(frozen=True)
class WholePoolConfig:
    """The control: everything, with the labels it came with."""


def build_whole_pool(config: WholePoolConfig, program: Program) -> Intervention:
    """Build the control."""
    del config

    def order(key: jax.Array, setting: Setting) -> Kept:
        del key
        num_pool = setting.split.pool.label.shape[0]
        return Kept(jnp.arange(num_pool), jnp.int32(num_pool))

    return build_unguided(program, order)


@dataclass(frozen=True)
class RandomShareConfig:
    """A share of the pool drawn at random."""


def build_random_share(config: RandomShareConfig, program: Program) -> Intervention:
    """Build the control of the same size that nobody chose."""
    del config

    def order(key: jax.Array, setting: Setting) -> Kept:
        num_pool = setting.split.pool.label.shape[0]
        return Kept(jax.random.permutation(key, num_pool), kept_count(setting))

    return build_unguided(program, order)
