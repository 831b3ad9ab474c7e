"""A network in training is held to what it goes by, as nobody is asked."""

from typing import Any, Literal

import jax
import jax.numpy as jnp

from hitl_sim.learn.intervention.arm import built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.explanation import (
    Explained,
    ExplainedArm,
    ExplainedPlan,
)


class MachineExplanationArm(ExplainedArm, frozen=True, tag="machine_explanation"):
    """A network in training is held to the feature groups that it relies on itself.

    Attributes:
        by: whether it is held to what it relies on most ("reliance"), or to as many
            groups at random ("random"), which is what people's marks have to beat.
        share: of the feature groups, those that it is held to: the others are
            penalised.
        penalty: weight of their squared input gradients.
        after: checkpoints before it looks; half of them when left out.
    """

    by: Literal["reliance", "random"] = "reliance"

    def build(self, program: Program) -> Intervention:
        """Build a network's own judgement of what it goes by.

        References:
            Zou (2006), The adaptive lasso and its oracle properties, Journal of the
            American Statistical Association 101: penalties are the larger, the less a
            first fit relied on something.
        """
        shows = Explained(program, self.after)

        def choose(
            key: jax.Array, setting: Setting, plan: ExplainedPlan, params: Any
        ) -> tuple[ExplainedPlan, None]:
            if self.by == "random":
                equal = jnp.zeros(program.shape.num_groups)
                plan = shows.rank(key, setting, plan, equal)
            else:
                plan = shows.look(key, setting, plan, params)
            return shows.rule_out(setting, plan, ~shows.is_top(plan)), None

        return shows.build(choose, looks=self.by == "reliance")


machine_explanation = built_in(MachineExplanationArm)
