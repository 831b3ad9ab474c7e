"""Names that were others once: whoever writes an old one is told the new one."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from oracles.parameter import FORMER_NAMES

RENAMED: Mapping[str, str] = MappingProxyType(
    {
        "arm.lever": "arm.method",
        "crew": "workforce",
        "lanes": "vmap_size",
        "prices.label_standing": "prices.label_cost",
        "prices.pretraining": "prices.pretraining_cost",
        "width": "dispatch_size",
    }
    | {f"crowd.{old}": f"crowd.{new}" for old, new in FORMER_NAMES.items()}
)
"""Fields of a study file: the path that was, and the one that is."""

RENAMED_COMMANDS: Mapping[str, str] = MappingProxyType(
    {"afford": "equivalents", "levers": "methods", "record": "simulate-answers"}
)
"""Commands of `hitl-sim`: the name that was, and the one that is."""


def new_name(path: str) -> str | None:
    """Return what a field of a study is called now, if it was another name.

    Args:
        path: the field with its table, such as "crew.size" or "arm.lever.prune.share".
    """
    for old, new in RENAMED.items():
        if path == old or path.startswith(f"{old}."):
            return new + path.removeprefix(old)
    return None


def check_names(raw: Mapping[str, Any]) -> None:
    """Refuse a study that uses a former name, as a field or in an axis or exclusion.

    Args:
        raw: the tables of a study file.

    Raises:
        ValueError: the first such name, and what it is called now.
    """
    for where, path in _paths(raw):
        if (new := new_name(path)) is not None:
            raise ValueError(f"`{where or path}` must be called `{new}`, got {path!r}.")


def _paths(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (field that holds the name, or "" for a field itself; the name)."""
    for name, value in raw.items():
        yield "", name
        for table in value if isinstance(value, list | tuple) else (value,):
            if isinstance(table, Mapping):
                yield from (("", f"{name}.{field}") for field in table)
                if name == "axis":
                    yield "axis.field", str(table.get("field"))
                if name == "exclude":
                    yield from (("exclude", str(field)) for field in table)
