"""Which zones of a powercap tree to count, so that nothing is counted twice.

A tree lists packages, their sub-zones (cores, graphics, memory) and perhaps the whole
platform; some machines list each package twice, through two control types. Counted are
each package once and its memory; cores and graphics lie inside the package, and the
platform holds everything, so it counts only where no package is listed.

What a zone is, its name says; the number of its folder is no package number. Two zones
of one name under two control types are twins. Two of one name under one control type,
or several dies of one package, are different counters unless they always stand at the
same number, which only readings can tell (`mirrored`).
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hitl_sim.energy.meters.sensor import Plausible, meter_constants
from hitl_sim.energy.quantity import Scope
from hitl_sim.unit import W_PER_MICROWATT

_ZONE = re.compile(r"^(?P<control>[a-z-]*rapl[a-z-]*)((:\d+)+)$")
_DIE = re.compile(r"^host/(?P<package>package-\d+)(-die-\d+|@[^/]*)?(?P<part>/dram)?$")
_TWIN_CONTROL = "mmio"
_STATED = ("constraint_*_max_power_uw", "constraint_*_power_limit_uw")


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

    @property
    def range(self) -> Path:
        """Return the file that holds where the counter starts again, in microjoules."""
        return self.path / "max_energy_range_uj"


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


def mirrored(
    zones: Sequence[Zone],
    first: Mapping[str, float],
    last: Mapping[str, float],
    tolerance_j: float,
) -> dict[str, str]:
    """Find zones that repeat another one: the dies of some processors do.

    Args:
        zones: zones that are counted.
        first: their counters at one moment, J.
        last: their counters at a later one, J.
        tolerance_j: what one counter may gain between two readings of one moment, J.

    Returns:
        The zone that each repeats, by path: same package and same part, and the same
        absolute counter at both moments, in between which it moved. Different packages
        are never taken for one.
    """
    result: dict[str, str] = {}
    originals: dict[tuple[str, str], list[str]] = {}
    for zone in zones:
        match = _DIE.match(zone.of)
        if match is None or first[zone.of] == last[zone.of]:
            continue
        others = originals.setdefault((match["package"], match["part"] or ""), [])
        same = [
            other
            for other in others
            if abs(first[other] - first[zone.of]) <= tolerance_j
            and abs(last[other] - last[zone.of]) <= tolerance_j
        ]
        if same:
            result[zone.of] = same[0]
        else:
            others.append(zone.of)
    return result


def _zone_name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="utf-8").strip()
    except OSError:
        return folder.name


def _zone(name: str, path: Path, names: Mapping[str, str]) -> Zone:
    """Say what one zone covers, from its own name and its parent's."""
    label = names[name]
    parent_name = name.rpartition(":")[0]
    parent = _place(parent_name, names) if parent_name in names else ""
    if label.startswith("package"):
        return Zone(path, f"host/{_place(name, names)}", Scope.PACKAGE)
    if label == "dram":
        return Zone(path, f"host/{parent or 'package'}/dram", Scope.DRAM)
    if label == "psys":
        return Zone(path, "host", Scope.NODE)
    where = f"host/{parent}/{label}" if parent else f"host/{label}"
    return Zone(path, where, Scope.CHIP, "lies inside its package")


def _place(name: str, names: Mapping[str, str]) -> str:
    """Return a zone's name, with its folder where its control type repeats the name."""
    control, label = name.partition(":")[0], names[name]
    same = [n for n in names if names[n] == label and n.partition(":")[0] == control]
    is_repeat = label.startswith("package") and same.index(name) > 0
    return f"{label}@{name.replace(':', '.')}" if is_repeat else label


def _without_overlap(zones: Sequence[Zone]) -> list[Zone]:
    """Mark twins of a package and a platform above packages as skipped."""
    has_package = any(zone.scope is Scope.PACKAGE for zone in zones)
    seen: set[str] = set()
    result = []
    for zone in sorted(zones, key=lambda zone: _TWIN_CONTROL in zone.path.name):
        why = ""
        if not zone.skipped and zone.of in seen:
            why = "second view of a zone that is already counted"
        elif not zone.skipped and zone.scope is Scope.NODE and has_package:
            why = "holds the packages that are already counted"
        elif not zone.skipped:
            seen.add(zone.of)
        result.append(replace(zone, skipped=why or zone.skipped))
    return result


def highest_power_w(zone: Zone) -> float:
    """Return the power above which a zone's counter was reset rather than wrapped, W.

    It is the shipped limit of the zone's scope, or what the zone states as its own
    highest power or limit where that is more. A statement far above the limit (some
    firmware fills the field with ones) says nothing and is left out.
    """
    plausible = meter_constants().rapl.plausible
    limit: Plausible = getattr(plausible, zone.scope.value)
    beyond = plausible.beyond * limit.max_w
    stated = (watts for watts in _stated_w(zone) if watts <= beyond)
    return max(limit.max_w, *stated, 0.0)


def _stated_w(zone: Zone) -> list[float]:
    """Return the powers that a zone states; none where its files hold no number."""
    watts = []
    for pattern in _STATED:
        for path in sorted(zone.path.glob(pattern)):
            with contextlib.suppress(OSError, ValueError):
                watts.append(int(path.read_text(encoding="ascii")) * W_PER_MICROWATT)
    return watts
