"""While a network trains, people look at what it goes by and mark what matters.

Training begins on the whole pool without a penalty. After some checkpoints the network
shows how much it relies on each feature group; people mark the groups that matter.
From then on the input gradients of groups that it relies on, and that people did not
mark, are penalised; training goes on from the weights that there are.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import (
    Arm,
    Surroundings,
    TaskFacts,
    built_in,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
    stage_lengths,
)
from hitl_sim.learn.intervention.by_machine import share_of
from hitl_sim.learn.intervention.groups import check_bears_penalty
from hitl_sim.learn.intervention.importance import group_question, marked_share
from hitl_sim.learn.intervention.machine_importance import attributed_importance
from hitl_sim.learn.intervention.review import check_stages, look_work
from hitl_sim.learn.network import Network, build_network
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.query import lowest_first
from hitl_sim.learn.work import WorkLine
from hitl_sim.schema import Count, Positive, SomeShare


class ExplainedArm(Arm, frozen=True):
    """An arm in which a network in training shows what it goes by, to whomever.

    Attributes:
        share: of the feature groups, those that the network relies on most.
        penalty: weight of the squared input gradients that are penalised afterwards.
        after: checkpoints before it shows them; half of them when left out.
    """

    share: SomeShare = 0.5
    penalty: Positive = 0.1
    after: Count | None = None

    traced: ClassVar[tuple[str, ...]] = ("share", "penalty")
    uses_trained_network: ClassVar[bool] = True
    goes_by_groups: ClassVar[bool] = True

    @property
    def penalises_inputs(self) -> bool:
        """From that checkpoint on."""
        return True

    @property
    def stages(self) -> int:
        """Training before it shows anything, and after."""
        return 2

    def first_stage(self, checkpoints: int) -> int:
        """Training before it shows anything."""
        return self.after or super().first_stage(checkpoints)

    def check(self, study: Surroundings) -> None:
        """Refuse a look that does not fit the checkpoints."""
        super().check(study)
        check_stages(self, 1, self.after, study)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a network whose inputs have no gradient."""
        check_bears_penalty(self, task)


class ExplanationArm(ExplainedArm, frozen=True, tag="explanation"):
    """People mark what matters of what a network in training goes by.

    Attributes:
        share: of the feature groups, those that the network relies on most: of these
            the ones that fewer than half of the people mark are penalised.
        penalty: weight of their squared input gradients.
        after: checkpoints before people look; half of them when left out.
        people: different people who are asked.
        asks: times that each of them is asked.
        simulated: whether simulated people answer although the crowd has a recording.
    """

    people: Count = 3
    asks: Count = 1
    simulated: bool = False

    @property
    def question(self) -> str:
        """Which groups matter."""
        return "marks"

    @property
    def num_questions(self) -> int:
        """One, of all groups."""
        return 1

    def build(self, program: Program) -> Intervention:
        """Build the marks on what a network in training goes by.

        People see all groups, with how much the network relies on each. What they
        perceive of a group is the task's reference importance, plus the noise of their
        own; the network's reliance does not sway them, which is assumed.

        References:
            Ross, Hughes, Doshi-Velez (2017), Right for the right reasons: training
            differentiable models by constraining their explanations, IJCAI; Schramowski
            et al. (2020), Making deep neural networks right for the right scientific
            reasons by interacting with their explanations, Nature Machine Intelligence
            2: people mark what a model in training goes by, which then is penalised.
        """
        shows = Explained(program, self.after)

        def choose(
            key: jax.Array, setting: Setting, plan: ExplainedPlan, params: Any
        ) -> tuple[ExplainedPlan, Questions]:
            plan = shows.look(key, setting, plan, params)
            return plan, group_question(setting)

        def absorb(
            setting: Setting, plan: ExplainedPlan, answers: Answers
        ) -> ExplainedPlan:
            marked = marked_share(answers.answer[0], answers.is_answered[0])
            # without an answer nothing is known against any group
            is_refused = (marked < 0.5) & answers.is_answered.any()
            return shows.rule_out(setting, plan, is_refused & shows.is_top(plan))

        return shows.build(choose, absorb=absorb, num_questions=1, feedback="marks")


class ExplainedPlan(NamedTuple):
    """What the network goes by, and what is held against it.

    Attributes:
        rank: `[G]` place of each group, 0 for what it relies on most.
        num_top: `[]` groups that count as relied on.
        penalty: `[D]` of each feature's squared input gradient; None until then.
    """

    rank: Int[Array, " groups"]
    num_top: Int[Array, ""]
    penalty: Float[Array, " features"] | None = None


class Explained:
    """A network in training that shows what it goes by, in its surroundings."""

    def __init__(self, program: Program, after: int | None) -> None:
        """Build the network that shows it once, `after` some checkpoints."""
        self.program, self.shape, self.after = program, program.shape, after
        sizes = self.shape.num_features, self.shape.num_classes
        self.network: Network = build_network(program.network, *sizes)

    def begin(self, key: jax.Array, setting: Setting) -> tuple[ExplainedPlan, None]:
        """Train without a penalty."""
        del key, setting
        return ExplainedPlan(jnp.arange(self.shape.num_groups), jnp.int32(0)), None

    def training(self, setting: Setting, plan: ExplainedPlan) -> TrainSet:
        """Train on the whole pool."""
        pool, num = setting.split.pool, self.shape.num_pool
        whole = jnp.arange(num), jnp.int32(num)
        return TrainSet(pool.features, pool.label, *whole, plan.penalty)

    def reliance(
        self, params: Any, features: Float[Array, "n d"], label: Int[Array, " n"]
    ) -> Float[Array, " d"]:
        """Say how much the network relies on each feature."""
        return attributed_importance(self.network, params, features, label)

    def look(
        self, key: jax.Array, setting: Setting, plan: ExplainedPlan, params: Any
    ) -> ExplainedPlan:
        """Put the groups in order of how much the network relies on them."""
        pool = setting.split.pool
        by_feature = self.reliance(params, pool.features, pool.label)
        by_group = by_feature[setting.groups].sum(axis=1)
        return self.rank(key, setting, plan, by_group)

    def rank(
        self,
        key: jax.Array,
        setting: Setting,
        plan: ExplainedPlan,
        score: Float[Array, " groups"],
    ) -> ExplainedPlan:
        """Put the groups in order, those of highest score first; ties at random."""
        order = lowest_first(key, -score)
        place = jnp.arange(self.shape.num_groups)
        num_top = share_of(setting.params["share"], jnp.int32(self.shape.num_groups))
        return plan._replace(rank=place.at[order].set(place), num_top=num_top)

    def is_top(self, plan: ExplainedPlan) -> Array:
        """Say of each group, `[G]`, whether the network relies on it."""
        return plan.rank < plan.num_top

    def rule_out(
        self, setting: Setting, plan: ExplainedPlan, is_refused: Array
    ) -> ExplainedPlan:
        """Penalise the features of some groups, `[G]`, from now on."""
        weight = jnp.where(is_refused, setting.params["penalty"], 0.0)
        penalty = jnp.zeros(self.shape.num_features)
        penalty = penalty.at[setting.groups].set(weight[:, None])
        return plan._replace(penalty=penalty)

    def lengths(self) -> tuple[int, ...]:
        """Checkpoints before and after."""
        num = self.program.train.num_checkpoints
        return stage_lengths(num, 1, self.after, has_start=True)

    def work(self) -> WorkLine:
        """Count the look at the whole pool."""
        before = self.lengths()[0]
        own = self.program, self.network, self.reliance
        return look_work(*own, "explanation", before)

    def build(
        self, choose: Callable[..., Any], *, looks: bool = True, **asked: Any
    ) -> Intervention:
        """Build it: training, a look, and training that is held to something.

        Args:
            choose: what is done with what is seen, as `Intervention.choose`.
            looks: whether anything is seen, which is work.
            asked: what else an `Intervention` has where people are asked.
        """
        return Intervention(
            self.shape.num_features,
            even_steps(self.program.train),
            self.begin,
            self.training,
            choose=choose,
            work=(self.work(),) if looks else (),
            has_start=True,
            first=self.after,
            has_penalty=True,
            penalty_from=self.lengths()[0],
            **asked,
        )


explanation = built_in(ExplanationArm)
