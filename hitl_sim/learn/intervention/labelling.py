"""Active labelling: a model chooses which items people label next."""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, PanelConfig, Questions
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    keep_all_columns,
)
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.query import STRATEGIES, top_items
from hitl_sim.learn.work import PROTOCOL, WorkLine, forward_unit, spread
from oracles.aggregate import dawid_skene, majority

AGGREGATES = ("majority", "dawid_skene")
"""Ways to turn several people's answers into one label."""
REFITS = ("warm", "scratch")
"""Whether a round trains on from the last weights or starts afresh."""
_EM_STEPS = 20
"""Steps of Dawid and Skene's EM; crowd-kit's default is 100, 20 converge here."""


@dataclass(frozen=True)
class LabellingConfig:
    """What is labelled, and how answers become labels.

    Attributes:
        rounds: rounds of questions.
        questions: items labelled per round.
        strategy: a name in `STRATEGIES`; the first round is always random, for there
            is no model yet.
        aggregate: one of `AGGREGATES`.
        refit: one of `REFITS`.
        panel: who answers, which fixes how many answers an item gets.
    """

    rounds: int = 10
    questions: int = 20
    strategy: str = "margin"
    aggregate: str = "majority"
    refit: str = "warm"
    panel: PanelConfig = field(default_factory=PanelConfig)


class LabellingPlan(NamedTuple):
    """Everything asked so far; rows past `num_asked` are not read.

    Attributes:
        asked: `[budget]` pool positions in the order of asking.
        num_asked: `[]`.
        answer: `[budget, M]`.
        is_answered: `[budget, M]`.
        annotator: `[budget, M]`.
    """

    asked: Int[Array, " budget"]
    num_asked: Int[Array, ""]
    answer: Int[Array, "budget answers"]
    is_answered: Bool[Array, "budget answers"]
    annotator: Int[Array, "budget answers"]


def _asked_positions(plan: LabellingPlan, num_pool: int) -> jax.Array:
    """`[budget]` pool positions asked so far; past them `num_pool`, out of range."""
    is_asked = jnp.arange(plan.asked.shape[0]) < plan.num_asked
    return jnp.where(is_asked, plan.asked, num_pool)


def _labels(
    config: LabellingConfig, num_classes: int, plan: LabellingPlan
) -> Int[Array, " budget"]:
    """One label per asked item."""
    if config.aggregate == "majority":
        return majority(plan.answer, plan.is_answered, num_classes)[0]
    posterior, _, _ = dawid_skene(
        plan.answer,
        plan.annotator,
        plan.is_answered,
        num_classes,
        config.panel.crew,
        _EM_STEPS,
    )
    return posterior.argmax(axis=1)


def build_labelling(config: LabellingConfig, program: Program) -> Intervention:
    """Build pool-based active labelling with several people per item.

    Raises:
        ValueError: more questions than the pool has items.
    """
    shape = program.shape
    budget = config.rounds * config.questions
    if budget > shape.num_pool:
        raise ValueError(
            f"`rounds` x `questions` must be <= the pool ({shape.num_pool}), "
            f"got {budget}."
        )
    network = build_network(program.network, shape.num_features, shape.num_classes)
    strategy = STRATEGIES[config.strategy]

    def questions_at(setting: Setting, position: jax.Array) -> Questions:
        pool = setting.split.pool
        truth = pool.truth[position]
        return Questions(
            item=pool.item[position],
            truth=truth,
            right=truth,
            utility=jnp.zeros((config.questions, shape.num_classes)),
            difficulty=jnp.zeros(config.questions),
            # an irrelevant item belongs to no class
            discrimination=(pool.status[position] != 1).astype(jnp.float32),
            size=pool.size[position],
        )

    def ask_about(
        setting: Setting, plan: LabellingPlan, score: Float[Array, " items"]
    ) -> tuple[LabellingPlan, Questions]:
        position = _asked_positions(plan, shape.num_pool)
        is_free = jnp.ones(shape.num_pool, bool).at[position].set(False, mode="drop")
        chosen = top_items(score, is_free, config.questions)
        # past the last round there is no room left, and the write is dropped
        asked = plan.asked.at[plan.num_asked + jnp.arange(config.questions)].set(
            chosen, mode="drop"
        )
        return plan._replace(asked=asked), questions_at(setting, chosen)

    def begin(key: jax.Array, setting: Setting) -> tuple[LabellingPlan, Questions]:
        plan = LabellingPlan(
            asked=jnp.zeros(budget, jnp.int32),
            num_asked=jnp.int32(0),
            answer=jnp.zeros((budget, config.panel.answers), jnp.int32),
            is_answered=jnp.zeros((budget, config.panel.answers), bool),
            annotator=jnp.zeros((budget, config.panel.answers), jnp.int32),
        )
        score = jax.random.uniform(key, (shape.num_pool,))
        return ask_about(setting, plan, score)

    def absorb(
        setting: Setting, plan: LabellingPlan, answers: Answers | None
    ) -> LabellingPlan:
        if answers is None:
            raise TypeError("`answers` must be given: labelling asks people.")
        del setting
        row = plan.num_asked + jnp.arange(config.questions)
        return plan._replace(
            num_asked=plan.num_asked + config.questions,
            answer=plan.answer.at[row].set(answers.answer),
            is_answered=plan.is_answered.at[row].set(answers.is_answered),
            annotator=plan.annotator.at[row].set(answers.annotator),
        )

    def training(setting: Setting, plan: LabellingPlan) -> TrainSet:
        is_usable = plan.is_answered.any(axis=1)
        is_usable &= jnp.arange(budget) < plan.num_asked
        first = plan.asked[jnp.argsort(~is_usable)]
        labels = jnp.zeros(shape.num_pool, jnp.int32)
        decided = _labels(config, shape.num_classes, plan).astype(jnp.int32)
        return TrainSet(
            setting.split.pool.features,
            labels.at[_asked_positions(plan, shape.num_pool)].set(decided, mode="drop"),
            first,
            jnp.maximum(is_usable.sum(dtype=jnp.int32), 1),
        )

    def choose(
        key: jax.Array, setting: Setting, plan: LabellingPlan, params: object
    ) -> tuple[LabellingPlan, Questions]:
        logits = network.apply(params, setting.split.pool.features)
        return ask_about(setting, plan, strategy(key, logits))

    return Intervention(
        num_rounds=config.rounds,
        num_questions=config.questions,
        feedback="label",
        num_features=shape.num_features,
        is_scratch=config.refit == "scratch",
        begin=begin,
        absorb=absorb,
        training=training,
        columns=keep_all_columns,
        choose=choose,
        work=_work(config, program),
    )


def _work(config: LabellingConfig, program: Program) -> tuple[WorkLine, ...]:
    """Count the scored items: all that are unlabelled, before each round but the first.

    Random labelling needs no score, so it scores nothing.
    """
    if config.strategy == "random":
        return ()
    shape, train = program.shape, program.train
    per_round = train.num_checkpoints // config.rounds
    due = np.zeros(train.num_checkpoints, np.int64)
    for r in range(1, config.rounds):
        due[r * per_round] = shape.num_pool - r * config.questions
    strategy = STRATEGIES[config.strategy]
    unit = forward_unit(
        "score",
        program.network,
        shape.num_pool,
        shape.num_features,
        shape.num_classes,
        lambda logits: strategy(jax.random.key(0), logits),
        config.strategy,
    )
    return (WorkLine(unit, PROTOCOL, spread(due)),)
