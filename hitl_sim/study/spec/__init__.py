"""What a study file says: frozen tables, and one `validate` that every study passes."""

from hitl_sim.schema import Scalar
from hitl_sim.study.spec.arm import control_of, is_replayed, kinds_of
from hitl_sim.study.spec.axis import AxisSpec, DrawSpec
from hitl_sim.study.spec.base import SpecError, in_study
from hitl_sim.study.spec.check import convert, validate
from hitl_sim.study.spec.crowd import CrowdSpec, WorkforceSpec, acts_on_crowd
from hitl_sim.study.spec.load import load_spec
from hitl_sim.study.spec.machine import MachineSpec, check_asked, machine_source
from hitl_sim.study.spec.part import PartSpec, named_parts, planned_parts
from hitl_sim.study.spec.study import StudySpec, listed
from hitl_sim.study.spec.task import GOLD, TaskSpec
from hitl_sim.study.spec.training import ReuseSpec, TargetSpec, TrainingSpec
from hitl_sim.study.spec.tune import TuneSpec

__all__ = [
    "GOLD",
    "AxisSpec",
    "CrowdSpec",
    "DrawSpec",
    "MachineSpec",
    "PartSpec",
    "ReuseSpec",
    "Scalar",
    "SpecError",
    "StudySpec",
    "TargetSpec",
    "TaskSpec",
    "TrainingSpec",
    "TuneSpec",
    "WorkforceSpec",
    "acts_on_crowd",
    "check_asked",
    "control_of",
    "convert",
    "in_study",
    "is_replayed",
    "kinds_of",
    "listed",
    "load_spec",
    "machine_source",
    "named_parts",
    "planned_parts",
    "validate",
]
