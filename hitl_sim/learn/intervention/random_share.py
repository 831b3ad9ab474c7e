"""A share of the pool drawn at random: the control of the same size."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from hitl_sim.learn.intervention.arm import Arm, built_in
from hitl_sim.learn.intervention.base import Intervention, Program, Setting
from hitl_sim.learn.intervention.share import (
    Kept,
    build_unguided,
    kept_count,
    kept_items,
    order_work,
)
from hitl_sim.learn.query import lowest_first
from hitl_sim.part import PROBLEMS
from hitl_sim.schema import SomeShare


class RandomShareArm(Arm, frozen=True, tag="random_share"):
    """Train on a share drawn at random.

    Attributes:
        share: of the pool.
    """

    share: SomeShare = 0.5

    traced: ClassVar[tuple[str, ...]] = ("share",)

    def pool_labels(self, pool: int) -> int:
        """What is left out needs no label."""
        return kept_items(self.share, pool)

    def items_at_once(self, pool: int) -> int:
        """Nothing is looked at to choose."""
        del pool
        return 0

    def items_kept(self, pool: int) -> int:
        """The share."""
        return kept_items(self.share, pool)

    def build(self, program: Program) -> Intervention:
        """Build the control of the same size that nobody chose."""
        num_pool = program.shape.num_pool

        def order(key: jax.Array, setting: Setting) -> Kept:
            return Kept(lowest_first(key, jnp.zeros(num_pool)), kept_count(setting))

        return build_unguided(program, order, (order_work(program),))


random_share = built_in(RandomShareArm, problems=PROBLEMS)
