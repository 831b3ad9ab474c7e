"""Feature groups in order of importance, as people see it.

People rank the groups or mark those that matter; rankings are added up by Borda count,
marks by how many people made them.
"""

from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from hitl_sim.learn.crowd import Answers, Questions
from hitl_sim.learn.intervention.arm import built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.groups import (
    GroupArm,
    GroupPlan,
    build_by_group,
    take_best,
)
from hitl_sim.learn.intervention.share import kept_items
from hitl_sim.part import PROBLEMS
from hitl_sim.schema import Count
from oracles.aggregate.borda import borda

QUESTION = {"ranking": "importance", "marks": "marks"}
"""Kind of question behind each way to ask for importance."""


class ImportanceArm(GroupArm, frozen=True, tag="importance"):
    """Go by the feature groups that people find most important.

    Attributes:
        people: different people who are asked.
        asks: times that each of them is asked.
        simulated: whether simulated people answer although the crowd has a recording.
        feedback: whether a person answers with a "ranking" of all groups or "marks"
            those that matter.
    """

    people: Count = 3
    asks: Count = 1
    simulated: bool = False
    feedback: Literal["ranking", "marks"] = "ranking"

    is_on_whole_pool: ClassVar[bool] = True

    @property
    def question(self) -> str:
        """A ranking, or marks."""
        return QUESTION[self.feedback]

    @property
    def num_questions(self) -> int:
        """One, of all groups."""
        return 1

    def check_replayed(self) -> None:
        """Marks can be recorded, rankings cannot."""
        if self.feedback != "marks":
            raise ValueError(
                "`arm.feedback` must be 'marks' where answers are replayed from "
                f"`crowd.recording`, for a ranking cannot be imported, got "
                f"{self.feedback!r} in arm {self.name!r}."
            )

    def build(self, program: Program) -> Intervention:
        """Build the use of importance as people see it.

        Each person answers one question about all groups. What people perceive of a
        group is the task's reference importance, plus the noise of their own.

        References:
            de Borda (1781), Memoire sur les elections au scrutin.
        """
        num_kept = kept_items(self.share, program.shape.num_groups)
        add = borda if self.question == "importance" else marked_share

        def begin(key: jax.Array, setting: Setting) -> tuple[GroupPlan, Questions]:
            return GroupPlan(key, jnp.arange(num_kept)), group_question(setting)

        def absorb(setting: Setting, plan: GroupPlan, answers: Answers) -> GroupPlan:
            del setting
            return take_best(plan, add(answers.answer[0], answers.is_answered[0]))

        return build_by_group(program, self, self.question, begin, absorb)


def group_question(setting: Setting) -> Questions:
    """Ask one question about all groups, of which people see the importance."""
    zero, one = jnp.zeros(1), jnp.ones(1)
    whole, seen = jnp.zeros(1, jnp.int32), setting.importance[None]
    return Questions(whole, whole, whole, seen, zero, one, one)


def marked_share(
    marks: Int[Array, "annotators groups"], is_answered: Bool[Array, " annotators"]
) -> Float[Array, " groups"]:
    """Return the share of people who marked each group; 0 where nobody answered."""
    weight = is_answered.astype(jnp.float32)
    total = jnp.maximum(weight.sum(), 1.0)
    share: jax.Array = (marks * weight[:, None]).sum(axis=0) / total
    return share


importance = built_in(ImportanceArm, problems=PROBLEMS)
