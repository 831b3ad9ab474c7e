"""Feature groups in order of importance, as a quickly trained model sees it."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.intervention.arm import PROXY_STEPS, built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.groups import (
    GroupArm,
    GroupPlan,
    build_by_group,
    take_best,
)
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.intervention.share import kept_items
from hitl_sim.learn.loss import is_number, told
from hitl_sim.learn.network import Network
from hitl_sim.part import PROBLEMS
from hitl_sim.schema import Count


class MachineImportanceArm(GroupArm, frozen=True, tag="machine_importance"):
    """Go by the feature groups that a quickly trained proxy relies on most.

    Attributes:
        proxy_steps: training steps of the proxy on the whole pool.
    """

    proxy_steps: Count = PROXY_STEPS

    def build(self, program: Program) -> Intervention:
        """Build the use of importance as a quickly trained model sees it."""
        num_kept = kept_items(self.share, program.shape.num_groups)
        network = proxy_network(program)

        def score(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
            return attributed_importance(network, params, features, label)

        def begin(key: jax.Array, setting: Setting) -> tuple[GroupPlan, None]:
            key_fit, key_lot = jax.random.split(key)
            pool = setting.split.pool
            params = fit_proxy(key_fit, program, setting, self.proxy_steps)
            by_feature = score(params, pool.features, pool.label)
            plan = GroupPlan(key_lot, jnp.arange(num_kept))
            return take_best(plan, by_feature[setting.groups].sum(axis=1)), None

        work = proxy_work(program, self.proxy_steps, score, "attribution")
        return build_by_group(program, self, None, begin, work=work)


def attributed_importance(
    network: Network,
    params: Any,
    features: Float[Array, "items features"],
    label: Int[Array, " items"] | Float[Array, " items"],
) -> Float[Array, " features"]:
    """Return the mean size of input times gradient of the label's log-probability.

    Of numbers it is the gradient of the number that is predicted.

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
        log_p = told(network.apply(params, x), label)
        if is_number(label):
            return log_p.sum()
        return jnp.take_along_axis(log_p, label[:, None], axis=1).sum()

    attributed: jax.Array = jnp.abs(features * jax.grad(total)(features)).mean(axis=0)
    return attributed


machine_importance = built_in(MachineImportanceArm, problems=PROBLEMS)
