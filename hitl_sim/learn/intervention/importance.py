"""Feature groups in order of importance, as people see it.

People rank the groups or mark those that matter; rankings are added up by Borda count,
marks by how many people made them.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import PeopleArm, Surroundings, TaskFacts, built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.groups import (
    GroupPlan,
    build_by_group,
    check_features,
    check_use,
    penalty_leaves,
    take_best,
)
from hitl_sim.learn.intervention.share import kept_items
from hitl_sim.schema import Positive, SomeShare
from oracles.aggregate.borda import borda

QUESTION = {"ranking": "importance", "marks": "marks"}
"""Kind of question behind each way to ask for importance."""


class ImportanceArm(PeopleArm, frozen=True, tag="importance"):
    """Go by the feature groups that people find most important.

    Attributes:
        share: of the groups.
        feedback: whether a person answers with a "ranking" of all groups or "marks"
            those that matter.
        use: "select" trains on these groups alone; "penalty" trains on all, with the
            input gradients of the others penalised.
        penalty: weight of these squared gradients; given exactly with use = "penalty".
    """

    share: SomeShare = 0.5
    feedback: Literal["ranking", "marks"] = "ranking"
    use: Literal["select", "penalty"] = "select"
    penalty: Positive | None = None

    traced: ClassVar[tuple[str, ...]] = ("penalty",)
    is_on_whole_pool: ClassVar[bool] = True

    @property
    def question(self) -> str:
        """A ranking, or marks."""
        return QUESTION[self.feedback]

    @property
    def num_questions(self) -> int:
        """One, of all groups."""
        return 1

    @property
    def penalises_inputs(self) -> bool:
        """With that use alone."""
        return self.use == "penalty"

    @property
    def leaves(self) -> Mapping[str, float]:
        """The penalty, where there is one."""
        return penalty_leaves(self)

    def check(self, study: Surroundings) -> None:
        """Refuse a use that contradicts itself."""
        super().check(study)
        check_use(self)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a network that no feature can be taken from."""
        check_features(self, task)

    def check_replayed(self) -> None:
        """Marks can be recorded, rankings cannot."""
        if self.feedback != "marks":
            raise ValueError(
                "`arm.feedback` must be 'marks' where answers are replayed from "
                f"`crowd.recording`, for a ranking cannot be imported, got "
                f"{self.feedback!r} in arm {self.name!r}."
            )

    def build(self, program: Program) -> Intervention:
        """Build the use of importance as people see it."""
        return _build(self, program)


def marked_share(
    marks: Int[Array, "annotators groups"], is_answered: Bool[Array, " annotators"]
) -> Float[Array, " groups"]:
    """Return the share of people who marked each group; 0 where nobody answered."""
    weight = is_answered.astype(jnp.float32)
    total = jnp.maximum(weight.sum(), 1.0)
    share: jax.Array = (marks * weight[:, None]).sum(axis=0) / total
    return share


def _build(arm: ImportanceArm, program: Program) -> Intervention:
    """Build the use of importance as people see it.

    Each person answers one question about all groups. What people perceive of a group
    is the task's reference importance, plus the noise of their own.

    References:
        de Borda (1781), Memoire sur les elections au scrutin.
    """
    num_kept = kept_items(arm.share, program.shape.num_groups)
    feedback = arm.question

    def begin(key: jax.Array, setting: Setting) -> tuple[GroupPlan, Questions]:
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
        return GroupPlan(key, jnp.arange(num_kept)), questions

    def absorb(setting: Setting, plan: GroupPlan, answers: Answers | None) -> GroupPlan:
        del setting
        if answers is None:
            raise TypeError("`answers` must be given: importance asks people.")
        add = borda if feedback == "importance" else marked_share
        score = add(answers.answer[0], answers.is_answered[0])
        return take_best(plan, score)

    return build_by_group(program, arm, feedback, begin, absorb)


importance = built_in(ImportanceArm)
