"""The tables [part.NAME] of a study: parts that it brings itself."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hitl_sim.schema import Scalar, Table


class PartSpec(Table, frozen=True):
    """A part of the user's own, under the name that the study's other tables use.

    Attributes:
        source: "FILE.py:NAME", a file that is found from the study file's folder, or
            "module:NAME", a module that is installed.
        identity: what the part was when the study was planned: kind, name, version
            and a hash of its code. Planning fills it in; a study file leaves it out.
    """

    source: str
    identity: dict[str, Scalar] | None = None

    @property
    def file(self) -> str | None:
        """Path of its file; None where it is installed."""
        module = self.source.rpartition(":")[0]
        return module if module.endswith(".py") else None

    def located(self, folder: Path) -> "PartSpec":
        """Read a relative path from a folder; what it was before is forgotten."""
        if self.file is None:
            return PartSpec(source=self.source)
        name = self.source.rpartition(":")[2]
        return PartSpec(source=f"{(folder / self.file).resolve()}:{name}")


NAMED_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "network": ("network.kind",),
        "optimiser": ("training.optimiser",),
        "strategy": ("arm.strategy",),
        "intervention": ("arm.kind",),
        "aggregation": ("arm.aggregate",),
        "annotator": ("crowd.annotator",),
    }
)
"""Fields by which a study's tables name a part, by its kind."""


def named_parts(
    parts: Mapping[str, PartSpec], tables: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, dict[str, Scalar]]:
    """Tell the parts that some plain tables name, by what they are.

    Args:
        parts: all that the study brings.
        tables: "arm", "network", "training" and "crowd", as plain tables; a table that
            does not act is None or left out.

    Returns:
        Identity by name of those that are used and have been planned.
    """
    used = {}
    for name, part in parts.items():
        identity = part.identity or {}
        for field in NAMED_IN.get(str(identity.get("kind")), ()):
            table, _, column = field.partition(".")
            if (tables.get(table) or {}).get(column) == name:
                used[name] = identity
    return used
