"""People say which of two items is a better example; a model ranks the pool by that."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import Surroundings, built_in
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    asked_difficulty,
)
from hitl_sim.learn.intervention.curriculum import seen_difficulty
from hitl_sim.learn.intervention.rated import (
    Rated,
    RatedArm,
    RatedPlan,
    cues,
    mean_rating,
)
from hitl_sim.learn.intervention.share import (
    kept_items,
)
from hitl_sim.learn.optimise import TrainConfig, TrainSet
from hitl_sim.learn.query import true_first
from hitl_sim.schema import SomeShare
from oracles.feedback.preference import FIRST, SECOND

_NEXT = 1_000_003
"""Makes one number of two items' ids; a prime, so that other pairs have others."""


class PreferenceArm(RatedArm, frozen=True, tag="preference"):
    """People compare items two by two; a small model ranks the pool; a share is kept.

    The chosen items stand in a ring, and each is compared with the next: so many
    comparisons as items, each of which comes up twice.

    Attributes:
        share: of the pool.
    """

    share: SomeShare = 0.5

    traced: ClassVar[tuple[str, ...]] = ("share",)
    least_questions: ClassVar[int] = 3

    def check(self, study: Surroundings) -> None:
        """Refuse a ring that would compare two items twice."""
        super().check(study)
        if self.questions < self.least_questions:
            raise ValueError(
                f"`arm.questions` must be >= {self.least_questions} with kind "
                "'preference', which compares items in a ring, two of which it never "
                f"compares twice, got {self.questions} in arm {self.name!r}."
            )

    def items_kept(self, pool: int) -> int:
        """The share, of which people are not asked about all."""
        return kept_items(self.share, pool)

    def build(self, program: Program) -> Intervention:
        """Build the ranking of a pool by comparisons.

        People see two items with their given labels and say which is the better
        example of its own, or that they are alike. What they perceive is how well an
        item fits its label: minus its difficulty in a `curriculum`.

        References:
            Bradley, Terry (1952), Rank analysis of incomplete block designs I,
            Biometrika 39; Springall (1973), Response surface fitting using a
            generalization of the Bradley-Terry paired comparison model, Journal of the
            Royal Statistical Society C 22: a worth that is linear in what is known of
            the objects.
        """
        compared, num_classes = Compared(self, program), program.shape.num_classes

        def begin(key: jax.Array, setting: Setting) -> tuple[RatedPlan, Questions]:
            plan, pool = compared.begin(key, setting), setting.split.pool
            pair = jnp.stack([plan.asked, jnp.roll(plan.asked, -1)], axis=1)
            worth = -seen_difficulty(setting, num_classes)[pair]
            is_second = worth[:, 1] > worth[:, 0]
            item = pool.item[pair]
            questions = Questions(
                item=item[:, 0] * _NEXT + item[:, 1],
                truth=is_second.astype(jnp.int32),
                right=jnp.where(is_second, SECOND, FIRST),
                utility=worth,
                difficulty=asked_difficulty(setting, plan.asked),
                discrimination=(worth[:, 0] != worth[:, 1]).astype(jnp.float32),
                size=pool.size[pair].mean(axis=1),
                options=item,
            )
            return plan, questions

        def absorb(setting: Setting, plan: RatedPlan, answers: Answers) -> RatedPlan:
            return compared.rank(setting, plan, answers)

        return compared.keep_share(begin, absorb)


class Compared(Rated):
    """Comparisons of a pool's items by people and a small model."""

    def __init__(self, arm: RatedArm, program: Program) -> None:
        """Build the small model, which learns each comparison both ways round."""
        super().__init__(arm, program)
        self.small_train = TrainConfig(batch=2 * arm.questions)

    def rank(self, setting: Setting, plan: RatedPlan, answers: Answers) -> RatedPlan:
        """Order the pool by the worth that people's comparisons give its items.

        A logistic model on the difference of two items' `cues`, whichever comes first,
        learns who wins: the worth of an item is then linear in its cues. A tie counts
        for both. A compared item's score is the mean of the share of its comparisons
        that it won and of the model's probability that it beats the mean item of its
        class; another item's is that probability.
        """
        second, is_compared = mean_rating(answers, SECOND)
        won, is_known = shares_won(second, is_compared)
        pool = setting.split.pool
        given = pool.label, plan.asked, won, self.shape.num_classes
        x = within_class(cues(pool.features, *given), pool.label, given[-1])
        beats = self.beats(plan, x, second, is_compared)
        return self.order(plan, beats, won, is_known)

    def beats(
        self,
        plan: RatedPlan,
        x: Float[Array, "items cues"],
        second: Float[Array, " n"],
        is_compared: Bool[Array, " n"],
    ) -> Float[Array, " items"]:
        """Return the probability that an item beats the mean one of its class."""
        lead = x[plan.asked] - x[jnp.roll(plan.asked, -1)]
        is_better = jnp.concatenate([second <= 0.5, second >= 0.5])
        both = jnp.tile(is_compared, 2)
        compared = TrainSet(
            jnp.concatenate([lead, -lead]),
            is_better.astype(jnp.int32),
            true_first(both),
            jnp.maximum(both.sum(dtype=jnp.int32), 1),
        )
        worth = self.learn(plan, compared)
        return jax.nn.softmax(worth(x) - worth(jnp.zeros_like(x[:1])))[:, 1]


def within_class(
    x: Float[Array, "items cues"], label: Int[Array, " items"], num_classes: int
) -> Float[Array, "items cues"]:
    """Hold each item's cues against those of its class, standardised over the pool.

    People are asked for the better example of its own class: a class of which few
    examples won would else come last with all its items.
    """
    is_of = jax.nn.one_hot(label, num_classes)
    mean = (is_of.T @ x) / jnp.maximum(is_of.sum(axis=0), 1.0)[:, None]
    lead = x - mean[label]
    return lead / jnp.maximum(lead.std(axis=0), 1e-6)[None]


def shares_won(
    second: Float[Array, " n"], is_compared: Bool[Array, " n"]
) -> tuple[Float[Array, " n"], Bool[Array, " n"]]:
    """Say what share of its comparisons each item of a ring has won.

    Args:
        second: how far the second item won in comparison i, that of items i and i + 1:
            0 not at all, .5 a tie, 1 with everybody.
        is_compared: whether anybody answered it.

    Returns:
        The shares, .5 where nobody compared the item, and whether anybody did.
    """
    count = is_compared.astype(jnp.float32)
    num = count + jnp.roll(count, 1)
    won = (1.0 - second) * count + jnp.roll(second * count, 1)
    return jnp.where(num > 0, won / jnp.maximum(num, 1.0), 0.5), num > 0


preference = built_in(PreferenceArm)
