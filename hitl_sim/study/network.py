"""From the [network] table and a task to what fixes the learner's network."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from hitl_sim.learn.network import Inputs, Network, NetworkChoice, PartNetwork
from hitl_sim.part import Part, builtin
from hitl_sim.study.grid import Condition
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.parts import foreign_parts
from hitl_sim.task import TaskInfo


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
