"""The tables [part.NAME] of a study: parts that it brings itself."""

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from msgspec.structs import replace

from hitl_sim.part import Part, PartError, builtin
from hitl_sim.part_source import Source, load, offered
from hitl_sim.schema import Scalar, Table
from hitl_sim.study.spec.base import SpecError, in_study


class PartSpec(Table, frozen=True):
    """A part of the user's own, under the name that the study's other tables use.

    Attributes:
        source: "FILE.py:NAME", a file that is found from the study file's folder, or
            "module:NAME", a module that is installed.

    The rest is what the part was when the study was planned. Planning fills it in, so
    that results can be read without the part's code; a study file leaves it out.

    Attributes:
        identity: kind, name, version and a hash of its code.
        options: its static options, with the defaults of those that have one.
        required: those that have none.
        params: its traced numbers, with their defaults.
    """

    source: str
    identity: dict[str, Scalar] | None = None
    options: dict[str, Any] | None = None
    required: tuple[str, ...] = ()
    params: dict[str, float] | None = None


NAMED_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "network": ("network.kind",),
        "optimiser": ("training.optimiser",),
        "strategy": ("arm.strategy",),
        "intervention": ("arm.kind", "arm.before.kind"),
        "aggregation": ("arm.aggregate",),
        "annotator": ("crowd.annotator",),
        "method": ("arm.method.kind",),
        "task": ("task.*.source",),
        "metric": ("target.metric",),
    }
)
"""Fields by which a study's tables name a part, by its kind; a star is any name."""


def bind_part(name: str, table: PartSpec) -> PartSpec:
    """Load a part, unless it was planned before, and write down what it is.

    Raises:
        SpecError: it cannot be loaded, or has the name of a built-in one.
    """
    if table.identity is not None:
        return table
    with in_study(f"[part.{name}] "):
        found = load(Source.of(table.source))
    part = found.part
    if name in builtin(part.kind):
        raise SpecError(
            f"`part.{name}` must have a name of its own, got that of a built-in part "
            f"of kind {part.kind!r}."
        )
    missing = inspect.Parameter.empty
    return replace(
        table,
        identity=dict(found.identity),
        options={n: v for n, v in part.options.items() if v is not missing},
        required=tuple(n for n, v in part.options.items() if v is missing),
        params=dict(part.params),
    )


def planned_part(name: str, table: PartSpec) -> Part:
    """Tell a planned part's options and params, without its code.

    Returns:
        A part of the study's name that cannot be built.
    """

    def unloaded(*_: Any, **__: Any) -> Any:
        raise PartError(f"Part {name!r} must be loaded before it is built.")

    options = {**dict.fromkeys(table.required, inspect.Parameter.empty)}
    options |= table.options or {}
    only = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature(
        [inspect.Parameter(n, only, default=value) for n, value in options.items()]
    )
    unloaded.__signature__ = signature  # type: ignore[attr-defined]
    identity = table.identity or {}
    kind, version = cast(Any, identity["kind"]), int(identity["version"])
    return Part(kind, name, version, unloaded, table.params or {})


def planned_parts(tables: Mapping[str, PartSpec]) -> dict[str, Part]:
    """Tell the options and params of all parts that a study brings, by their names."""
    return {name: planned_part(name, table) for name, table in tables.items()}


def with_offered(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add to a study's plain tables the parts of installed packages that they name.

    Names of the study's own parts and of built-in ones come first.
    """
    points = offered()
    own = raw.get("part", {})
    if not points or not isinstance(own, Mapping):
        return raw
    found: dict[str, Any] = {}
    for kind, fields in NAMED_IN.items():
        for field in fields:
            for name in _named(raw, field):
                is_free = name not in own and name not in builtin(cast(Any, kind))
                if is_free and name in points:
                    found[name] = {"source": str(points[name])}
    return {**raw, "part": {**found, **own}} if found else raw


def _named(tables: Any, field: str) -> list[str]:
    """Read a field of a table, or of each of a list of tables."""
    found = [tables]
    for step in field.split("."):
        each = [t for there in found for t in _each(there) if isinstance(t, Mapping)]
        below = (t.values() if step == "*" else [t.get(step)] for t in each)
        found = [value for values in below for value in values]
    return [name for name in found if isinstance(name, str)]


def _each(there: Any) -> Sequence[Any]:
    return there if isinstance(there, list | tuple) else [there]


def named_parts(
    parts: Mapping[str, PartSpec], tables: Mapping[str, Any]
) -> dict[str, dict[str, Scalar]]:
    """Tell the parts that some plain tables name, by what they are.

    Args:
        parts: all that the study brings.
        tables: plain ones, as a study has them; one that does not act is None.

    Returns:
        Identity by name of those that are used and have been planned.
    """
    used = {}
    for name, part in parts.items():
        identity = part.identity or {}
        fields = NAMED_IN.get(str(identity.get("kind")), ())
        if any(name in _named(tables, field) for field in fields):
            used[name] = identity
    return used
