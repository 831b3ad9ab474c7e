"""Constants from the data files beside the code, each a `Quantity` with its source."""

import csv
import functools
import tomllib
from importlib import resources
from typing import Any

from hitl_sim.energy.error import Values
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact

_DATA = resources.files("hitl_sim.cost") / "data"


@functools.cache
def load_toml(name: str) -> dict[str, Any]:
    """Read one of this package's TOML data files."""
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


@functools.cache
def load_csv(name: str) -> tuple[dict[str, str], ...]:
    """Read one of this package's CSV data files, one mapping per row."""
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(lines))


def assumed(
    entry: dict[str, Any], unit: str, scope: Scope = Scope.CONSTANT
) -> Quantity:
    """Turn a table with `value`, `low`, `high` and `source` into a quantity."""
    return Quantity(
        value=entry["value"],
        unit=unit,
        kind=Kind.ASSUMED,
        scope=scope,
        interval=(entry["low"], entry["high"]),
        source=entry["source"],
    )


def exactly(
    value: Values, unit: str, source: str, scope: Scope = Scope.CONSTANT
) -> Quantity:
    """Make a quantity that is true by choice or definition: no interval around it."""
    return exact(value, unit, Kind.ASSUMED, scope, source)
