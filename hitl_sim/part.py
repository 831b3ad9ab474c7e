"""The registry of parts: every name that a study may use, by kind.

A built-in part is a file of its kind's package that holds a part of the file's name.
"""

import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from oracles.part import (
    KINDS,
    PROBLEMS,
    Kind,
    Marker,
    Part,
    PartError,
    Problem,
    aggregation,
    annotator,
    intervention,
    meter,
    method,
    metric,
    network,
    optimiser,
    strategy,
    task,
)

PACKAGES: Mapping[Kind, str] = MappingProxyType(
    {
        "aggregation": "oracles.aggregate",
        "annotator": "oracles.annotator",
        "intervention": "hitl_sim.learn.intervention",
        "meter": "hitl_sim.energy.meters",
        "method": "hitl_sim.learn.efficiency",
        "metric": "hitl_sim.learn.metric",
        "network": "hitl_sim.learn.network",
        "optimiser": "hitl_sim.learn.optimiser",
        "strategy": "hitl_sim.learn.strategy",
        "task": "hitl_sim.task",
    }
)
"""Where the built-in parts of each kind stand."""


@cache
def builtin(kind: Kind) -> Mapping[str, Part]:
    """Gather the built-in parts of a kind by name, in the order of their names.

    Every module of the kind's package is imported.
    """
    package = import_module(PACKAGES[kind])
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        for part in vars(import_module(f"{package.__name__}.{module}")).values():
            if isinstance(part, Part) and (part.kind, part.name) == (kind, module):
                found[module] = part
    return MappingProxyType(found)


def find(
    kind: Kind,
    name: str,
    foreign: Mapping[str, Part] | None = None,
    field: str | None = None,
) -> Part:
    """Look a part up by its name.

    Args:
        kind: what it has to be.
        name: what a study calls it.
        foreign: parts that the study brings, by the names it gave them.
        field: where the name was written; the kind when left out.

    Raises:
        PartError: there is none of that name, or it is of another kind.
    """
    brought = (foreign or {}).get(name)
    if brought is not None:
        if brought.kind != kind:
            raise PartError(
                f"`part.{name}` must be of kind {kind!r} where it is used, got "
                f"{brought.kind!r}."
            )
        return brought
    known = builtin(kind)
    if name not in known:
        own = (n for n, part in (foreign or {}).items() if part.kind == kind)
        allowed = ", ".join(map(repr, (*known, *own))) or "none"
        raise PartError(f"`{field or kind}` must be one of {allowed}, got {name!r}.")
    return known[name]


def check_problem(
    part: Part,
    problem: str,
    field: str,
    task: str,
    foreign: Mapping[str, Part] | None = None,
) -> None:
    """Refuse a part that is not for what a task asks for.

    Args:
        part: what was named.
        problem: of the task, one of `PROBLEMS`.
        field: where the part was named.
        task: its name.
        foreign: parts that the study brings, by the names it gave them.

    Raises:
        PartError: the message names those that are.
    """
    if problem in part.problems:
        return
    known = {**builtin(part.kind), **(foreign or {})}
    fit = [n for n, p in known.items() if p.kind == part.kind and problem in p.problems]
    raise PartError(
        f"`{field}` must be one of {', '.join(map(repr, fit)) or 'none'} for task "
        f"{task!r} of {problem}, got {part.name!r}."
    )


def from_table(
    table: Any,
    marker: Marker,
    *,
    version: int = 1,
    traced: Sequence[str] = (),
    given: Mapping[str, Any] = MappingProxyType({}),
    problems: Sequence[Problem] = ("classification",),
) -> Part:
    """Make the part that a struct with a kind describes.

    Args:
        table: the struct; its other fields are the part's options.
        marker: of the part's kind.
        version: raised whenever what it does changes.
        traced: fields that are params, where their default is a number.
        given: fields that are no options, with their values.
        problems: what a task may ask for where it is used.

    Returns:
        A part of the kind's name whose factory is `(surroundings, **options)`, what
        the struct's `build` makes of them; its attribute `table` is the struct.
    """
    kind = str(table.__struct_config__.tag)
    fields = inspect.signature(table).parameters
    params = {n: fields[n].default for n in traced}
    params = {n: value for n, value in params.items() if isinstance(value, float)}
    shown = [f for n, f in fields.items() if n not in given and n not in params]
    own = [f.replace(kind=f.KEYWORD_ONLY, default=_made(f.default)) for f in shown]
    first = inspect.Parameter("surroundings", inspect.Parameter.POSITIONAL_ONLY)

    def factory(surroundings: Any, **options: Any) -> Any:
        return table(**given, **options).build(surroundings)

    factory.__signature__ = inspect.Signature([first, *own])  # type: ignore[attr-defined]
    factory.__doc__ = table.__doc__
    # where a process of its own finds the part
    factory.__module__, factory.__qualname__ = table.__module__, kind
    factory.table = table  # type: ignore[attr-defined]
    marked = marker(version=version, name=kind, params=params, problems=problems)
    return marked(factory)


def _made(default: Any) -> Any:
    """Return a field's default, made where the struct makes one for each instance."""
    make = getattr(default, "factory", None)
    return default if make is None else make()


__all__ = [
    "KINDS",
    "PROBLEMS",
    "Kind",
    "Marker",
    "Part",
    "PartError",
    "Problem",
    "aggregation",
    "annotator",
    "builtin",
    "find",
    "from_table",
    "intervention",
    "meter",
    "method",
    "metric",
    "network",
    "optimiser",
    "strategy",
    "task",
]
