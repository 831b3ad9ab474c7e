"""Every number that ships in a data file, with where it comes from and how old it is.

The files are found by walking the packages, not by a list, so a new one cannot be
forgotten. In a TOML file a table with `value` is one constant, with its interval
(`low`, `high`); any other number is a constant of its own, without an interval. What a
table does not say of itself (kind, scope, unit, source, year) it takes from the tables
around it, then from `data/shipped.toml`. In a CSV file each number of a row is one.

The year is the entry's own; else the first one that its source names; else that of data
which the source names; else that of the tables around it; else the year in which the
file's judgements were looked at.
"""

import csv
import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

_PACKAGES = ("hitl_sim", "oracles")
_SUFFIXES = (".toml", ".csv")
_NOTES = "hitl_sim/data/shipped.toml"
_YEARS = frozenset({"year", "judged"})
_ENDS = ("value", "low", "high")
_TOLD = ("kind", "status", "scope", "unit", "source", "citation", "basis")
_YEAR = re.compile(r"\b(19\d\d|20[0-2]\d)\b(?!\.\d)")
"""A year, and no number of an arXiv paper such as 2012.03145."""
_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "flop_per_s": "FLOP/s",
        "b_per_s": "B/s",
        "byte_per_s": "B/s",
        "joules_per_byte": "J/B",
        "joules_per_h": "J/h",
        "kgco2e_per_h": "kgCO2e/h",
        "g_per_kwh": "g/kWh",
        "usd_per_kwh": "USD/kWh",
        "usd_per_h": "USD/h",
        "watts": "W",
        "mwh": "MWh",
        "frac": "1",
        "mw": "mW",
        "w": "W",
        "s": "s",
        "b": "B",
    }
)
"""Units by how the name of a field ends, longest first."""


@dataclass(frozen=True)
class ShippedConstant:
    """One number of a data file.

    Attributes:
        file: path from the folder that the packages are in.
        name: where in the file it stands, such as "device.h100.idle_w".
        value: the number; None where the file gives an interval alone.
        low: lower end of its 95 % interval; None where the file gives none.
        high: upper end.
        unit: of all three; empty where the file does not tell.
        kind: how it is known, such as "assumed"; empty where nothing tells.
        scope: what it covers, such as "board"; "constant" for a price, rate or factor.
        source: where it comes from, or the reasoning.
        year: of the source, or of the judgement; None where nothing tells.
    """

    file: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    kind: str
    scope: str
    source: str
    year: int | None

    def age(self, year: int) -> int | None:
        """Return how many years before another it is from; None where unknown."""
        return None if self.year is None else year - self.year

    def holds(self, words: str) -> bool:
        """Return whether each of some words stands in its file, name or source."""
        text = f"{self.file} {self.name} {self.kind} {self.scope} {self.source}".lower()
        return all(word in text for word in words.lower().split())


def data_files() -> Mapping[str, Traversable]:
    """Return the data files that ship, by path from the folder of the packages."""
    found: dict[str, Traversable] = {}
    for package in _PACKAGES:
        _collect(resources.files(package), package, found)
    return found


def shipped_constants(words: str = "") -> tuple[ShippedConstant, ...]:
    """Return every number of every data file that ships.

    Args:
        words: each must stand in file, name, kind, scope or source; all with none.
    """
    return tuple(one for one in _constants() if one.holds(words))


@functools.cache
def _constants() -> tuple[ShippedConstant, ...]:
    files = {
        name: file.read_text(encoding="utf-8") for name, file in data_files().items()
    }
    found: list[ShippedConstant] = []
    for name, text in files.items():
        notes = _notes()["file"].get(name, {})
        if name.endswith(".csv"):
            beside = files.get(name.removesuffix(".csv") + ".toml", "")
            found += _rows(name, text, tomllib.loads(beside).get("source", {}), notes)
        else:
            found += _walk(name, (), tomllib.loads(text), notes)
    return tuple(found)


@functools.cache
def _notes() -> dict[str, Any]:
    return tomllib.loads(data_files()[_NOTES].read_text(encoding="utf-8"))


def _collect(folder: Traversable, path: str, found: dict[str, Traversable]) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        below = f"{path}/{entry.name}"
        if entry.is_dir():
            _collect(entry, below, found)
        elif entry.name.endswith(_SUFFIXES):
            found[below] = entry


def _walk(
    file: str, path: tuple[str, ...], table: Mapping[str, Any], told: Mapping[str, Any]
) -> Iterator[ShippedConstant]:
    """Yield the constants of a table and of those inside it."""
    told = {**told, **_told(table, told)}
    own = [key for key in _ENDS if _is_number(table.get(key))]
    if own:
        value, low, high = (table.get(key) if key in own else None for key in _ENDS)
        yield _constant(file, path, value, low, high, told)
    for key, value in table.items():
        if key in own or key in _YEARS:
            continue
        for step, entry in _entries(key, value):
            if isinstance(entry, Mapping):
                yield from _walk(file, (*path, *step), entry, told)
            elif _is_number(entry):
                yield _constant(file, (*path, *step), entry, None, None, told)


def _entries(key: str, value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a field's value, or those of a list, with their names."""
    if not isinstance(value, list):
        yield (key,), value
        return
    for index, entry in enumerate(value):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        yield (key, str(name if name is not None else index)), entry


def _told(table: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table says of the numbers in it.

    A source of its own has a year of its own: that of the tables around it comes last.
    """
    found = {key: table[key] for key in _TOLD if isinstance(table.get(key), str)}
    found |= {key: table[key] for key in _YEARS if _is_number(table.get(key))}
    is_cited = "source" in found or "citation" in found
    if is_cited and "year" not in found:
        found |= {"year": None, "above": above.get("year") or above.get("above")}
    return found


def _constant(
    file: str,
    path: tuple[str, ...],
    value: Any,
    low: Any,
    high: Any,
    told: Mapping[str, Any],
) -> ShippedConstant:
    source = "; ".join(
        told[key] for key in ("source", "citation", "basis") if told.get(key)
    )
    return ShippedConstant(
        file,
        ".".join(path),
        value,
        low,
        high,
        _unit(path, told.get("unit", "")),
        told.get("status") or told.get("kind") or "",
        told.get("scope") or "constant",
        source,
        told.get("year") or _year(source) or told.get("above") or told.get("judged"),
    )


def _year(source: str) -> int | None:
    """Return the first year that a source names, or that of data it names."""
    found = _YEAR.search(source)
    if found is not None:
        return int(found[1])
    cited = {one["name"]: one["year"] for one in _notes()["cited"]}
    return next((year for name, year in cited.items() if name in source), None)


def _unit(path: tuple[str, ...], otherwise: str) -> str:
    for step in reversed(path):
        for end, unit in _UNITS.items():
            if step == end or step.endswith(f"_{end}"):
                return unit
    return otherwise


def _rows(
    file: str, text: str, sources: Mapping[str, Any], notes: Mapping[str, Any]
) -> Iterator[ShippedConstant]:
    """Yield the numbers of a CSV file, whose sources stand in a TOML file beside it."""
    rows = csv.DictReader(text.splitlines())
    first = (rows.fieldnames or [""])[0]
    for row in rows:
        about = sources.get(row.get("source", ""), {})
        year = row.get("year")
        told = {**notes, **_told(about, notes), **({"year": int(year)} if year else {})}
        name = " ".join(filter(None, (row[first], row.get("name"))))
        # how wide a source of numbers is, either side, where it says so
        fixed = [v for key, v in about.items() if key.startswith("absolute")]
        for column, cell in row.items():
            value = None if column in _YEARS else _numeral(cell)
            low = high = None
            if value is not None and "relative" in about:
                half = float(max(about["relative"] * value, *fixed, 0.0))
                low, high = max(0.0, value - half), value + half
            if value is not None:
                yield _constant(file, (name, column), value, low, high, told)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeral(cell: str | None) -> float | None:
    try:
        return float(cell or "")
    except ValueError:
        return None
