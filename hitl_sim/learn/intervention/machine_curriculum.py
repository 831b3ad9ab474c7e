"""A curriculum without people: by a proxy's loss, or at random."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp

from hitl_sim.learn.intervention.arm import (
    PROXY_STEPS,
    Arm,
    Surroundings,
    built_in,
    check_no_proxy,
)
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
)
from hitl_sim.learn.intervention.machine_share import loss_score
from hitl_sim.learn.intervention.pace import PaceShare, pace_training
from hitl_sim.learn.intervention.proxy import fit_proxy, proxy_network, proxy_work
from hitl_sim.learn.intervention.share import order_work
from hitl_sim.learn.query import lowest_first
from hitl_sim.learn.work import WorkLine
from hitl_sim.schema import Count


class MachineCurriculumArm(Arm, frozen=True, tag="machine_curriculum"):
    """Training begins with what a machine finds easy.

    Attributes:
        score: "loss" of a quickly trained proxy, the least first; or "random": the same
            pace along an order that says nothing.
        proxy_steps: training steps of the proxy on the whole pool; 60 when left out.
        begin: share of the pool, its easiest, that training begins with.
        until: share of training after which it is on the whole pool.
    """

    score: Literal["loss", "random"] = "loss"
    proxy_steps: Count | None = None
    begin: PaceShare = 0.3
    until: PaceShare = 0.5

    traced: ClassVar[tuple[str, ...]] = ("begin", "until")

    def check(self, study: Surroundings) -> None:
        """Refuse a proxy that is not asked."""
        super().check(study)
        if self.score == "random":
            check_no_proxy(self, "score", self.score, self.proxy_steps)

    def build(self, program: Program) -> Intervention:
        """Build a curriculum by a machine.

        References:
            Hacohen, Weinshall (2019), On the power of curriculum learning in training
            deep networks, ICML: bootstrapped and random scores.
        """
        network, shape = proxy_network(program), program.shape
        trained = pace_training(shape.num_pool, program.train.num_checkpoints)
        num_steps = self.proxy_steps or PROXY_STEPS

        def score(params: Any, features: jax.Array, label: jax.Array) -> jax.Array:
            return loss_score(network.apply(params, features), label)

        def begin(key: jax.Array, setting: Setting) -> tuple[jax.Array, None]:
            key_fit, key_lot = jax.random.split(key)
            if self.score == "random":
                return lowest_first(key_lot, jnp.zeros(shape.num_pool)), None
            pool = setting.split.pool
            params = fit_proxy(key_fit, program, setting, num_steps)
            found = score(params, pool.features, pool.label)
            return lowest_first(key_lot, found), None

        looked: tuple[WorkLine, ...] = ()
        if self.score == "loss":
            looked = proxy_work(program, num_steps, score, "loss")
        return Intervention(
            shape.num_features,
            even_steps(program.train),
            begin,
            trained,
            work=(*looked, order_work(program)),
        )


machine_curriculum = built_in(MachineCurriculumArm)
