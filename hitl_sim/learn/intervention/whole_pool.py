"""The control: train on everything, with the labels it came with, and ask nobody."""

from typing import ClassVar, Literal

import jax
import jax.numpy as jnp

from hitl_sim.learn.intervention.arm import Arm, Surroundings, built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.share import Kept, build_unguided
from hitl_sim.part import PROBLEMS


class WholePoolArm(Arm, frozen=True, kw_only=True, tag="whole_pool"):
    """Train on everything, ask nobody.

    Attributes:
        role: "control"; "null", its copy; or "arm" of its own, which differs from the
            control by a method or its training.
    """

    role: Literal["control", "null", "arm"]

    is_on_whole_pool: ClassVar[bool] = True

    def items_at_once(self, pool: int) -> int:
        """Nothing is chosen."""
        del pool
        return 0

    def check(self, study: Surroundings) -> None:
        """Refuse a copy of the control under another role."""
        super().check(study)
        if (self.role == "arm") != bool(self.method or self.training):
            raise ValueError(
                "`arm.role` must be 'arm' for exactly those whole_pool arms that have "
                "a method or a training of their own, got "
                f"{self.role!r} with {len(self.method)} methods and training "
                f"{self.training!r} in arm {self.name!r}."
            )

    def build(self, program: Program) -> Intervention:
        """Build the control."""

        def order(key: jax.Array, setting: Setting) -> Kept:
            del key
            num_pool = setting.split.pool.label.shape[0]
            return Kept(jnp.arange(num_pool), jnp.int32(num_pool))

        return build_unguided(program, order)


whole_pool = built_in(WholePoolArm, problems=PROBLEMS)
