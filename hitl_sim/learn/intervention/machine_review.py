"""While a network trains it repairs what it doubts by itself: review without people."""

from typing import Any, ClassVar

import jax

from hitl_sim.learn.intervention.arm import Arm, Surroundings, TaskFacts, built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.review import (
    Doubt,
    Repair,
    Review,
    ReviewPlan,
    check_items,
    check_stages,
)
from hitl_sim.schema import Count


class MachineReviewArm(Arm, frozen=True, tag="machine_review"):
    """A network in training repairs by itself what it doubts, as nobody is asked.

    Attributes:
        rounds: of looking.
        items: repaired per round.
        after: checkpoints before the first round; see `ReviewArm`.
        doubts: which items these are.
        repair: whether they go ("drop": the small-loss rule), or get the class that the
            network gives them ("correct": self-training on its own labels).
    """

    rounds: Count = 1
    items: Count = 50
    after: Count | None = None
    doubts: Doubt = "loss"
    repair: Repair = "drop"

    uses_trained_network: ClassVar[bool] = True

    @property
    def stages(self) -> int:
        """The rounds, and training before them."""
        return self.rounds + 1

    def first_stage(self, checkpoints: int) -> int:
        """Training before the first round."""
        return self.after or super().first_stage(checkpoints)

    def check(self, study: Surroundings) -> None:
        """Refuse rounds that do not fit the checkpoints."""
        super().check(study)
        check_stages(self, self.rounds, self.after, study)

    def check_task(self, task: TaskFacts) -> None:
        """Refuse more items than a pool has to be repaired once each."""
        check_items(self, self.rounds, self.items, task, "items")

    def build(self, program: Program) -> Intervention:
        """Build a network's own repair of what it doubts.

        References:
            Shen, Sanghavi (2019), Learning with bad training data via iterative trimmed
            loss minimization, ICML: the items of largest loss go.
            Reed et al. (2015), Training deep neural networks on noisy labels with
            bootstrapping, ICLR workshop: the network's own class in their place.
        """
        looks = Review(program, self.items, self.doubts)

        def choose(
            key: jax.Array, setting: Setting, plan: ReviewPlan, params: Any
        ) -> tuple[ReviewPlan, None]:
            plan, guess = looks.pick(key, setting, plan, params)
            if self.repair == "drop":
                return plan._replace(stays=plan.stays.at[plan.asked].set(False)), None
            label = plan.label.at[plan.asked].set(guess[plan.asked])
            return plan._replace(label=label), None

        return looks.build(self.rounds, self.after, choose)


machine_review = built_in(MachineReviewArm)
