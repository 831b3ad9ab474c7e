"""A machine doubts some labels; people verify those, and the rejected ones go."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import PROXY_STEPS, PeopleArm, built_in
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
    label_questions,
)
from hitl_sim.learn.intervention.machine_share import loss_score
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.intervention.share import Kept, train_on_kept
from hitl_sim.learn.query import top_items, true_first
from hitl_sim.schema import Count
from oracles.aggregate.votes import count_votes


class VerificationArm(PeopleArm, frozen=True, tag="verification"):
    """A proxy doubts some given labels; people verify those; rejected items go.

    Attributes:
        questions: items of the pool that people verify: those whose given label a
            quickly trained proxy finds least likely.
        proxy_steps: training steps of the proxy on the whole pool.
        none_of_these: whether people know that an item may belong to no class, whose
            label they then reject; else they guess.
    """

    questions: Count = 200
    proxy_steps: Count = PROXY_STEPS
    none_of_these: bool = False

    @property
    def suggests(self) -> bool:
        """The given label is what people are shown."""
        return True

    @property
    def num_questions(self) -> int:
        """One of each item."""
        return self.questions

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """The classes, and none of them where that is offered."""
        return super().num_options(num_classes, num_groups) + self.none_of_these

    def items_kept(self, pool: int) -> int:
        """All but those that may be rejected."""
        return pool - self.questions

    def build(self, program: Program) -> Intervention:
        """Build the routing of doubtful labels to people.

        The proxy trusts every other label. A label that more people reject than confirm
        is taken out of training with its item; a tie is decided at random, and what
        nobody answered stays. An item that belongs to no class has no right label: its
        answers are not scored, but where people know that there are such items.

        References:
            Northcutt, Jiang, Chuang (2021), Confident learning: estimating uncertainty
            in dataset labels, JAIR 70: labels ranked by the model's own confidence in
            them.
        """
        shape = program.shape
        network = proxy_network(program)

        def score(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
            return loss_score(network.apply(params, features), label)

        def begin(
            key: jax.Array, setting: Setting
        ) -> tuple[VerificationPlan, Questions]:
            key_fit, key_top, key_lot = jax.random.split(key, 3)
            pool = setting.split.pool
            params = fit_proxy(key_fit, program, setting, self.proxy_steps)
            doubt = score(params, pool.features, pool.label)
            asked = top_items(key_top, doubt, setting.is_kept, self.questions)
            label = pool.label[asked]
            own = shape.num_classes, self.none_of_these
            questions = label_questions(setting, asked, *own)
            questions = questions._replace(
                right=(label == questions.truth).astype(jnp.int32), suggestion=label
            )
            whole = Kept(jnp.arange(shape.num_pool), jnp.int32(shape.num_pool))
            return VerificationPlan(asked, key_lot, whole), questions

        def absorb(
            setting: Setting, plan: VerificationPlan, answers: Answers
        ) -> VerificationPlan:
            del setting
            vote, _ = count_votes(answers.answer, answers.is_answered, 2, plan.key)
            stays = jnp.ones(shape.num_pool, bool).at[plan.asked].set(vote != 0)
            num_kept = jnp.maximum(stays.sum(dtype=jnp.int32), 1)
            return plan._replace(kept=Kept(true_first(stays), num_kept))

        return Intervention(
            shape.num_features,
            even_steps(program.train),
            begin,
            lambda setting, plan: train_on_kept(setting, plan.kept),
            absorb,
            feedback="verification",
            num_questions=self.questions,
            work=proxy_work(program, self.proxy_steps, score, "loss"),
        )


class VerificationPlan(NamedTuple):
    """`asked` `[n]` pool positions, a key for ties, and what is kept."""

    asked: Int[Array, " n"]
    key: jax.Array
    kept: Kept


verification = built_in(VerificationArm)
