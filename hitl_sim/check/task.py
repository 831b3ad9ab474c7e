"""Samples and checks of tasks: what is made is loaded as a study would load it."""

from collections.abc import Mapping
from typing import Any

from hitl_sim.check.base import Subject, build, forms, promise, require
from hitl_sim.part import builtin
from hitl_sim.task import load_task
from oracles.part import Part

GENERAL = ("shapes", "processes")


def _load(part: Part, options: Mapping[str, Any]) -> Any:
    is_own = builtin("task").get(part.name) is not part
    foreign = {part.name: part} if is_own else {}
    return load_task(part.name, options=options, foreign=foreign)


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Make a task; as a call it is the arrays themselves.

    Raises:
        CheckError: it is not made, or what is made is no task.
    """
    info, made = build(part, options, lambda given: _load(part, given))
    return Subject(
        part, options, lambda key, data, params: data, made, forms(made), more=info
    )


@promise
def content(subject: Subject) -> str:
    """Made again it is the same, item by item."""
    again, _ = _load(subject.part, subject.part.with_options(subject.options))
    found = subject.more
    require(
        again.content_hash == found.content_hash,
        "it must make the same arrays each time, got others: draw from a generator "
        "with a seed of its own.",
    )
    classes = ", ".join(found.class_names[:10])
    return f"{found.num_items} items, {found.num_features} features, classes {classes}"
