"""Tables of data that ship beside the code."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def read_shipped(file: str, form: type[T]) -> T:
    """Read a TOML file of this package's data folder, and check its form."""
    path = resources.files("hitl_sim.energy") / "data" / file
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), form)


def shipped_table(file: str, key: str, form: type[T]) -> Mapping[str, T]:
    """Read the tables of one key of such a file by the `name` that each has."""
    tables = read_shipped(file, dict[str, list[Any]])[key]
    found = msgspec.convert(tables, list[form])  # type: ignore[valid-type]
    return {table["name"]: one for table, one in zip(tables, found, strict=True)}


def named(found: Mapping[str, T], name: str, field: str) -> T:
    """Look up what ships by its name; the message calls it a `field`.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in found:
        names = ", ".join(map(repr, found))
        raise ValueError(f"`{field}` must be one of {names}, got {name!r}.")
    return found[name]
