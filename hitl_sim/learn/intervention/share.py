"""Training on a share of the pool that was ordered before training.

The control (the whole pool), a random share, and a share chosen by a machine are one
mechanism: an order of the pool and how much of it is kept.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

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
from hitl_sim.learn.work import PROTOCOL, WorkLine, once, order_unit


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
    count = once(1, program.train.num_checkpoints)
    return WorkLine(order_unit(program.shape.num_pool), PROTOCOL, count)


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

    return build_selection(program, begin, absorb_nothing, train_on_kept, work)


def build_selection(
    program: Program,
    begin: Callable[[jax.Array, Setting], tuple[Any, Questions | None]],
    absorb: Callable[[Setting, Any, Answers | None], Any],
    training: Callable[[Setting, Any], TrainSet],
    work: tuple[WorkLine, ...],
    *,
    feedback: str | None = None,
    num_questions: int = 0,
) -> Intervention:
    """Build an arm that selects items of the pool once, before training.

    Args:
        program: the static surroundings.
        begin: of the intervention.
        absorb: of the intervention.
        training: of the intervention.
        work: what selecting costs.
        feedback: kind of question, None where nobody is asked.
        num_questions: questions in the one round.
    """
    return Intervention(
        num_rounds=1,
        num_questions=num_questions,
        feedback=feedback,
        num_features=program.shape.num_features,
        is_scratch=False,
        has_penalty=False,
        steps=even_steps(program.train),
        begin=begin,
        absorb=absorb,
        training=training,
        columns=keep_all_columns,
        choose=ask_nothing,
        work=work,
    )
