"""Whether a task has what a network and an arm need of it; known before any run."""

from dataclasses import replace
from functools import partial

from hitl_sim.learn.intervention import Arm, TaskFacts
from hitl_sim.learn.network import NetworkChoice, build_network, layers_of
from hitl_sim.learn.network.base import UnreadableError
from hitl_sim.learn.optimise import check_padding
from hitl_sim.schema import one_of
from hitl_sim.study.grid import Condition
from hitl_sim.study.network import network_of, readers
from hitl_sim.study.program import program_of
from hitl_sim.study.spec import SpecError
from hitl_sim.task import TaskInfo


def check_suits(condition: Condition, info: TaskInfo) -> None:
    """Refuse a network that cannot read a task, and an arm that lacks what it needs.

    Raises:
        SpecError: the message names the field, its value and what is allowed.
    """
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
    try:
        if condition.training.batch == "all":
            check_padding(build_network(network, info.num_features, info.num_classes))
        if any(lever.needs_layers for lever in arm.lever):
            _check_layers(arm, network)
        for lever in arm.lever:
            lever.check_task(arm, facts)
        arm.check_task(facts)
    except (TypeError, ValueError) as error:
        raise SpecError(str(error)) from error


def _check_layers(arm: Arm, network: NetworkChoice) -> None:
    """Refuse a network that is not made of layers."""
    try:
        layers_of(network)
    except ValueError as error:
        raise SpecError(f"Arm {arm.name!r}: {error}") from error


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
