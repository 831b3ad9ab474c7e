"""Plain tables read to structs; what does not fit is told by field, value and range.

Any room may read tables of its own, so this module knows none of them.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>.+)`")
_MISSING = re.compile(r"missing required field `(?P<name>.+)`")
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]")
_NONE: Mapping[str, str] = MappingProxyType({})


class TableError(ValueError):
    """A table that is not what it should be; the message names field and value."""


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read a TOML file that somebody wrote.

    Args:
        path: of it.
        what: it is, as the message begins: "Study file".

    Raises:
        TableError: it cannot be read, or is no TOML.
    """
    try:
        # editors of some systems begin a file with a byte order mark
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise TableError(
            f"{what} must be readable, got {str(path)!r}: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(f"{what} {str(path)!r} must be TOML: {error}.") from error


def read_table(
    table: Any,
    struct: type[_Struct],
    where: str = "",
    *,
    whole: str,
    required: Mapping[str, str] = _NONE,
) -> _Struct:
    """Read a plain table, and before it those in its fields, to a struct.

    Args:
        table: of plain values; what is a struct already stays as it is.
        struct: what it is read to.
        where: the table's path in the file; "" for the whole of it.
        whole: what the file describes, such as "a study".
        required: what to say where a field of that name is missing.

    Raises:
        TableError: a field that does not fit, its value, and what is allowed.
    """
    if isinstance(table, Mapping):
        types = _types(struct)
        told = {"whole": whole, "required": required}
        table = {
            name: _read_field(value, types.get(name), _below(where, name), told)
            for name, value in table.items()
        }
    try:
        return msgspec.convert(table, struct)
    except msgspec.ValidationError as error:
        message = _explain(str(error), table, struct, where, whole, required)
        raise TableError(message) from error


def _read_field(value: Any, hint: Any, where: str, told: Mapping[str, Any]) -> Any:
    """Read the tables that a field holds: itself, or those of a list or by name."""
    is_choice = get_origin(hint) in (Union, UnionType)
    for one in get_args(hint) if is_choice else (hint,):
        struct = next(filter(_is_struct, (one, *get_args(one))), None)
        origin = get_origin(one)
        if struct is None:
            continue
        if origin is dict and isinstance(value, Mapping):
            return {n: _read(v, struct, f"{where}.{n}", told) for n, v in value.items()}
        if origin is tuple and isinstance(value, list | tuple):
            return [
                _read(v, struct, f"{where}[{i}]", told) for i, v in enumerate(value)
            ]
        if origin is None and isinstance(value, Mapping):
            return read_table(value, struct, where, **told)
    return value


def _read(
    value: Any, struct: type[msgspec.Struct], where: str, told: Mapping[str, Any]
) -> Any:
    if isinstance(value, struct):
        return value
    return read_table(value, struct, where, **told)


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


@cache
def _types(struct: type[msgspec.Struct]) -> Mapping[str, Any]:
    fields = msgspec.structs.fields(struct)
    return MappingProxyType({field.name: field.type for field in fields})


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _explain(
    message: str,
    table: Any,
    struct: type[msgspec.Struct],
    where: str,
    whole: str,
    required: Mapping[str, str],
) -> str:
    """Rewrite a msgspec message so that it names field, value and what is allowed."""
    match = _AT.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    if found := _UNKNOWN.search(what):
        allowed = ", ".join(sorted(struct.__struct_fields__))
        name = _below(where, found["name"])
        return f"`{name}` is not a field of {whole}. Allowed: {allowed}."
    if found := _MISSING.search(what):
        why = required.get(found["name"], "it has no default.")
        return f"`{_below(where, found['name'])}` must be given: {why}"
    value, steps = table, _STEP.findall(path.partition("[...]")[0])
    for name, index in steps:
        value = value[name or int(index)]
    # a choice says itself what it allows
    hint = _types(struct).get(steps[0][0]) if len(steps) == 1 else None
    literals = [v for one in (hint, *get_args(hint)) for v in get_args(one)]
    choices = [v for v in literals if isinstance(v, str)]
    if choices and not what.startswith("Expected"):
        condition = f"one of {', '.join(map(repr, choices))}"
    else:
        expected = what.removeprefix("Expected ").partition(", got ")[0]
        condition = expected.replace("`", "").replace("object", "table")
    return f"`{(where + path).lstrip('.')}` must be {condition}, got {value!r}."
