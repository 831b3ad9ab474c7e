"""Whether a task has what a network and an arm need of it; known before any run."""

from dataclasses import replace
from functools import cache, partial
from typing import Any

import jax

from hitl_sim.learn.intervention import TaskFacts
from hitl_sim.learn.intervention.before import check_before_task
from hitl_sim.learn.network import NetworkChoice, build_network, layers_of
from hitl_sim.learn.network.base import UnreadableError
from hitl_sim.learn.optimise import TrainConfig, check_padding
from hitl_sim.learn.work import (
    abstract,
    abstract_labels,
    list_shape,
    trace,
    train_unit,
)
from hitl_sim.part import Kind, check_problem, find
from hitl_sim.schema import one_of
from hitl_sim.study.grid import Condition
from hitl_sim.study.parts import foreign_parts
from hitl_sim.study.program import network_of, program_of, readers
from hitl_sim.study.spec import SpecError, check_asked, in_study
from hitl_sim.study.spec.task import GOLD
from hitl_sim.task import TaskInfo


def check_compatibility(condition: Condition, info: TaskInfo) -> None:
    """Refuse a network that cannot read a task, and an arm that lacks what it needs.

    Raises:
        SpecError: the message names the field, its value and what is allowed.
    """
    _check_problem(condition, info)
    network = _check_network(condition, info)
    arm, task = condition.arm, condition.task
    facts = TaskFacts(
        name=condition.task_name,
        is_tokens=info.vocabulary is not None,
        program=program_of(condition, info, info.num_features // info.num_groups),
        num_items=info.num_items,
        num_left=info.num_items - task.pool - task.validation - task.test,
        network_kind=condition.network.kind,
        # an arm that wants other features has to be told which networks read them
        readers=partial(readers, replace(info, vocabulary=None)),
    )
    sizes = (info.num_features, info.num_classes)
    check_asked(condition.spec.machine, arm, info.class_names)
    try:
        if condition.training.batch == "all":
            check_padding(build_network(network, *sizes))
        brought = condition.spec.part
        if condition.training.optimiser in brought:
            _trace_steps(network, facts.program.train, condition.task.pool, sizes)
        if condition.spec.target.metric in brought:
            _trace_metric(facts.program.train, condition.task.validation, sizes[1])
        if any(method.needs_layers for method in arm.method):
            with in_study(f"Arm {arm.name!r}: "):
                layers_of(network)
        for method in arm.method:
            method.check_task(arm, facts)
        arm.check_task(facts)
        check_before_task(arm, facts)
    except (TypeError, ValueError) as error:
        raise SpecError(str(error)) from error


@cache
def _trace_steps(
    network: NetworkChoice, train: TrainConfig, num_items: int, sizes: tuple[int, int]
) -> None:
    """Refuse an optimiser that cannot take a step, once for each training.

    Raises:
        ValueError: it cannot be traced.
    """
    built = build_network(network, *sizes)

    def steps() -> Any:
        unit = train_unit("train", network, train, num_items, *sizes, built=built)
        return jax.eval_shape(unit.program, *unit.args)

    trace(f"optimiser {train.optimiser.part.name!r}", steps)


@cache
def _trace_metric(train: TrainConfig, num_items: int, num_classes: int) -> None:
    """Refuse a metric that does not give one number, once for each training.

    Raises:
        ValueError: it gives something else, or cannot be traced.
    """
    words = f"metric {train.metric.name!r}"
    args = (abstract(num_items, num_classes), abstract_labels(train, num_items))
    out = trace(words, train.measure, *args)
    if getattr(out, "shape", None) != ():
        raise ValueError(f"{words} must return one number, [], got {list_shape(out)}.")


def _check_problem(condition: Condition, info: TaskInfo) -> None:
    """Refuse parts that are not for what the task asks for.

    Raises:
        SpecError: the message names the field, its value and what is allowed.
    """
    task, arm = condition.task, condition.arm
    own = foreign_parts(condition.spec)
    used: list[tuple[Kind, str, str]] = [
        ("metric", condition.spec.target.metric, "target.metric"),
        ("optimiser", condition.training.optimiser, "training.optimiser"),
        ("intervention", arm.kind, "arm.kind"),
    ]
    for place, stage in enumerate(arm.before):
        used.append(("intervention", stage.kind, f"arm.before[{place}].kind"))
    used += [("method", method.kind, "arm.method.kind") for method in arm.method]
    try:
        for kind, name, field in used:
            part = find(kind, name, own)
            check_problem(part, info.problem, field, condition.task_name, own)
    except ValueError as error:
        raise SpecError(str(error)) from error
    if info.problem == "regression" and task.validation_by != GOLD:
        raise SpecError(
            f"`task.{condition.task_name}.validation_by` must be {GOLD!r} where "
            f"numbers are asked for, got {task.validation_by!r}."
        )


def _check_network(condition: Condition, info: TaskInfo) -> NetworkChoice:
    """Build the network for the task.

    Raises:
        SpecError: it cannot read it, or its options do not fit.
    """
    kind, name = condition.network.kind, condition.task_name
    try:
        return network_of(condition, info)
    except UnreadableError as error:
        why = str(error).partition("whose ")[2].partition(", got")[0]
        raise SpecError(
            f"`network.kind` must be {one_of(readers(info))} for task {name!r}, whose "
            f"{why}, got {kind!r}."
        ) from error
    except ValueError as error:
        raise SpecError(f"Task {name!r}: {error}") from error
