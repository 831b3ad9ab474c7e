"""A machine names the class of every item; people look at what it is least sure of."""

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.intervention.arm import built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.by_machine import (
    CheckedArm,
    build_checked,
    machine_work,
    share_of,
)
from hitl_sim.schema import Share
from oracles.machine import MachineAnswers


class MachineVerifiedArm(CheckedArm, frozen=True, tag="machine_verified"):
    """A machine answers all; people look at the answers of lowest confidence.

    Attributes:
        share: of the pool that people look at; 0 is the machine alone.
        doubts: whether these are the answers that the machine is least confident of, or
            as many at random ("random"), which is what confidence has to beat.
    """

    share: Share = 0.2
    doubts: Literal["confidence", "random"] = "confidence"

    @property
    def needs_confidence(self) -> bool:
        """Whether the machine has to say how sure it is."""
        return self.doubts == "confidence"

    def build(self, program: Program) -> Intervention:
        """Build the routing of a machine's uncertain answers to people.

        References:
            Lewis, Gale (1994), A sequential algorithm for training text classifiers,
            SIGIR: uncertainty decides what people look at.
            Chow (1970), On optimum recognition error and reject tradeoff, IEEE
            Transactions on Information Theory 16(1): what is rejected goes elsewhere.
        """

        def urgency(
            key: jax.Array, setting: Setting, said: MachineAnswers
        ) -> tuple[Float[Array, " items"], Int[Array, ""]]:
            kept = setting.is_kept
            number = share_of(setting.params["share"], kept.sum(dtype=jnp.int32))
            if self.doubts == "random":
                return jax.random.uniform(key, kept.shape), number
            return -said.confidence, number

        work = machine_work(program, self.machines)
        return build_checked(program, self, urgency, work)


machine_verified = built_in(MachineVerifiedArm)
