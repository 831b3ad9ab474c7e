"""Interventions: each says what people are asked, and what is done with the answers."""

from hitl_sim.learn.intervention.base import Intervention as Intervention
from hitl_sim.learn.intervention.base import Program as Program
from hitl_sim.learn.intervention.base import Setting as Setting
from hitl_sim.learn.intervention.base import Shape as Shape
from hitl_sim.learn.intervention.importance import (
    ImportanceConfig as ImportanceConfig,
)
from hitl_sim.learn.intervention.importance import (
    MachineImportanceConfig as MachineImportanceConfig,
)
from hitl_sim.learn.intervention.importance import (
    build_importance,
    build_machine_importance,
)
from hitl_sim.learn.intervention.labelling import LabellingConfig as LabellingConfig
from hitl_sim.learn.intervention.labelling import build_labelling
from hitl_sim.learn.intervention.machine import (
    MachineShareConfig as MachineShareConfig,
)
from hitl_sim.learn.intervention.machine import build_machine_share
from hitl_sim.learn.intervention.relevance import RelevanceConfig as RelevanceConfig
from hitl_sim.learn.intervention.relevance import build_relevance
from hitl_sim.learn.intervention.share import RandomShareConfig as RandomShareConfig
from hitl_sim.learn.intervention.share import WholePoolConfig as WholePoolConfig
from hitl_sim.learn.intervention.share import (
    build_random_share,
    build_whole_pool,
)
from hitl_sim.learn.intervention.verification import (
    VerificationConfig as VerificationConfig,
)
from hitl_sim.learn.intervention.verification import build_verification

InterventionConfig = (
    WholePoolConfig
    | RandomShareConfig
    | MachineShareConfig
    | RelevanceConfig
    | ImportanceConfig
    | MachineImportanceConfig
    | VerificationConfig
    | LabellingConfig
)


def build_intervention(config: InterventionConfig, program: Program) -> Intervention:
    """Build the intervention that a config describes.

    Raises:
        TypeError: the config is none of an intervention.
    """
    match config:
        case WholePoolConfig():
            return build_whole_pool(config, program)
        case RandomShareConfig():
            return build_random_share(config, program)
        case MachineShareConfig():
            return build_machine_share(config, program)
        case RelevanceConfig():
            return build_relevance(config, program)
        case ImportanceConfig():
            return build_importance(config, program)
        case MachineImportanceConfig():
            return build_machine_importance(config, program)
        case VerificationConfig():
            return build_verification(config, program)
        case LabellingConfig():
            return build_labelling(config, program)
        case _:
            raise TypeError(
                f"`config` must be the config of an intervention, got {config!r}."
            )
