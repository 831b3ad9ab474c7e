"""Options of a part as a study gives them, completed and checked by its factory."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from hitl_sim.part import Part


def read_options(
    part: Part, given: Mapping[str, Any], where: str, chosen: str
) -> dict[str, Any]:
    """Complete options by their defaults, and check them by their annotations.

    One number in the place of a list is a list of it alone.

    Args:
        part: whose options.
        given: by name, as TOML has them.
        where: table that they stand in, for messages.
        chosen: field that names the part, for messages.

    Returns:
        All options in the order of the factory's arguments; lists are tuples.

    Raises:
        ValueError: one is unknown, missing, or none that the factory says it takes.
    """
    known, hints = part.options, _hints(part)
    for name, value in given.items():
        if name not in known:
            has = f"has {', '.join(known)}" if known else "has no options"
            raise ValueError(
                f"`{where}.{name}` must be left out where `{chosen}` is {part.name!r}, "
                f"which {has}, got {_frozen(value)!r}."
            )
    for name, default in known.items():
        if name not in given and default is inspect.Parameter.empty:
            raise ValueError(
                f"`{where}.{name}` must be given where `{chosen}` is {part.name!r}: it "
                "has no default."
            )
    return {
        name: _read(given[name], hints[name], f"{where}.{name}")
        if name in given
        else _frozen(default)
        for name, default in known.items()
    }


@cache
def _hints(part: Part) -> dict[str, Any]:
    """Look up what each option may be; what its default is where nothing is said."""
    said = get_type_hints(inspect.unwrap(part.factory), include_extras=True)
    found: dict[str, Any] = {}
    for name, default in part.options.items():
        is_known = default is not None and default is not inspect.Parameter.empty
        found[name] = said.get(name, type(default) if is_known else Any)
    return found


def _read(value: Any, hint: Any, where: str) -> Any:
    plain = _plain(hint)
    is_alone = tuple in (plain, get_origin(plain)) and isinstance(value, int | float)
    if isinstance(value, Mapping):
        raise ValueError(f"`{where}` must be no table, got {value!r}.")
    try:
        return _frozen(msgspec.convert([value] if is_alone else value, hint))
    except msgspec.ValidationError as error:
        condition = _condition(str(error), plain)
        raise ValueError(
            f"`{where}` must be {condition}, got {_frozen(value)!r}."
        ) from error
    except TypeError:
        # a type that no table can hold; the factory knows what to do with it
        return _frozen(value)


def _plain(hint: Any) -> Any:
    """Take the bounds off a type."""
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint


def _condition(message: str, hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(repr, get_args(hint)))}"
    what = message.partition(" - at ")[0].removeprefix("Expected ")
    return what.partition(", got ")[0].replace("`", "")


def _frozen(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    return value
