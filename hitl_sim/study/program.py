"""From a condition to what fixes its program: sizes, network, training, people."""

from hitl_sim.learn import PanelConfig, RunConfig
from hitl_sim.learn.crowd import NOBODY
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.study.annotator import annotator_of
from hitl_sim.study.grid import Condition
from hitl_sim.study.network import network_of
from hitl_sim.study.optimiser import train_config
from hitl_sim.study.parts import foreign_parts
from hitl_sim.task import TaskData, TaskInfo


def panel_of(condition: Condition) -> PanelConfig:
    """Say who answers a condition's questions."""
    arm, content = condition.arm, condition.content
    if arm.question is None:
        return NOBODY
    size = condition.spec.crew.size
    recording = content.recording if content else None
    if recording is not None:
        # the recording settles who is asked how much
        dealt = (0.0, recording.policy, recording.is_timed)
        return PanelConfig(size, arm.people, arm.asks, *dealt)
    spread = content.activity_spread if content else 0.0
    annotator, _ = annotator_of(condition.spec)
    return PanelConfig(size, arm.people, arm.asks, spread, annotator=annotator)


def program_of(condition: Condition, info: TaskInfo, group_size: int) -> Program:
    """Give a condition's arm its surroundings.

    Args:
        condition: one cell of a study.
        info: its task.
        group_size: features of each group.

    Raises:
        SpecError: a part of the study cannot be loaded.
        ValueError: the network cannot read the task.
    """
    task = condition.task
    sizes = (info.num_features, info.num_classes, info.num_groups, group_size)
    parts = foreign_parts(condition.spec)
    return Program(
        Shape(task.pool, *sizes),
        network_of(condition, info),
        train_config(condition.training, parts, condition.spec.target),
        panel_of(condition),
        parts,
    )


def run_config(condition: Condition, info: TaskInfo, data: TaskData) -> RunConfig:
    """Turn a condition's static part into the learner's config."""
    task = condition.task
    program = program_of(condition, info, data.groups.shape[1])
    left = info.num_items - task.pool - task.validation - task.test
    sizes = (task.validation, task.test)
    return RunConfig(program, condition.arm, *sizes, left)
