"""Samples and checks of tasks: what is made is loaded as a study would load it."""

from collections.abc import Mapping
from typing import Any

import jax

from hitl_sim.check.base import Check, CheckError, Subject, build, struct
from hitl_sim.part import builtin
from hitl_sim.task import load_task
from oracles.part import Part


def _load(part: Part, options: Mapping[str, Any]) -> Any:
    is_own = builtin("task").get(part.name) is not part
    foreign = {part.name: part} if is_own else {}
    return load_task(part.name, options=options, foreign=foreign)


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Make a task; as a call it is the arrays themselves.

    Raises:
        CheckError: it is not made, or what is made is no task.
    """
    info, data = build(part, options, lambda given: _load(part, given))

    def call(key: jax.Array, data: Any, params: Mapping[str, Any]) -> Any:
        del key, params
        return data

    return Subject(
        part=part,
        options=options,
        call=call,
        data=data,
        expected={n: struct(a.shape, a.dtype) for n, a in data._asdict().items()},
        more=info,
    )


def check_content(subject: Subject) -> str:
    """Made again it is the same, item by item."""
    again, _ = _load(subject.part, subject.part.with_options(subject.options))
    if again.content_hash != subject.more.content_hash:
        raise CheckError(
            "it must make the same arrays each time, got others: draw from a generator "
            "with a seed of its own."
        )
    found = subject.more
    return f"{found.num_items} items, {found.num_features} features, classes " + (
        ", ".join(found.class_names[:10])
    )


CHECKS = (Check("content", check_content),)
