"""People rate some items' relevance; a small model generalises; a share is kept."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import built_in
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    asked_difficulty,
    asked_utility,
)
from hitl_sim.learn.intervention.rated import Rated, RatedArm, RatedPlan, mean_rating
from hitl_sim.learn.intervention.share import (
    kept_items,
)
from hitl_sim.schema import SomeShare
from hitl_sim.task import Pool, Status


class RelevanceArm(RatedArm, frozen=True, tag="relevance"):
    """People rate items; a small model generalises; a share is kept.

    Attributes:
        share: of the pool.
    """

    share: SomeShare = 0.5

    traced: ClassVar[tuple[str, ...]] = ("share",)

    def check_replayed(self) -> None:
        """Ratings can be recorded."""

    def items_kept(self, pool: int) -> int:
        """The share, of which people are not asked about all."""
        return kept_items(self.share, pool)

    def build(self, program: Program) -> Intervention:
        """Build relevance selection.

        A sample of the pool is rated (0 drop, 1 unsure, 2 keep), the rest by a small
        model, and the share of highest score is kept; see `rated`.
        """
        ratings = Rated(self, program)

        def begin(key: jax.Array, setting: Setting) -> tuple[RatedPlan, Questions]:
            plan, pool = ratings.begin(key, setting), setting.split.pool
            keep = seems_right(pool)[plan.asked].astype(jnp.int32)
            questions = Questions(
                item=pool.item[plan.asked],
                truth=keep,
                right=2 * keep,
                utility=asked_utility(setting, plan.asked, 2),
                difficulty=asked_difficulty(setting, plan.asked),
                discrimination=jnp.ones(self.questions),
                size=pool.size[plan.asked],
            )
            return plan, questions

        def absorb(setting: Setting, plan: RatedPlan, answers: Answers) -> RatedPlan:
            return ratings.absorb(setting, plan, *mean_rating(answers, 2))

        return ratings.keep_share(begin, absorb)


def seems_right(pool: Pool) -> Bool[Array, " items"]:
    """Say which items a perfect rater keeps, who sees one item and its given label.

    Nothing about an item says that there is another like it.
    """
    has_class = pool.status != Status.IRRELEVANT
    return has_class & (pool.label == pool.truth)


relevance = built_in(RelevanceArm, version=2)
