"""What a study file says: frozen tables, and one `validate` that every study passes."""

from hitl_sim.study.spec.arm import (
    PROXY_STEPS,
    QUESTION,
    ArmSpec,
    ImportanceArm,
    LabellingArm,
    MachineImportanceArm,
    MachineShareArm,
    PeopleArm,
    RandomShareArm,
    RelevanceArm,
    Role,
    VerificationArm,
    WholePoolArm,
    asks_people,
    is_replayed,
    question_of,
)
from hitl_sim.study.spec.axis import AxisSpec, DrawSpec
from hitl_sim.study.spec.base import Scalar, SpecError
from hitl_sim.study.spec.check import convert, validate
from hitl_sim.study.spec.crowd import CrewSpec, CrowdSpec, acts_on_crowd, why_inert
from hitl_sim.study.spec.load import load_spec
from hitl_sim.study.spec.study import StudySpec
from hitl_sim.study.spec.task import TaskSpec
from hitl_sim.study.spec.training import TargetSpec, TrainingSpec

__all__ = [
    "PROXY_STEPS",
    "QUESTION",
    "ArmSpec",
    "AxisSpec",
    "CrewSpec",
    "CrowdSpec",
    "DrawSpec",
    "ImportanceArm",
    "LabellingArm",
    "MachineImportanceArm",
    "MachineShareArm",
    "PeopleArm",
    "RandomShareArm",
    "RelevanceArm",
    "Role",
    "Scalar",
    "SpecError",
    "StudySpec",
    "TargetSpec",
    "TaskSpec",
    "TrainingSpec",
    "VerificationArm",
    "WholePoolArm",
    "acts_on_crowd",
    "asks_people",
    "convert",
    "is_replayed",
    "load_spec",
    "question_of",
    "validate",
    "why_inert",
]
