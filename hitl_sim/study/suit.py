"""Whether a task has what a network and an arm need of it; known before any run."""

from collections.abc import Sequence

from hitl_sim.study.grid import Condition
from hitl_sim.study.network_spec import TEXT_KINDS, VECTOR_KINDS
from hitl_sim.study.spec import (
    ImportanceArm,
    MachineImportanceArm,
    MachineShareArm,
    RelevanceArm,
    SpecError,
)
from hitl_sim.task import TaskInfo


def check_suits(condition: Condition, info: TaskInfo) -> None:
    """Refuse a network that cannot read a task, and an arm that lacks what it needs.

    Raises:
        SpecError: the message names the field, its value and what is allowed.
    """
    _check_network(condition, info)
    arm, network = condition.arm, condition.network
    if isinstance(arm, ImportanceArm | MachineImportanceArm):
        is_penalty = arm.use == "penalty"
        allowed = (*VECTOR_KINDS, "cnn") if is_penalty else VECTOR_KINDS
        if network.kind not in allowed:
            why = "penalises gradients by" if is_penalty else "takes away"
            raise SpecError(
                f"`network.kind` must be one of {_listed(allowed)} with the arm "
                f"{arm.name!r}, which {why} features, got {network.kind!r}."
            )
    is_compared = isinstance(arm, RelevanceArm) or (
        isinstance(arm, MachineShareArm) and arm.score == "duplicate"
    )
    if is_compared and info.vocabulary is not None:
        raise SpecError(
            f"`task.{condition.task_name}.representation` must be 'tfidf' or 'hashed' "
            f"with the arm {arm.name!r}, which compares items by their features, got "
            "'tokens'."
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
