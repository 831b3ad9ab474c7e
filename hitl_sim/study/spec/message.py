"""Sentences about a table that does not fit: field, value, and what is allowed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec

from hitl_sim.part import Kind
from hitl_sim.study.spec.arm import BROUGHT, kinds_of, table_of
from hitl_sim.study.spec.study import StudySpec

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>.+)`")
_MISSING = re.compile(r"missing required field `(?P<name>.+)`")


def explain(message: str, raw: Mapping[str, Any], above: str) -> str:
    """Rewrite a msgspec message so that it names field, value and what is allowed.

    Args:
        message: what msgspec said.
        raw: the whole study's tables.
        above: path of the table that was converted.

    Returns:
        One sentence, and a list of what is allowed where there is one.
    """
    match = _AT.match(message)
    what = match["what"] if match else message
    path = above + ((match["path"] or "") if match else "")
    where = path.lstrip(".")
    value = _look_up(raw, path)
    prefix = f"{where}." if where else ""
    if found := _UNKNOWN.search(what):
        allowed = ", ".join(sorted(_fields_at(path, value)))
        hint = f" Allowed: {allowed}." if allowed else ""
        return f"`{prefix}{found['name']}` is not a field of a study.{hint}"
    if found := _MISSING.search(what):
        hint = _REQUIRED.get(found["name"], "it has no default.")
        return f"`{prefix}{found['name']}` must be given: {hint}"
    return f"`{where}` must be {_condition(what, path, raw)}, got {value!r}."


def _condition(what: str, path: str, raw: Mapping[str, Any]) -> str:
    """Say what a value must be."""
    choices = _choices(path, raw)
    if choices and not what.startswith("Expected"):
        return f"one of {', '.join(map(repr, choices))}"
    expected = what.removeprefix("Expected ").partition(", got ")[0]
    return expected.replace("`", "").replace("object", "table")


_REQUIRED = {
    "boundary": "one of 'device_only', 'workstation', 'whole_person'. What an hour of "
    "a person stands for decides the answer, so it has no default.",
    "label_cost": "one of 'sunk', 'bought_same_price', 'bought_elsewhere'. What "
    "the control's labels cost decides the answer, so it has no default.",
    "smallest_effect": "the smallest change of rho that would matter to you, for "
    "example 0.05.",
}


def _steps(path: str) -> Iterable[str | int]:
    for name, index in re.findall(r"\.?([A-Za-z_][\w-]*)|\[(\d+|\.\.\.)\]", path):
        yield name or (int(index) if index.isdigit() else index)


def _look_up(raw: Any, path: str) -> Any:
    for step in _steps(path):
        if step == "...":
            return raw
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _struct_at(path: str, value: Any) -> type[msgspec.Struct] | None:
    steps = list(_steps(path))
    if not steps:
        return StudySpec
    if steps[0] == "arm" and isinstance(value, Mapping):
        of: Kind = "method" if "method" in steps else "intervention"
        kind = str(value.get("kind"))
        is_known = kind in kinds_of(of)
        struct: type[msgspec.Struct] = table_of(of, kind) if is_known else BROUGHT[of]
        return struct
    found: Any = StudySpec
    is_key = False
    for step in steps:
        if is_key or not isinstance(step, str) or step == "...":
            is_key = False
            continue
        hint = {f.name: f.type for f in msgspec.structs.fields(found)}.get(step)
        found = next(_structs_in(hint), None)
        if found is None:
            return None
        is_key = get_origin(hint) is dict
    return found  # type: ignore[no-any-return]


def _structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    """Find the struct that a field holds: as it is, in a list, a table, or a choice."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for inner in get_args(hint):
        yield from _structs_in(inner)


def _fields_at(path: str, value: Any) -> tuple[str, ...]:
    struct = _struct_at(path, value)
    return () if struct is None else struct.__struct_fields__


def _choices(path: str, raw: Mapping[str, Any]) -> tuple[Any, ...]:
    """Look up the values that a choice field allows."""
    steps = list(_steps(path))
    parent_path = path.rpartition(".")[0]
    struct = _struct_at(parent_path, _look_up(raw, parent_path))
    if struct is None:
        return ()
    kinds = {f.name: f.type for f in msgspec.structs.fields(struct)}
    choice = kinds.get(str(steps[-1]))
    options = [choice, *get_args(choice)]
    literals = [get_args(o) for o in options if get_args(o)]
    flat = [v for group in literals for v in group if isinstance(v, str)]
    return tuple(flat)
