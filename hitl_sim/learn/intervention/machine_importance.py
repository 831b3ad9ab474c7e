"""Feature groups in order of importance, as a quickly trained model sees it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.crowd import Answers
from hitl_sim.learn.intervention.arm import (
    PROXY_STEPS,
    Arm,
    Surroundings,
    TaskFacts,
    built_in,
)
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.groups import (
    GroupPlan,
    build_by_group,
    check_features,
    check_use,
    penalty_leaves,
    take_best,
)
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.intervention.share import kept_items
from hitl_sim.learn.network import Network
from hitl_sim.schema import Count, Positive, SomeShare


class MachineImportanceArm(Arm, frozen=True, tag="machine_importance"):
    """Go by the feature groups that a quickly trained proxy relies on most.

    Attributes:
        share: of the groups.
        proxy_steps: training steps of the proxy on the whole pool.
        use: "select" trains on these groups alone; "penalty" trains on all, with the
            input gradients of the others penalised.
        penalty: weight of these squared gradients; given exactly with use = "penalty".
    """

    share: SomeShare = 0.5
    proxy_steps: Count = PROXY_STEPS
    use: Literal["select", "penalty"] = "select"
    penalty: Positive | None = None

    traced: ClassVar[tuple[str, ...]] = ("penalty",)

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

    def build(self, program: Program) -> Intervention:
        """Build the use of importance as a quickly trained model sees it."""
        return _build(self, program)


def attributed_importance(
    network: Network,
    params: Any,
    features: Float[Array, "items features"],
    label: Int[Array, " items"],
) -> Float[Array, " features"]:
    """Return the mean size of input times gradient of the label's log-probability.

    Args:
        network: a trained network.
        params: its weights.
        features: `[N, D]`.
        label: `[N]`.

    References:
        Ancona, Ceolini, Oztireli, Gross (2018), Towards better understanding of
        gradient-based attribution methods for deep neural networks, ICLR, table 1.
    """

    def total(x: jax.Array) -> jax.Array:
        log_p = jax.nn.log_softmax(network.apply(params, x))
        return jnp.take_along_axis(log_p, label[:, None], axis=1).sum()

    attributed: jax.Array = jnp.abs(features * jax.grad(total)(features)).mean(axis=0)
    return attributed


def _build(arm: MachineImportanceArm, program: Program) -> Intervention:
    num_kept = kept_items(arm.share, program.shape.num_groups)
    network = proxy_network(program)

    def score(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
        return attributed_importance(network, params, features, label)

    def begin(key: jax.Array, setting: Setting) -> tuple[GroupPlan, None]:
        key_fit, key_lot = jax.random.split(key)
        pool = setting.split.pool
        params = fit_proxy(key_fit, program, setting, arm.proxy_steps)
        by_feature = score(params, pool.features, pool.label)
        plan = GroupPlan(key_lot, jnp.arange(num_kept))
        return take_best(plan, by_feature[setting.groups].sum(axis=1)), None

    def absorb(setting: Setting, plan: GroupPlan, answers: Answers | None) -> GroupPlan:
        del setting, answers
        return plan

    work = proxy_work(program, arm.proxy_steps, score, "attribution")
    return build_by_group(program, arm, None, begin, absorb, work)


machine_importance = built_in(MachineImportanceArm)
