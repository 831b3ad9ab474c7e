"""People rank feature groups; the network sees only the best, so its input shrinks."""

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
)
from hitl_sim.learn.optimise import TrainSet
from oracles.aggregate import borda


@dataclass(frozen=True)
class ImportanceConfig:
    """How many of the G feature groups the network keeps; a shape, so static."""

    kept_groups: int


class ImportancePlan(NamedTuple):
    """`[kept * S]` features that the network sees."""

    columns: Int[Array, " kept"]


def build_importance(config: ImportanceConfig, program: Program) -> Intervention:
    """Build feature selection by people.

    Each person ranks all groups in one question; rankings are added up by Borda
    count and the `kept_groups` of highest count stay. What people perceive of a group
    is the task's reference importance, plus the noise of their own.

    Raises:
        ValueError: the network reads images or texts, which are none without some of
            their features.

    References:
        de Borda (1781), Memoire sur les elections au scrutin.
    """
    shape = program.shape
    if program.network.encoder is not None:
        raise ValueError(
            "`network` must have no encoder where features are selected, got "
            f"{program.network.encoder.describe()!r}."
        )
    num_columns = config.kept_groups * shape.group_size

    def begin(key: jax.Array, setting: Setting) -> tuple[ImportancePlan, Questions]:
        del key
        zero, one = jnp.zeros(1), jnp.ones(1)
        whole = jnp.zeros(1, jnp.int32)
        questions = Questions(
            item=whole,
            truth=whole,
            right=whole,
            utility=setting.importance[None],
            difficulty=zero,
            discrimination=one,
            size=one,
        )
        return ImportancePlan(jnp.zeros(num_columns, jnp.int32)), questions

    def absorb(
        setting: Setting, plan: ImportancePlan, answers: Answers | None
    ) -> ImportancePlan:
        if answers is None:
            raise TypeError("`answers` must be given: importance asks people.")
        del plan
        score = borda(answers.answer[0], answers.is_answered[0])
        best = jax.lax.top_k(score, config.kept_groups)[1]
        return ImportancePlan(jnp.sort(setting.groups[best].reshape(-1)))

    def training(setting: Setting, plan: ImportancePlan) -> TrainSet:
        pool = setting.split.pool
        return TrainSet(
            pool.features[:, plan.columns],
            pool.label,
            jnp.arange(shape.num_pool),
            jnp.int32(shape.num_pool),
        )

    def columns(setting: Setting, plan: ImportancePlan) -> jax.Array:
        del setting
        return plan.columns

    return Intervention(
        num_rounds=1,
        num_questions=1,
        feedback="importance",
        num_features=num_columns,
        is_scratch=False,
        steps=even_steps(program.train),
        begin=begin,
        absorb=absorb,
        training=training,
        columns=columns,
        choose=ask_nothing,
        work=(),
    )
