"""People rate some items' relevance; a small model generalises; a share is kept."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    ask_nothing,
    asked_difficulty,
    asked_utility,
    even_steps,
    keep_all_columns,
)
from hitl_sim.learn.intervention.share import Kept, kept_count, train_on_kept
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.optimise import TrainConfig, TrainSet, fit
from hitl_sim.learn.work import (
    PROTOCOL,
    Unit,
    WorkLine,
    abstract,
    forward_unit,
    once,
    train_unit,
)
from hitl_sim.task import Pool

NUM_CUES = 5
"""Cues that the generalising model reads from an item and its given label."""
_RATE = 0.2
"""Adam learning rate of the generalising model on standardised cues; assumed."""


@dataclass(frozen=True)
class RelevanceConfig:
    """How much people rate, and how their ratings are generalised.

    Attributes:
        questions: items of the pool that people rate.
        generalise_steps: training steps of the small model, each on as many ratings
            as there are.
    """

    questions: int = 200
    generalise_steps: int = 30


class RelevancePlan(NamedTuple):
    """`asked` `[n]` pool positions, the order they led to, and the key's data."""

    asked: Int[Array, " n"]
    key: jax.Array
    kept: Kept


def cues(
    features: Float[Array, "items features"],
    label: Int[Array, " items"],
    asked: Int[Array, " n"],
    rating: Float[Array, " n"],
    num_classes: int,
) -> Float[Array, "items cues"]:
    """Describe each item by how it and its label fit what people found relevant.

    Class prototypes are the mean features of the rated items, weighted by rating
    (Rocchio). The cues are the cosine to the own label's prototype, its lead over the
    best other prototype, the largest cosine, the length of the feature vector, and
    its scatter; each standardised over the pool.

    References:
        Rocchio (1971), Relevance feedback in information retrieval.
    """
    weight = jax.nn.one_hot(label[asked], num_classes) * rating[:, None]
    prototype = weight.T @ features[asked]
    norm = jnp.linalg.norm(features, axis=1)
    unit = features / jnp.maximum(norm, 1e-6)[:, None]
    prototype /= jnp.maximum(jnp.linalg.norm(prototype, axis=1), 1e-6)[:, None]
    cosine = unit @ prototype.T
    own = jnp.take_along_axis(cosine, label[:, None], axis=1)[:, 0]
    is_own = jax.nn.one_hot(label, num_classes, dtype=bool)
    other = jnp.where(is_own, -jnp.inf, cosine).max(axis=1)
    raw = jnp.stack(
        [own, own - other, cosine.max(axis=1), norm, features.std(axis=1)], axis=1
    )
    centred = raw - raw.mean(axis=0)[None]
    return centred / jnp.maximum(raw.std(axis=0), 1e-6)[None]


def _rating(answers: Answers) -> tuple[jax.Array, jax.Array]:
    """Mean rating in [0, 1] of each asked item, and whether anybody rated it."""
    weight = answers.is_answered.astype(jnp.float32)
    total = weight.sum(axis=1)
    level = (answers.answer.astype(jnp.float32) / 2.0 * weight).sum(axis=1)
    return jnp.where(total > 0, level / jnp.maximum(total, 1.0), 0.5), total > 0


def build_relevance(config: RelevanceConfig, program: Program) -> Intervention:
    """Build relevance selection.

    A random sample of the pool is rated (0 drop, 1 unsure, 2 keep). A logistic model
    on `cues` learns the ratings; a rated item's score is the mean of its rating and
    of the model's probability, another item's is the model's probability. The share
    of highest score is kept.
    """
    shape = program.shape
    small = build_network(NetworkConfig(hidden=()), NUM_CUES, 2)
    small_train = TrainConfig(batch=config.questions, optimiser="adam")

    def begin(key: jax.Array, setting: Setting) -> tuple[RelevancePlan, Questions]:
        key_asked, key_model = jax.random.split(key)
        pool = setting.split.pool
        asked = jax.random.permutation(key_asked, shape.num_pool)[: config.questions]
        keep = (pool.status[asked] == 0).astype(jnp.int32)
        one = jnp.ones(config.questions)
        questions = Questions(
            item=pool.item[asked],
            truth=keep,
            right=2 * keep,
            utility=asked_utility(setting, asked, 2),
            difficulty=asked_difficulty(setting, asked),
            discrimination=one,
            size=pool.size[asked],
        )
        nothing = Kept(jnp.arange(shape.num_pool), kept_count(setting))
        return RelevancePlan(asked, key_model, nothing), questions

    def generalise(
        key: jax.Array,
        x: jax.Array,
        plan: RelevancePlan,
        keep: jax.Array,
        is_rated: jax.Array,
    ) -> jax.Array:
        labels = jnp.zeros(shape.num_pool, jnp.int32).at[plan.asked].set(keep)
        rated = TrainSet(
            x,
            labels,
            plan.asked[jnp.argsort(~is_rated)],
            jnp.maximum(is_rated.sum(dtype=jnp.int32), 1),
        )
        rate, num_steps = jnp.float32(_RATE), config.generalise_steps
        params = fit(key, small, small_train, rate, rated, num_steps)
        return jax.nn.softmax(small.apply(params, x))[:, 1]

    def absorb(
        setting: Setting, plan: RelevancePlan, answers: Answers | None
    ) -> RelevancePlan:
        if answers is None:
            raise TypeError("`answers` must be given: relevance asks people.")
        pool: Pool = setting.split.pool
        rating, is_rated = _rating(answers)
        x = cues(pool.features, pool.label, plan.asked, rating, shape.num_classes)
        keep = (rating > 0.5).astype(jnp.int32)
        probability = generalise(plan.key, x, plan, keep, is_rated)
        blended = (probability[plan.asked] + rating) / 2.0
        score = probability.at[plan.asked].set(
            jnp.where(is_rated, blended, probability[plan.asked])
        )
        return plan._replace(kept=Kept(jnp.argsort(-score), kept_count(setting)))

    def training(setting: Setting, plan: RelevancePlan) -> TrainSet:
        return train_on_kept(setting, plan.kept)

    return Intervention(
        num_rounds=1,
        num_questions=config.questions,
        feedback="relevance",
        num_features=shape.num_features,
        is_scratch=False,
        steps=even_steps(program.train),
        begin=begin,
        absorb=absorb,
        training=training,
        columns=keep_all_columns,
        choose=ask_nothing,
        work=_work(config, program, small_train),
    )


def _work(
    config: RelevanceConfig, program: Program, small_train: TrainConfig
) -> tuple[WorkLine, ...]:
    shape, checkpoints = program.shape, program.train.num_checkpoints
    small = NetworkConfig(hidden=())

    def describe(
        features: jax.Array, label: jax.Array, asked: jax.Array, rating: jax.Array
    ) -> jax.Array:
        return cues(features, label, asked, rating, shape.num_classes)

    embed = Unit(
        f"embed:cues-{shape.num_features}-{shape.num_classes}:n{shape.num_pool}",
        "embed",
        describe,
        (
            abstract(shape.num_pool, shape.num_features),
            abstract(shape.num_pool, dtype=jnp.int32),
            abstract(config.questions, dtype=jnp.int32),
            abstract(config.questions),
        ),
        shape.num_pool,
    )
    return (
        WorkLine(embed, PROTOCOL, once(shape.num_pool, checkpoints)),
        WorkLine(
            train_unit("choose", small, small_train, NUM_CUES, 2),
            PROTOCOL,
            once(config.generalise_steps, checkpoints),
        ),
        WorkLine(
            forward_unit(
                "score", small, shape.num_pool, NUM_CUES, 2, jax.nn.softmax, "p"
            ),
            PROTOCOL,
            once(shape.num_pool, checkpoints),
        ),
    )
