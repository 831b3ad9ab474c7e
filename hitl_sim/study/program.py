"""From a study's tables to what fixes a program: network, training and people."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from hitl_sim.learn import PanelConfig, RunConfig, TrainConfig
from hitl_sim.learn.crowd import BUILT_IN, NOBODY, AnnotatorConfig
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.learn.network import Inputs, Network, NetworkChoice, PartNetwork
from hitl_sim.learn.optimiser import OptimiserConfig
from hitl_sim.part import Part, PartError, Problem, builtin, find
from hitl_sim.study.grid import Condition
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.parts import foreign_parts
from hitl_sim.study.spec import SpecError, StudySpec, TargetSpec, TrainingSpec
from hitl_sim.task import TaskData, TaskInfo


def network_config(
    network: NetworkSpec, info: TaskInfo, foreign: Mapping[str, Part] | None = None
) -> NetworkChoice:
    """Give a network the shape or the vocabulary of the task that it reads.

    Raises:
        ValueError: it cannot read the task, or its options do not fit.
    """
    options = network.all_options(foreign)
    return _config(network.part(foreign), tuple(options.items()), _inputs(info))


def network_of(condition: Condition, info: TaskInfo) -> NetworkChoice:
    """Build the network of a condition, of a part that its study brings too.

    Raises:
        ValueError: it cannot read the task, or its options do not fit.
        SpecError: the part cannot be loaded.
    """
    parts = foreign_parts(condition.spec)
    return network_config(condition.network, info, parts)


def readers(
    info: TaskInfo, suits: Callable[[NetworkChoice], bool] = lambda _: True
) -> tuple[str, ...]:
    """List the built-in networks that can read a task.

    Args:
        info: the task.
        suits: what else a network has to be.
    """
    found = []
    for name, part in builtin("network").items():
        try:
            config = _config(part, (), _inputs(info))
        except ValueError:
            continue
        if suits(config):
            found.append(name)
    return tuple(found)


def _inputs(info: TaskInfo) -> Inputs:
    return Inputs(info.num_features, info.num_classes, info.shape, info.vocabulary)


@cache
def _config(
    part: Part, options: tuple[tuple[str, Any], ...], inputs: Inputs
) -> NetworkChoice:
    built = part(inputs, **dict(options))
    if not isinstance(built, Network):
        raise ValueError(
            f"`network.kind` {part.name!r} must return a `Network`, got "
            f"{type(built).__name__}."
        )
    return built.layers or PartNetwork(part, options, inputs)


def train_config(
    training: TrainingSpec,
    foreign: Mapping[str, Part] | None = None,
    target: TargetSpec | None = None,
    problem: Problem = "classification",
) -> TrainConfig:
    """Turn the static part of a training's table into the learner's config.

    Raises:
        ValueError: the optimiser does not take batches, or returns what is none.
    """
    options = tuple(training.all_options(foreign).items())
    target = target or TargetSpec()
    return TrainConfig(
        None if training.batch == "all" else training.batch,
        training.steps_per_checkpoint,
        training.checkpoints,
        OptimiserConfig(training.part(foreign), options),
        target.part(foreign),
        tuple(target.all_options(foreign).items()),
        problem,
    )


def annotator_of(spec: StudySpec) -> tuple[AnnotatorConfig | None, dict[str, float]]:
    """Look the annotator of a study's crowd up.

    Args:
        spec: names it in its table `crowd`; an annotator of its own is loaded.

    Returns:
        The annotator, None where it is the built-in one, and its params by name.

    Raises:
        SpecError: there is none of that name, or it has no such option or param.
    """
    crowd = spec.crowd
    if crowd.annotator == BUILT_IN and not crowd.options and not crowd.params:
        return None, {}
    try:
        part = find("annotator", crowd.annotator, foreign_parts(spec))
        given = dict(crowd.options)
        # an annotator that asks for the kind of question is told it by the arm
        if "feedback" in part.options:
            given.setdefault("feedback", "label")
        part.with_options(given)
        params = part.with_params(crowd.params)
    except PartError as error:
        raise SpecError(f"[crowd] {error}") from error
    return AnnotatorConfig(part, crowd.options), params


def panel_of(condition: Condition) -> PanelConfig:
    """Say who answers a condition's questions."""
    arm, content = condition.arm, condition.content
    if not arm.asking:
        return NOBODY
    who = (condition.spec.workforce.size, arm.people, arm.asks)
    annotator = annotator_of(condition.spec)[0] if condition.is_simulated else None
    recording = content.recording if content else None
    if recording is not None:
        # the recording settles who is asked how much
        dealt = (0.0, recording.policy, recording.is_timed)
        return PanelConfig(*who, *dealt, annotator)
    spread = content.activity_spread if content else 0.0
    return PanelConfig(*who, spread, annotator=annotator)


def program_of(condition: Condition, info: TaskInfo, group_size: int) -> Program:
    """Give a condition's arm its surroundings.

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
        train_config(condition.training, parts, condition.spec.target, info.problem),
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
