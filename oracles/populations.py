"""The named populations, and how to find one by name or in a file."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from oracles.population_file import Numbers, parse_populations, read_populations
from oracles.population_source import PopulationSource

_SUFFIX = ".toml"


def describe_population(name: str) -> PopulationSource:
    """Look a population up.

    Args:
        name: one of `POPULATIONS`; or the path of a TOML file with one population; or
            such a path, a colon and the name of one of several.

    Raises:
        ValueError: there is no such population, or the file is not as it should be.
    """
    if name in POPULATIONS:
        return POPULATIONS[name]
    path, name_in_file = split_name(name)
    if path is None:
        allowed = ", ".join(repr(known) for known in POPULATIONS)
        raise ValueError(
            f"`population` must be one of {allowed}, or a {_SUFFIX} file, got {name!r}."
        )
    found = list_populations(path)
    if name_in_file is None and len(found) == 1:
        return next(iter(found.values()))
    if name_in_file is None or name_in_file not in found:
        one = next(iter(found))
        raise ValueError(
            f"`population` must name one of those in {path!r} ({', '.join(found)}), "
            f"as '{path}:{one}', got {name!r}."
        )
    return found[name_in_file]


def list_populations(name: str) -> Mapping[str, PopulationSource]:
    """List the populations of a file; of anything but a bare path, none.

    Raises:
        ValueError: the file is not as it should be.
    """
    if not name.endswith(_SUFFIX):
        return {}
    return read_populations(Path(name), POPULATIONS, DEFAULT)


def split_name(name: str) -> tuple[str | None, str | None]:
    """Split "path.toml:name" into path and name; None for what is not there."""
    if name.endswith(_SUFFIX):
        return name, None
    path, _, name_in_file = name.rpartition(":")
    return (path, name_in_file) if path.endswith(_SUFFIX) else (None, None)


def _load() -> tuple[Numbers, Mapping[str, PopulationSource]]:
    text = resources.files("oracles").joinpath("data/populations.toml").read_text()
    default, found = parse_populations(text, {}, {})
    return default, MappingProxyType(found)


DEFAULT, POPULATIONS = _load()
