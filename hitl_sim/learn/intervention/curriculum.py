"""People grade how hard some items are; training begins with the easy ones."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import built_in
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    asked_difficulty,
    even_steps,
)
from hitl_sim.learn.intervention.pace import PaceShare, pace_training
from hitl_sim.learn.intervention.rated import Rated, RatedArm, RatedPlan, mean_rating
from hitl_sim.task import Status
from oracles.evidence import margin_difficulty
from oracles.feedback.difficulty import CUTS, NUM_LEVELS

_NO_CLASS = 3.0
"""Difficulty of an item without a class, beyond all but one in 700 that have one."""


class CurriculumArm(RatedArm, frozen=True, tag="curriculum"):
    """People grade items from easy to hard; a small model generalises.

    Attributes:
        begin: share of the pool, its easiest, that training begins with.
        until: share of training after which it is on the whole pool.
    """

    begin: PaceShare = 0.3
    until: PaceShare = 0.5

    traced: ClassVar[tuple[str, ...]] = ("begin", "until")

    @property
    def question(self) -> str:
        """How hard an item is."""
        return "difficulty"

    def build(self, program: Program) -> Intervention:
        """Build a curriculum by people.

        They see an item and its given label, and grade how hard it is on five levels.
        What they perceive is how little it fits that label: minus the margin of a model
        of class means, as a normal score over the pool, which wrong labels make large;
        items without a class are beyond.

        References:
            Bengio, Louradour, Collobert, Weston (2009), Curriculum learning, ICML.
        """
        ratings, shape = Rated(self, program), program.shape
        trained = pace_training(shape.num_pool, program.train.num_checkpoints)

        def begin(key: jax.Array, setting: Setting) -> tuple[RatedPlan, Questions]:
            plan, pool = ratings.begin(key, setting), setting.split.pool
            hard = seen_difficulty(setting, shape.num_classes)[plan.asked]
            level = (hard[:, None] > jnp.asarray(CUTS)[None]).sum(axis=1)
            questions = Questions(
                item=pool.item[plan.asked],
                truth=(hard > 0.0).astype(jnp.int32),
                right=level.astype(jnp.int32),
                utility=jnp.stack([-hard / 2.0, hard / 2.0], axis=1),
                difficulty=asked_difficulty(setting, plan.asked),
                discrimination=jnp.ones(self.questions),
                size=pool.size[plan.asked],
            )
            return plan, questions

        def absorb(setting: Setting, plan: RatedPlan, answers: Answers) -> RatedPlan:
            hard, is_rated = mean_rating(answers, NUM_LEVELS - 1)
            return ratings.absorb(setting, plan, 1.0 - hard, is_rated)

        return Intervention(
            shape.num_features,
            even_steps(program.train),
            begin,
            lambda setting, plan: trained(setting, plan.order),
            absorb,
            feedback="difficulty",
            num_questions=self.questions,
            work=ratings.work(),
        )


def seen_difficulty(setting: Setting, num_classes: int) -> Float[Array, " items"]:
    """Say how hard each item of the pool is under its given label."""
    pool = setting.split.pool
    has_class = pool.status != Status.IRRELEVANT
    hard = margin_difficulty(pool.features, pool.label, has_class, num_classes)
    return jnp.where(has_class, hard, _NO_CLASS)


curriculum = built_in(CurriculumArm)
