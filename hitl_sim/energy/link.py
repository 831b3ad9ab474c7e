"""What lies between a device and a server: joules per byte, rate and latency."""

from __future__ import annotations

import functools

import msgspec

from hitl_sim.energy.profile import Constant
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.energy.shipped import named, read_shipped
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
    tables = read_shipped("links.toml", dict[str, tuple[_LinkTable, ...]])
    return {link.name: link for link in tables["link"]}


def load_link(name: str) -> Link:
    """Return a shipped link.

    Raises:
        ValueError: there is none of this name.
    """
    found = named(_links(), name, "link")
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
