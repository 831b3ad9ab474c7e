"""A machine names the class of every item, and nobody looks at what it says."""

from typing import ClassVar

import jax

from hitl_sim.learn.intervention.arm import Arm, built_in
from hitl_sim.learn.intervention.base import (
    Intervention,
    Program,
    Setting,
    even_steps,
)
from hitl_sim.learn.intervention.by_machine import (
    TYPICAL,
    Named,
    machine_work,
    say_labels,
    train_on_named,
)


class MachineLabelsArm(Arm, frozen=True, tag="machine_labels"):
    """A machine labels the whole pool: what people are to add to.

    Attributes:
        machine: what names every item's class: a table [machine.NAME] of the study, or
            a machine that ships.
    """

    machine: str = TYPICAL

    gives_labels: ClassVar[bool] = True

    @property
    def machines(self) -> tuple[str, ...]:
        """The one that is named."""
        return (self.machine,)

    def pool_labels(self, pool: int) -> int:
        """None: the machine gives its own."""
        del pool
        return 0

    def build(self, program: Program) -> Intervention:
        """Build training on what a machine says."""

        def begin(key: jax.Array, setting: Setting) -> tuple[Named, None]:
            label = say_labels(setting, self.machine).label
            # nobody looks at any: the order is not read
            return Named(label, setting.is_kept, label, key), None

        return Intervention(
            program.shape.num_features,
            even_steps(program.train),
            begin,
            train_on_named,
            work=machine_work(program, self.machines),
        )


machine_labels = built_in(MachineLabelsArm)
