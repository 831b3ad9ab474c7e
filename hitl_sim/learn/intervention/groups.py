"""What a network makes of an order of feature groups, whoever found it.

It then sees only the best groups, so that its input shrinks, also when it is used
later; or it sees all and is held not to rely on the rest.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import Questions
from hitl_sim.learn.intervention.arm import Arm, Surroundings, TaskFacts
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
)
from hitl_sim.learn.intervention.share import kept_items
from hitl_sim.learn.network import NetworkChoice
from hitl_sim.learn.optimise import TrainSet
from hitl_sim.learn.query import lowest_first
from hitl_sim.learn.work import WorkLine
from hitl_sim.schema import Positive, SomeShare, one_of


class GroupArm(Arm, frozen=True):
    """An arm that goes by some of the feature groups, whoever finds them.

    Attributes:
        share: of the groups that count as important.
        use: "select" trains on these groups alone; "penalty" trains on all, with the
            input gradients of the others penalised.
        penalty: weight of these squared gradients; given exactly with use = "penalty".
    """

    share: SomeShare = 0.5
    use: Literal["select", "penalty"] = "select"
    penalty: Positive | None = None

    traced: ClassVar[tuple[str, ...]] = ("penalty",)
    goes_by_groups: ClassVar[bool] = True

    @property
    def penalises_inputs(self) -> bool:
        """With that use alone."""
        return self.use == "penalty"

    def check(self, study: Surroundings) -> None:
        """Refuse a penalty that nobody reads, and an input that none pretrained on."""
        super().check(study)
        if self.penalises_inputs != (self.penalty is not None):
            raise ValueError(
                "`arm.penalty` must be given exactly where `arm.use` is 'penalty', got "
                f"{self.penalty!r} with {self.use!r} in arm {self.name!r}."
            )
        tuned = [method.kind for method in self.method if method.is_pretrained]
        if not self.penalises_inputs and tuned:
            raise ValueError(
                f"`arm.use` must be 'penalty' with a method of kind {tuned[0]!r}, for "
                "a "
                "pretrained network reads all features, got 'select' in arm "
                f"{self.name!r}."
            )

    def check_task(self, task: TaskFacts) -> None:
        """Refuse a network that no feature can be taken from."""
        if self.penalises_inputs:
            check_bears_penalty(self, task)
            return
        _check_suits(self, task, lambda network: network.takes_any_width, "takes away")


def check_bears_penalty(arm: Arm, task: TaskFacts) -> None:
    """Refuse a network whose inputs have no gradient.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    why = "penalises gradients by"
    _check_suits(arm, task, lambda network: network.is_numeric, why)


def _check_suits(
    arm: Arm, task: TaskFacts, suits: Callable[[NetworkChoice], bool], why: str
) -> None:
    if not suits(task.program.network):
        raise ValueError(
            f"`network.kind` must be {one_of(task.readers(suits))} with the "
            f"arm {arm.name!r}, which {why} features, got {task.network_kind!r}."
        )


class GroupPlan(NamedTuple):
    """What is known of the groups.

    Attributes:
        key: decides between groups of equal score.
        best: `[kept]` groups that count as important, in ascending order.
    """

    key: jax.Array
    best: Int[Array, " kept"]


def take_best(plan: GroupPlan, score: Float[Array, " groups"]) -> GroupPlan:
    """Keep the groups of highest score."""
    best = lowest_first(plan.key, -score)[: plan.best.shape[0]]
    return plan._replace(best=jnp.sort(best))


def build_by_group(
    program: Program,
    arm: GroupArm,
    feedback: str | None,
    begin: Callable[[jax.Array, Setting], tuple[GroupPlan, Questions | None]],
    absorb: Callable[[Setting, GroupPlan, Any], GroupPlan] = (
        lambda setting, plan, answers: plan
    ),
    work: tuple[WorkLine, ...] = (),
) -> Intervention:
    """Build what a network makes of an order, whoever found it.

    Args:
        program: the static surroundings.
        arm: share and use of the groups; the share is a shape, so static.
        feedback: kind of question, None where nobody is asked.
        begin: of the intervention.
        absorb: of the intervention.
        work: what choosing costs.

    Raises:
        ValueError: the network's input does not bear that use.
    """
    _check_input(program, arm.use)
    shape, is_penalty = program.shape, arm.penalises_inputs
    num_kept = kept_items(arm.share, shape.num_groups)

    def columns(setting: Setting, plan: GroupPlan) -> jax.Array | None:
        if is_penalty:
            return None
        return jnp.sort(setting.groups[plan.best].reshape(-1))

    def training(setting: Setting, plan: GroupPlan) -> TrainSet:
        pool, kept = setting.split.pool, columns(setting, plan)
        penalty = None
        if is_penalty:
            held = setting.groups[plan.best].reshape(-1)
            whole = jnp.full(shape.num_features, setting.params["penalty"])
            penalty = whole.at[held].set(0.0)
        return TrainSet(
            pool.features if kept is None else pool.features[:, kept],
            pool.label,
            jnp.arange(shape.num_pool),
            jnp.int32(shape.num_pool),
            penalty,
        )

    return Intervention(
        shape.num_features if is_penalty else num_kept * shape.group_size,
        even_steps(program.train),
        begin,
        training,
        absorb,
        num_questions=0 if feedback is None else 1,
        feedback=feedback,
        has_penalty=is_penalty,
        columns=columns,
        work=work,
    )


def _check_input(program: Program, use: str) -> None:
    """Refuse to take pixels from an image, and gradients by the ids of words."""
    network, shape = program.network, program.shape
    if network.takes_any_width or (network.is_numeric and use == "penalty"):
        return
    allowed = "use = 'penalty' only" if network.is_numeric else "no importance of words"
    name = network.describe(shape.num_features, shape.num_classes)
    raise ValueError(
        f"`network` must have no encoder where features are selected; it allows "
        f"{allowed}, got {name!r} with {use!r}."
    )
