"""Active labelling: a model chooses which items people label next."""

import itertools
from dataclasses import dataclass, field
from functools import partial
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
    Shape,
    askable_first,
    keep_all_columns,
    label_questions,
)
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import TrainConfig, TrainSet
from hitl_sim.learn.query import STRATEGIES, top_items, true_first
from hitl_sim.learn.work import PROTOCOL, WorkLine, forward_unit, spread
from hitl_sim.part import builtin, find
from oracles.aggregate.votes import Votes

REFITS = ("warm", "scratch", "final_only")
"""Whether a round trains on, starts afresh, or leaves it all to the last round."""


@dataclass(frozen=True)
class LabellingConfig:
    """What is labelled, and how answers become labels.

    Attributes:
        rounds: rounds of questions.
        questions: items labelled per round.
        strategy: a name in `STRATEGIES`; the first round is always random, for there
            is no model yet.
        aggregate: name of an aggregation.
        refit: one of `REFITS`; "final_only" leaves no model to choose with, and so
            goes with the strategy "random" only.
        epochs: passes over the labelled items per fit; every round trains an equal
            share of the cap when left out.
        score_items: unlabelled items, drawn at random, that a model scores before each
            round; the whole pool when left out.
        panel: who answers, which fixes how many answers an item gets.
        is_suggesting: whether people are shown the class that the model would give,
            from the second round on; needs a model in every round.
        initial: items whose given labels are there before the first round, as evenly
            over the given classes as can be; a model of them chooses what comes first.
    """

    rounds: int = 10
    questions: int = 20
    strategy: str = "margin"
    aggregate: str = "majority"
    refit: str = "warm"
    epochs: int | None = None
    score_items: int | None = None
    panel: PanelConfig = field(default_factory=PanelConfig)
    is_suggesting: bool = False
    initial: int = 0

    @property
    def num_stages(self) -> int:
        """Fits of a model: the rounds, and one before them if labels are there."""
        return self.rounds + (self.initial > 0)

    def labelled(self, stage: int) -> int:
        """Count the items that have been asked about, or given, by a stage's fit."""
        rounds = stage if self.initial else stage + 1
        return self.initial + rounds * self.questions


class LabellingPlan(NamedTuple):
    """Everything asked so far; rows past `num_asked` are not read.

    Attributes:
        asked: `[initial + budget]` pool positions: those whose labels were there, then
            the others in the order of asking.
        num_asked: `[]` of both.
        answer: `[budget, M]`.
        is_answered: `[budget, M]`.
        annotator: `[budget, M]`.
        key: decides between labels with equally many votes.
    """

    asked: Int[Array, " all"]
    num_asked: Int[Array, ""]
    answer: Int[Array, "budget answers"]
    is_answered: Bool[Array, "budget answers"]
    annotator: Int[Array, "budget answers"]
    key: jax.Array


def _asked_positions(plan: LabellingPlan, num_pool: int) -> jax.Array:
    """Pool positions asked so far; past them `num_pool`, out of range."""
    is_asked = jnp.arange(plan.asked.shape[0]) < plan.num_asked
    return jnp.where(is_asked, plan.asked, num_pool)


def _labels(
    config: LabellingConfig, num_classes: int, plan: LabellingPlan
) -> Int[Array, " budget"]:
    """One label per asked item."""
    votes = Votes(plan.answer, plan.is_answered, plan.annotator)
    aggregate = find("aggregation", config.aggregate)(num_classes, config.panel.crew)
    label: jax.Array = aggregate(plan.key, votes, {})[0]
    return label


def _check(config: LabellingConfig, num_pool: int) -> None:
    for name, allowed in (
        ("strategy", tuple(STRATEGIES)),
        ("aggregate", tuple(builtin("aggregation"))),
        ("refit", REFITS),
    ):
        if getattr(config, name) not in allowed:
            raise ValueError(
                f"`{name}` must be one of {', '.join(map(repr, allowed))}, got "
                f"{getattr(config, name)!r}."
            )
    asked = config.initial + config.rounds * config.questions
    if asked > num_pool:
        raise ValueError(
            f"`initial` + `rounds` x `questions` must be <= the pool ({num_pool}), got "
            f"{asked}."
        )
    if config.score_items is not None and config.score_items < config.questions:
        raise ValueError(
            f"`score_items` must be >= `questions` ({config.questions}), got "
            f"{config.score_items}."
        )
    if config.refit == "final_only" and config.is_suggesting:
        raise ValueError(
            "`is_suggesting` must be False where `refit` is 'final_only', for there is "
            "no model to suggest, got True."
        )
    if config.refit == "final_only" and config.strategy != "random":
        raise ValueError(
            "`strategy` must be 'random' where `refit` is 'final_only', for there is "
            f"no model to choose with, got {config.strategy!r}."
        )


def _suggests_anew(config: LabellingConfig) -> bool:
    """Whether suggestions take a look at items that no strategy has scored."""
    return config.is_suggesting and config.strategy == "random"


def fit_steps(config: LabellingConfig, train: TrainConfig) -> tuple[int, ...]:
    """List the training steps before each checkpoint, `C` of them.

    Args:
        config: rounds, refits and epochs.
        train: batch, and the grid of checkpoints, which the stages divide.

    Returns:
        With `epochs` E, the fit of a round takes ceil(E n / batch) steps for its n
        labelled items, spread evenly over the round's checkpoints; else each takes
        `train.steps_per_checkpoint`. With "final_only" only the last round's count.
    """
    per_stage = train.num_checkpoints // config.num_stages
    steps: list[int] = []
    for stage in range(config.num_stages):
        is_due = config.refit != "final_only" or stage == config.num_stages - 1
        total = per_stage * train.steps_per_checkpoint
        if config.epochs is not None:
            labelled = config.labelled(stage)
            total = -(-config.epochs * labelled // (train.batch or labelled))
        ends = [total * (k + 1) // per_stage for k in range(per_stage)]
        fit = [b - a for a, b in itertools.pairwise([0, *ends])]
        steps.extend(fit if is_due else [0] * per_stage)
    return tuple(steps)


def _suggest(
    network: Network, params: object | None, features: Float[Array, "n features"]
) -> Int[Array, " n"]:
    """Name the class that the model would give; -1 where there is no model yet."""
    if params is None:
        return jnp.full(features.shape[0], -1, jnp.int32)
    return network.apply(params, features).argmax(axis=1).astype(jnp.int32)


def _empty_plan(config: LabellingConfig, key: jax.Array) -> LabellingPlan:
    budget = config.rounds * config.questions
    return LabellingPlan(
        asked=jnp.zeros(config.initial + budget, jnp.int32),
        num_asked=jnp.int32(config.initial),
        answer=jnp.zeros((budget, config.panel.answers), jnp.int32),
        is_answered=jnp.zeros((budget, config.panel.answers), bool),
        annotator=jnp.zeros((budget, config.panel.answers), jnp.int32),
        key=key,
    )


def _with_given(
    key: jax.Array,
    setting: Setting,
    config: LabellingConfig,
    num_classes: int,
    plan: LabellingPlan,
) -> LabellingPlan:
    """Draw the items whose labels are there, as evenly over the classes as can be."""
    label = setting.split.pool.label
    order = jax.random.permutation(key, label.shape[0])
    is_of = label[order][:, None] == jnp.arange(num_classes)[None]
    place = jnp.cumsum(is_of, axis=0)[jnp.arange(label.shape[0]), label[order]]
    # everybody's first before anybody's second
    start = order[jnp.argsort(place, stable=True)[: config.initial]]
    return plan._replace(asked=plan.asked.at[: config.initial].set(start))


def _absorb(
    config: LabellingConfig, plan: LabellingPlan, answers: Answers
) -> LabellingPlan:
    row = plan.num_asked - config.initial + jnp.arange(config.questions)
    return plan._replace(
        num_asked=plan.num_asked + config.questions,
        answer=plan.answer.at[row].set(answers.answer),
        is_answered=plan.is_answered.at[row].set(answers.is_answered),
        annotator=plan.annotator.at[row].set(answers.annotator),
    )


def _narrow(config: LabellingConfig, plan: LabellingPlan, items: int) -> LabellingPlan:
    """Keep room for the first items only."""
    answered = items - config.initial
    return plan._replace(
        asked=plan.asked[:items],
        answer=plan.answer[:answered],
        is_answered=plan.is_answered[:answered],
        annotator=plan.annotator[:answered],
    )


def _train_set(
    config: LabellingConfig, shape: Shape, setting: Setting, plan: LabellingPlan
) -> TrainSet:
    """Train on the labels that were there, and on those that people agree on."""
    pool, most = setting.split.pool, plan.asked.shape[0]
    given = pool.label[plan.asked[: config.initial]]
    decided = jnp.zeros(0, jnp.int32)
    if most > config.initial:
        decided = _labels(config, shape.num_classes, plan).astype(jnp.int32)
    is_known = jnp.ones(config.initial, bool)
    is_usable = jnp.concatenate([is_known, plan.is_answered.any(axis=1)])
    is_usable &= jnp.arange(most) < plan.num_asked
    labels = jnp.zeros(shape.num_pool, jnp.int32)
    position = _asked_positions(plan, shape.num_pool)
    return TrainSet(
        pool.features,
        labels.at[position].set(jnp.concatenate([given, decided]), mode="drop"),
        plan.asked[true_first(is_usable)],
        jnp.maximum(is_usable.sum(dtype=jnp.int32), 1),
    )


def build_labelling(config: LabellingConfig, program: Program) -> Intervention:
    """Build pool-based active labelling with several people per item.

    Raises:
        ValueError: more questions than the pool has items, fewer scored items than
            questions, or a choice by a model that is never trained.
    """
    shape = program.shape
    _check(config, shape.num_pool)
    network = build_network(program.network, shape.num_features, shape.num_classes)
    strategy = STRATEGIES[config.strategy]

    def ask_about(
        key: jax.Array,
        setting: Setting,
        plan: LabellingPlan,
        score: Float[Array, " items"],
        params: object | None,
    ) -> tuple[LabellingPlan, Questions]:
        position = _asked_positions(plan, shape.num_pool)
        is_free = jnp.ones(shape.num_pool, bool).at[position].set(False, mode="drop")
        score = askable_first(setting, score)
        chosen = top_items(key, score, is_free, config.questions)
        # past the last round there is no room left, and the write is dropped
        asked = plan.asked.at[plan.num_asked + jnp.arange(config.questions)].set(
            chosen, mode="drop"
        )
        questions = label_questions(setting, chosen, shape.num_classes)
        if config.is_suggesting:
            seen = setting.split.pool.features[chosen]
            questions = questions._replace(suggestion=_suggest(network, params, seen))
        return plan._replace(asked=asked), questions

    def begin(
        key: jax.Array, setting: Setting
    ) -> tuple[LabellingPlan, Questions | None]:
        key_asked, key_vote = jax.random.split(key)
        plan = _empty_plan(config, key_vote)
        if config.initial:
            return _with_given(
                key_asked, setting, config, shape.num_classes, plan
            ), None
        no_score = jnp.zeros(shape.num_pool)
        return ask_about(key_asked, setting, plan, no_score, None)

    def absorb(
        setting: Setting, plan: LabellingPlan, answers: Answers | None
    ) -> LabellingPlan:
        del setting
        if answers is None:
            raise TypeError("`answers` must be given: labelling asks people.")
        return _absorb(config, plan, answers)

    def choose(
        key: jax.Array, setting: Setting, plan: LabellingPlan, params: object
    ) -> tuple[LabellingPlan, Questions]:
        key_draw, key_score, key_lot = jax.random.split(key, 3)
        if config.score_items is None:
            logits = network.apply(params, setting.split.pool.features)
            score = strategy(key_score, logits)
            return ask_about(key_lot, setting, plan, score, params)
        position = _asked_positions(plan, shape.num_pool)
        is_free = jnp.ones(shape.num_pool, bool).at[position].set(False, mode="drop")
        equal = askable_first(setting, jnp.zeros(shape.num_pool))
        drawn = top_items(key_draw, equal, is_free, config.score_items)
        logits = network.apply(params, setting.split.pool.features[drawn])
        score = jnp.full(shape.num_pool, -jnp.inf)
        score = score.at[drawn].set(strategy(key_score, logits))
        return ask_about(key_lot, setting, plan, score, params)

    return Intervention(
        num_rounds=config.rounds,
        num_questions=config.questions,
        feedback="label",
        num_features=shape.num_features,
        is_scratch=config.refit == "scratch",
        has_penalty=False,
        steps=fit_steps(config, program.train),
        begin=begin,
        absorb=absorb,
        training=partial(_train_set, config, shape),
        columns=keep_all_columns,
        choose=choose,
        work=_work(config, program, network),
        has_start=config.initial > 0,
        capacity=tuple(config.labelled(stage) for stage in range(config.num_stages)),
        narrow=None if config.aggregate == "majority" else partial(_narrow, config),
    )


def _work(
    config: LabellingConfig, program: Program, network: Network
) -> tuple[WorkLine, ...]:
    """Count the scored items, before each round but the first.

    They are all that are unlabelled, or the subsample. Random labelling needs no
    score, so it scores nothing, or what it asks where the model makes suggestions.
    """
    if config.strategy == "random" and not _suggests_anew(config):
        return ()
    shape, train = program.shape, program.train
    per_stage = train.num_checkpoints // config.num_stages
    due = np.zeros(train.num_checkpoints, np.int64)
    for stage in range(1, config.num_stages):
        unlabelled = shape.num_pool - config.labelled(stage - 1)
        scored = min(config.score_items or unlabelled, unlabelled)
        due[stage * per_stage] = config.questions if _suggests_anew(config) else scored
    if _suggests_anew(config):
        unit = forward_unit(
            "score",
            program.network,
            config.questions,
            shape.num_features,
            shape.num_classes,
            lambda logits: logits.argmax(axis=1),
            "suggestion",
            built=network,
        )
        return (WorkLine(unit, PROTOCOL, spread(due)),)
    strategy = STRATEGIES[config.strategy]
    unit = forward_unit(
        "score",
        program.network,
        config.score_items or shape.num_pool,
        shape.num_features,
        shape.num_classes,
        lambda logits: strategy(jax.random.key(0), logits),
        config.strategy,
        built=network,
    )
    return (WorkLine(unit, PROTOCOL, spread(due)),)
