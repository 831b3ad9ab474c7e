"""Which arms a task can have, by what each needs of it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hitl_sim.study.compatibility import check_compatibility
from hitl_sim.study.grid import expand
from hitl_sim.study.plan import load_data
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.study.spec.arm import kinds_of, table_of
from hitl_sim.task import TaskData, TaskInfo

NAME = "data"
"""What the task is called."""
_METRIC = {"classification": "accuracy", "regression": "rmse_score"}
_LABELLING: Mapping[str, Mapping[str, str]] = {
    "classification": {},
    "regression": {"feedback": "number", "strategy": "random", "aggregate": "mean"},
}
"""What a labelling arm says of the answers that a problem asks for."""
_LEAST = 10
"""Items of a part of the split, at the least."""


def sizes_for(num_items: int) -> dict[str, int]:
    """Divide items into pool, validation and test: 60, 20 and 20 %."""
    fifth = max(num_items // 5, _LEAST)
    return {
        "pool": max(num_items - 2 * fifth, _LEAST),
        "validation": fifth,
        "test": fifth,
    }


def load_source(task: Mapping[str, Any]) -> tuple[TaskInfo, TaskData]:
    """Load a source as a study's table of a task says.

    Args:
        task: the table, without the sizes of the split.

    Raises:
        SpecError: the data are missing or damaged, or a field is wrong.
    """
    small = dict.fromkeys(("pool", "validation", "test"), _LEAST)
    try:
        return load_data(_study({**task, **small}, "whole_pool"), NAME)
    except SpecError as error:
        # there is no study yet whose table this would be
        words = str(error).removeprefix(f"[task.{NAME}] ")
        raise SpecError(words.replace(f"`task.{NAME}.", "`")) from error


def offered_arms(task: Mapping[str, Any], info: TaskInfo) -> Iterator[tuple[str, str]]:
    """Yield each kind of arm, and why the task cannot have it; "" where it can.

    Arms are at their defaults but for as few questions a round as can be, on a network
    that reads the task.
    """
    whole = {**task, **sizes_for(info.num_items)}
    for kind in kinds_of("intervention"):
        yield kind, _why_not(whole, kind, info)


def as_toml(task: Mapping[str, Any], info: TaskInfo) -> str:
    """Write the table of the task, with sizes that its items fill."""
    fields = {**task, **sizes_for(info.num_items)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join([f"[task.{_key(info.name)}]", *lines])


def _key(name: str) -> str:
    """Write a name as TOML has keys without quotes."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or NAME


def _why_not(task: Mapping[str, Any], kind: str, info: TaskInfo) -> str:
    is_tokens = info.vocabulary is not None
    try:
        network = "text_cnn" if is_tokens else "mlp"
        spec = _study(task, kind, network, info.problem)
        for condition in expand(spec):
            check_compatibility(condition, info)
    except SpecError as error:
        return str(error)
    return ""


def _study(
    task: Mapping[str, Any],
    kind: str,
    network: str = "mlp",
    problem: str = "classification",
) -> Any:
    arms: list[dict[str, Any]] = [
        {"name": "control", "kind": "whole_pool", "role": "control"}
    ]
    if kind != "whole_pool":
        # how much it asks is for a study to say
        table = table_of("intervention", kind)
        known = [f for f in ("questions", "items") if f in table.__struct_fields__]
        least = dict.fromkeys(known, table.least_questions)
        arms.append({"name": kind, "kind": kind, **least})
        if kind == "labelling":
            arms[-1] |= _LABELLING[problem]
    prices = {"boundary": "workstation", "label_cost": "sunk", "waiting": "held"}
    return convert(
        {
            "question": "What can be asked?",
            "seed": 0,
            "replicates": 2,
            "smallest_effect": 0.05,
            "device": "laptop-cpu",
            "task": {NAME: dict(task)},
            "network": {"kind": network},
            "target": {"metric": _METRIC[problem]},
            "prices": prices,
            "arm": arms,
        }
    )
