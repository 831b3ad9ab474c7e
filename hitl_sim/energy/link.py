"""What lies between a device and a server: joules per byte, rate and latency."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib

import msgspec

from hitl_sim.energy.profile import Constant
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.energy.split_inference import Link


class _LinkTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One link of `data/links.toml`."""

    name: str
    description: str
    year: int
    joules_per_byte: Constant
    byte_per_s: Constant
    latency_s: Constant


@functools.cache
def _links() -> dict[str, _LinkTable]:
    path = importlib.resources.files("hitl_sim.energy") / "data" / "links.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["link"]
    found = msgspec.convert(tables, tuple[_LinkTable, ...])
    return {link.name: link for link in found}


def load_link(name: str) -> Link:
    """Return a shipped link.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in _links():
        names = ", ".join(map(repr, _links()))
        raise ValueError(f"`link` must be one of {names}, got {name!r}.")
    found = _links()[name]
    value, low, high = found.joules_per_byte.ends
    kind, source = Kind(found.joules_per_byte.kind), found.joules_per_byte.source
    per_byte = Quantity(
        value,
        "J/B",
        kind,
        Scope.MODULE,
        (low, high),
        f"link {name}: {source}",
        of=f"link {name}",
    )
    return Link(per_byte, found.byte_per_s.value, found.latency_s.value)
