"""Which zones of a powercap tree to count, so that nothing is counted twice.

A tree lists packages, their sub-zones (cores, graphics, memory) and perhaps the whole
platform; some machines list each package twice, through two control types. Counted are
each package once and its memory; cores and graphics lie inside the package, and the
platform holds everything, so it counts only where no package is listed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.energy.quantity import Scope

_ZONE = re.compile(r"^(?P<control>[a-z-]*rapl[a-z-]*)((:\d+)+)$")
_TWIN_CONTROL = "mmio"


@dataclass(frozen=True)
class Zone:
    """One counter of the tree.

    Attributes:
        path: its folder.
        of: its device, as a path such as `host/package-0/dram`.
        scope: what it covers.
        skipped: why it is not counted; empty when it is.
    """

    path: Path
    of: str
    scope: Scope
    skipped: str = ""

    @property
    def counter(self) -> Path:
        """Return the file that holds the energy, in microjoules."""
        return self.path / "energy_uj"


def find_zones(root: Path) -> list[Zone]:
    """Return every zone below a powercap root, the counted ones first.

    Zones are found whether they lie side by side or inside one another.

    Raises:
        OSError: the root cannot be listed.
    """
    found = [*root.iterdir(), *root.glob("*rapl*/*rapl*")]
    found += root.glob("*rapl*/*rapl*/*rapl*")
    folders = {folder.name: folder for folder in reversed(found)}
    names = {
        name: _zone_name(folder)
        for name, folder in sorted(folders.items())
        if _ZONE.match(name)
    }
    zones = [_zone(name, folders[name], names) for name in names]
    return sorted(_without_overlap(zones), key=lambda zone: (zone.skipped, zone.of))


def _zone_name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="utf-8").strip()
    except OSError:
        return folder.name


def _zone(name: str, path: Path, names: dict[str, str]) -> Zone:
    """Say what one zone covers, from its own name and its parent's."""
    label = names[name]
    parent = names.get(name.rpartition(":")[0], "")
    if label.startswith("package"):
        return Zone(path, f"host/{label}", Scope.PACKAGE)
    if label == "dram":
        return Zone(path, f"host/{parent or 'package'}/dram", Scope.DRAM)
    if label == "psys":
        return Zone(path, "host", Scope.NODE)
    where = f"host/{parent}/{label}" if parent else f"host/{label}"
    return Zone(path, where, Scope.CHIP, "lies inside its package")


def _without_overlap(zones: Sequence[Zone]) -> list[Zone]:
    """Mark twins of a package and a platform above packages as skipped."""
    has_package = any(zone.scope is Scope.PACKAGE for zone in zones)
    seen: set[str] = set()
    result = []
    for zone in sorted(zones, key=lambda zone: _TWIN_CONTROL in zone.path.name):
        skipped = zone.skipped
        if not skipped and zone.of in seen:
            skipped = "second view of a zone that is already counted"
        elif not skipped and zone.scope is Scope.NODE and has_package:
            skipped = "holds the packages that are already counted"
        if not skipped:
            seen.add(zone.of)
        result.append(Zone(zone.path, zone.of, zone.scope, skipped))
    return result
