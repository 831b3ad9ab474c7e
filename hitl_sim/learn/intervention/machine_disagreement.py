"""Two machines name the class of every item; people look where they disagree."""

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
    say_labels,
    share_of,
)
from oracles.machine import MachineAnswers


class MachineDisagreementArm(CheckedArm, frozen=True, tag="machine_disagreement"):
    """Two machines, or two copies of one, answer all; people where they disagree.

    Attributes:
        other: the second machine; another copy of the first when left out. The label
            of what people do not look at is the first one's.
        share: of the pool that people look at, at most; disagreements beyond it keep
            the first machine's label.
        doubts: whether people look at disagreements, or at as many items at random
            ("random"), which is what disagreement has to beat.
    """

    other: str | None = None
    doubts: Literal["disagreement", "random"] = "disagreement"

    @property
    def machines(self) -> tuple[str, ...]:
        """Both."""
        return (self.machine, self.other or self.machine)

    def build(self, program: Program) -> Intervention:
        """Build the routing of what two machines disagree about to people.

        References:
            Seung, Opper, Sompolinsky (1992), Query by committee, COLT: items on which
            members disagree are asked about.
        """
        is_copy = self.other is None or self.other == self.machine

        def urgency(
            key: jax.Array, setting: Setting, said: MachineAnswers
        ) -> tuple[Float[Array, " items"], Int[Array, ""]]:
            second = say_labels(setting, self.machines[1], copy=int(is_copy))
            kept = setting.is_kept
            disagree = kept & (second.label != said.label)
            most = share_of(setting.params["share"], kept.sum(dtype=jnp.int32))
            number = jnp.minimum(disagree.sum(dtype=jnp.int32), most)
            lot = jax.random.uniform(key, kept.shape)
            return lot + (disagree if self.doubts == "disagreement" else 0), number

        work = machine_work(program, self.machines)
        return build_checked(program, self, urgency, work)


machine_disagreement = built_in(MachineDisagreementArm)
