"""Whether a task has what a network and an arm need of it; known before any run."""

from collections.abc import Sequence
from importlib.util import find_spec

from hitl_sim.learn.intervention import TaskFacts
from hitl_sim.learn.lever.table import (
    FineTuneLever,
    PruneLever,
    QuantiseLever,
    SplitLever,
    find_lever,
)
from hitl_sim.study.grid import Condition
from hitl_sim.study.network_spec import TEXT_KINDS, VECTOR_KINDS
from hitl_sim.study.spec import SpecError
from hitl_sim.task import TaskInfo

LEAST_RELATED = 100
"""Fewest items outside the split that a network can be pretrained on; assumed."""


def check_suits(condition: Condition, info: TaskInfo) -> None:
    """Refuse a network that cannot read a task, and an arm that lacks what it needs.

    Raises:
        SpecError: the message names the field, its value and what is allowed.
    """
    _check_network(condition, info)
    _check_levers(condition, info)
    facts = TaskFacts(
        name=condition.task_name,
        is_tokens=info.vocabulary is not None,
        network=condition.network.kind,
        for_vectors=VECTOR_KINDS,
        for_images=(*VECTOR_KINDS, "cnn"),
    )
    try:
        condition.arm.check_task(facts)
    except ValueError as error:
        raise SpecError(str(error)) from error


def _check_levers(condition: Condition, info: TaskInfo) -> None:
    arm, task, network = condition.arm, condition.task, condition.network
    prune = find_lever(arm.lever, PruneLever)
    if prune is not None and prune.form in ("structured", "gated"):
        dials = network.resolved()
        if network.kind in ("linear", "transformer") and not dials.get("hidden"):
            raise SpecError(
                "`network.kind` must have units that can go ('mlp', 'cnn', 'text_cnn') "
                f"with `arm.lever.form` {prune.form!r}, got {network.kind!r} in arm "
                f"{arm.name!r}."
            )
    split = find_lever(arm.lever, SplitLever)
    if split is not None:
        _check_split(split, condition)
    if find_lever(arm.lever, QuantiseLever) and find_spec("qwix") is None:
        raise SpecError(
            "`arm.lever.kind` must be another where qwix is not installed (pip install "
            f"'hitl-sim[int8]'), got 'quantise' in arm {arm.name!r}."
        )
    if find_lever(arm.lever, FineTuneLever) is None:
        return
    left = info.num_items - task.pool - task.validation - task.test
    if left < LEAST_RELATED:
        raise SpecError(
            f"`task.{condition.task_name}`: pool + validation + test must leave at "
            f"least {LEAST_RELATED} of the source's {info.num_items} items to pretrain "
            f"on in arm {arm.name!r}, got {left}."
        )


def _check_split(split: SplitLever, condition: Condition) -> None:
    """Refuse a cut where there is none between two dense layers."""
    kind, arm = condition.network.kind, condition.arm
    if kind not in VECTOR_KINDS:
        raise SpecError(
            f"`network.kind` must be one of {_listed(VECTOR_KINDS)} with a lever of "
            f"kind 'split', got {kind!r} in arm {arm.name!r}."
        )
    layers = len(condition.network.resolved().get("hidden", ())) + 1
    if split.after >= layers:
        raise SpecError(
            f"`arm.lever.after` must be < {layers}, the layers of the network, with a "
            f"lever of kind 'split', got {split.after} in arm {arm.name!r}."
        )


def _check_network(condition: Condition, info: TaskInfo) -> None:
    kind, name = condition.network.kind, condition.task_name
    if info.vocabulary is not None:
        if kind not in TEXT_KINDS:
            raise SpecError(
                f"`network.kind` must be one of {_listed(TEXT_KINDS)} for task "
                f"{name!r}, whose features are the ids of words, got {kind!r}."
            )
        widest = max(condition.network.resolved().get("widths", (1,)))
        if widest > info.num_features:
            raise SpecError(
                f"`network.widths` must be <= the {info.num_features} words of a text "
                f"in task {name!r}, got {widest}."
            )
        return
    allowed = VECTOR_KINDS if info.shape is None else (*VECTOR_KINDS, "cnn")
    if kind not in allowed:
        lacks = "images" if kind == "cnn" else "tokens"
        raise SpecError(
            f"`network.kind` must be one of {_listed(allowed)} for task {name!r}, "
            f"whose features are no {lacks}, got {kind!r}."
        )


def _listed(choices: Sequence[str]) -> str:
    return ", ".join(map(repr, choices))
