"""The named populations, and those of a file: every number with its source.

```toml
[night_shift]
summary = "Our own crowd, after ten in the evening."
based_on = "typical"                      # optional; else the library's [default]
status = { label = "calibrated (on our pilot)" }   # by kind; "assumed" if left out

[night_shift.accuracy]
label = { value = 0.81, status = "calibrated", source = "our pilot, 40 people" }
relevance = { value = 0.78, status = "assumed", source = "as much worse as labels" }

[night_shift.lapse]
all = { value = 0.03, status = "assumed", source = "a guess" }
```
A number for "all" stands for every kind of feedback; one for a kind replaces it there.
"""

import hashlib
import json
import pkgutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oracles.joint import JointSource, parse_joint
from oracles.parameter import FORMER_NAMES, PARAMETERS, check_choice, check_parameter

_FEEDBACK = Path(__file__).parent / "feedback"
KINDS = tuple(sorted(m.name for m in pkgutil.iter_modules([str(_FEEDBACK)])))
"""Kinds of feedback: the files of `oracles.feedback`, none of which is loaded."""


@dataclass(frozen=True)
class Number:
    """One number of a population.

    Attributes:
        name: a parameter's name.
        kind: feedback kind it holds for, or "all".
        value: the number.
        unit: its unit in words.
        status: "calibrated" or "assumed".
        source: where it comes from.
    """

    name: str
    kind: str
    value: float
    unit: str
    status: str
    source: str


@dataclass(frozen=True)
class PopulationSource:
    """A population as published: numbers, sources and evidence.

    Attributes:
        name: what it is called.
        summary: the population in a sentence.
        status: by kind, how far it may be trusted: validated, calibrated or assumed.
        numbers: every number it uses.
        joint: by kind, how traits of people go together, where that is known.
        based_on: the population that it departs from, if any.
    """

    name: str
    summary: str
    status: Mapping[str, str]
    numbers: tuple[Number, ...]
    joint: Mapping[str, JointSource] = field(default_factory=dict)
    based_on: str | None = None

    def values(self, kind: str) -> dict[str, float]:
        """Return the numbers that hold for one feedback kind, by name.

        A number for the kind itself goes before one for all.
        """
        everywhere = {n.name: n.value for n in self.numbers if n.kind == "all"}
        return everywhere | {n.name: n.value for n in self.numbers if n.kind == kind}

    def content_hash(self, kind: str) -> str:
        """Hash what decides the answers to one kind; names and sources say nothing."""
        held: dict[str, Any] = self.values(kind)
        if kind in self.joint:
            held["joint"] = self.joint[kind].plain()
        text = json.dumps(held, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


JOINT_KINDS = ("label",)
"""Kinds of feedback of which a joint may be given: that whose answers are fitted."""

STATUSES = ("calibrated", "assumed")
EVIDENCE = ("validated", "calibrated", "assumed")

Numbers = dict[str, dict[str, Number]]


def read_populations(
    path: Path, known: Mapping[str, PopulationSource], default: Numbers
) -> Mapping[str, PopulationSource]:
    """Read the populations of a user's file.

    The file's own [default], if any, goes before the library's.

    Raises:
        ValueError: the file is missing or no TOML, or a field is unknown, lacks its
            value, status or source, or is out of range; one line that names the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"Population file must be readable, got {str(path)!r}: {error}."
        ) from error
    try:
        return parse_populations(text, known, default)[1]
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from error


def parse_populations(
    text: str, known: Mapping[str, PopulationSource], default: Numbers
) -> tuple[Numbers, dict[str, PopulationSource]]:
    """Parse populations.

    Populations may be based on those that are known, and on those before them.

    Returns:
        The numbers of the file's default, and its populations by name.

    Raises:
        ValueError: see `read_populations`.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"must be TOML: {error}.") from error
    default = _merge(default, _numbers("default", tables.pop("default", {})))
    found: dict[str, PopulationSource] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"`{name}` must be a table of a population, got {table}.")
        found[name] = _population(name, table, {**known, **found}, default)
    if not found and known:
        raise ValueError("must hold at least one population, got none.")
    return default, found


def _population(
    name: str,
    table: dict[str, Any],
    known: Mapping[str, PopulationSource],
    default: Numbers,
) -> PopulationSource:
    table = dict(table)
    if not isinstance(table.get("summary"), str):
        raise ValueError(f"`{name}.summary` must be given: who they are, in words.")
    summary = table.pop("summary")
    base, evidence = dict(default), dict.fromkeys(KINDS, "assumed")
    based_on = table.pop("based_on", None)
    if based_on is not None:
        check_choice(f"{name}.based_on", based_on, known)
        base = {}
        for number in known[based_on].numbers:
            base.setdefault(number.name, {})[number.kind] = number
    evidence |= _evidence(name, table.pop("status", {}))
    joint = dict(known[based_on].joint) if based_on is not None else {}
    joint |= _joint(f"{name}.joint", table.pop("joint", {}), joint)
    merged = _merge(base, _numbers(name, table))
    numbers = tuple(n for by_kind in merged.values() for n in by_kind.values())
    return PopulationSource(name, summary, evidence, numbers, joint, based_on)


def _joint(
    where: str, table: Any, base: Mapping[str, JointSource]
) -> dict[str, JointSource]:
    if not isinstance(table, dict):
        raise ValueError(f"`{where}` must be a table by kind, got {table!r}.")
    found = {}
    for kind, fields in table.items():
        check_choice(where, kind, JOINT_KINDS)
        found[kind] = parse_joint(f"{where}.{kind}", fields, base.get(kind))
    return found


def _evidence(name: str, table: Any) -> dict[str, str]:
    where = f"{name}.status"
    if not isinstance(table, dict):
        raise ValueError(f"`{where}` must be a table by kind, got {table!r}.")
    for kind, text in table.items():
        _check_kind(where, kind)
        words = text.split() if isinstance(text, str) else []
        if not words or words[0] not in EVIDENCE:
            raise ValueError(
                f"`{where}.{kind}` must start with one of {', '.join(EVIDENCE)}, "
                f"got {text!r}."
            )
        if words[0] == "validated" and "(on " not in text:
            raise ValueError(
                f"`{where}.{kind}` must say on what, as 'validated (on ...)', got "
                f"{text!r}."
            )
    return table


def _numbers(name: str, table: Mapping[str, Any]) -> Numbers:
    found: Numbers = {}
    for parameter, by_kind in table.items():
        where = f"{name}.{parameter}"
        if parameter in FORMER_NAMES:
            new = FORMER_NAMES[parameter]
            raise ValueError(f"`{where}` must be called `{new}`, got {parameter!r}.")
        if parameter not in PARAMETERS:
            allowed = ", ".join(("summary", "status", "based_on", "joint", *PARAMETERS))
            raise ValueError(f"`{where}` is not a field. Allowed: {allowed}.")
        if not isinstance(by_kind, dict):
            raise ValueError(f"`{where}` must be a table by kind, got {by_kind!r}.")
        for kind, number in by_kind.items():
            _check_kind(where, kind, "all")
            parsed = _number(f"{where}.{kind}", parameter, kind, number)
            found.setdefault(parameter, {})[kind] = parsed
    return found


def _check_kind(where: str, kind: str, *others: str) -> None:
    allowed = (*KINDS, *others)
    if kind not in allowed:
        raise ValueError(
            f"`{where}` must be given by kind, one of {', '.join(allowed)}, "
            f"got {kind!r}."
        )


def _number(where: str, parameter: str, kind: str, table: Any) -> Number:
    if not isinstance(table, dict):
        raise ValueError(
            f"`{where}` must be a table of value, status and source, got {table!r}."
        )
    needed = ("value", "status", "source")
    for key in (*needed, *table):
        if key not in table:
            raise ValueError(f"`{where}.{key}` must be given.")
        if key not in (*needed, "unit"):
            raise ValueError(
                f"`{where}.{key}` is not a field. Allowed: value, unit, status, source."
            )
    value = table["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{where}.value` must be a number, got {value!r}.")
    try:
        check_parameter(parameter, float(value))
    except ValueError:
        raise ValueError(
            f"`{where}.value` must be {PARAMETERS[parameter].range}, got {value}."
        ) from None
    if table["status"] not in STATUSES:
        raise ValueError(
            f"`{where}.status` must be one of {', '.join(STATUSES)}, "
            f"got {table['status']!r}."
        )
    if not str(table["source"]).strip():
        raise ValueError(f"`{where}.source` must say where it comes from, got ''.")
    words = (str(table.get("unit", "")), table["status"], str(table["source"]))
    return Number(parameter, kind, float(value), *words)


def _merge(base: Numbers, own: Numbers) -> Numbers:
    """Let a population's own numbers replace those it is based on, kind by kind."""
    merged = dict(base)
    for parameter, by_kind in own.items():
        kept = {} if "all" in by_kind else dict(base.get(parameter, {}))
        everywhere = kept.pop("all", None)
        if everywhere is not None:
            kept = {k: replace(everywhere, kind=k) for k in KINDS} | kept
        merged[parameter] = kept | by_kind
    return merged


_SUFFIX = ".toml"


def describe_population(name: str) -> PopulationSource:
    """Look a population up.

    Args:
        name: one of `POPULATIONS`; or the path of a TOML file with one population, or
            one on which all others there are based; or such a path, a colon and the
            name of one of several.

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
    first = [source for source in found.values() if source.based_on not in found]
    if name_in_file is None and len(first) == 1:
        return first[0]
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
