"""A whole study as its file says it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from hitl_sim.cost import Prices
from hitl_sim.schema import Scalar, Table
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.spec.arm import Arms
from hitl_sim.study.spec.axis import AxisSpec, DrawSpec
from hitl_sim.study.spec.crowd import CrowdSpec, WorkforceSpec
from hitl_sim.study.spec.machine import MachineSpec
from hitl_sim.study.spec.part import PartSpec
from hitl_sim.study.spec.replicates import ReplicateRule, Replicates
from hitl_sim.study.spec.task import TaskSpec
from hitl_sim.study.spec.training import ReuseSpec, TargetSpec, TrainingSpec
from hitl_sim.study.spec.tune import TuneSpec


def listed(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """Return the values that an exclusion gives a field: one, or a list of them."""
    return value if isinstance(value, tuple) else (value,)


class StudySpec(Table, frozen=True):
    """A whole study.

    Attributes:
        question: what the study asks, in words; opens the report.
        note: what a reader has to know beside the answer, such as another study of the
            same task that found otherwise, and why; follows the question.
        seed: fixes every draw.
        replicates: independent redraws of split, initialisation and crowd: a number,
            or a rule that adds them until intervals are narrow enough.
        smallest_effect: smallest change of rho that would matter.
        dispatch_size: runs per dispatch; part of what fixes the bytes.
        vmap_size: of them, runs that are mapped together; divides `dispatch_size` and
            is part of what fixes the bytes. None: one on a CPU, all of them elsewhere.
            `hitl-sim run --tune` measures it.
        task: tasks by name.
        part: parts of the user's own, by the names that the other tables use.
        network: the network of every arm.
        training: its training.
        target: when an arm counts as there.
        tune: how control and arms are tuned; None where they are not.
        reuse: how many trainings share the guidance; applied after the runs.
        crowd: who answers.
        workforce: how they work.
        machine: machines that answer as annotators do, by the names that arms use.
        arm: the arms; exactly one has the role "control".
        axis: what is swept.
        draw: how points of drawn axes are chosen; where there are any.
        exclude: tables of field = value, or of a list of values; a condition that has
            one of each field's is left out.
        device: name or path of a device profile; applied after the runs.
        prices: applied last.
    """

    question: str
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    replicates: Replicates
    smallest_effect: Annotated[float, Meta(gt=0.0, lt=1.0)]
    task: dict[str, TaskSpec]
    arm: Arms
    prices: Prices
    device: str
    note: str = ""
    part: dict[str, PartSpec] = msgspec.field(default_factory=dict)
    dispatch_size: Annotated[int, Meta(ge=1, le=128)] = 32
    vmap_size: Annotated[int, Meta(ge=1, le=128)] | None = None
    network: NetworkSpec = NetworkSpec()
    training: TrainingSpec = TrainingSpec()
    target: TargetSpec = TargetSpec()
    tune: TuneSpec | None = None
    reuse: ReuseSpec = ReuseSpec()
    crowd: CrowdSpec = CrowdSpec()
    workforce: WorkforceSpec = WorkforceSpec()
    machine: dict[str, MachineSpec] = msgspec.field(default_factory=dict)
    axis: tuple[AxisSpec, ...] = ()
    draw: DrawSpec | None = None
    exclude: tuple[dict[str, Scalar | tuple[Scalar, ...]], ...] = ()

    @property
    def most_replicates(self) -> int:
        """Replicates that the study has, or may have at most by its rule."""
        rule = self.replicates
        return rule.at_most if isinstance(rule, ReplicateRule) else rule
