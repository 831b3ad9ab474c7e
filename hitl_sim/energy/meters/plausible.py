"""The highest power that a processor zone is believed to draw."""

from __future__ import annotations

import contextlib

from hitl_sim.energy.meters.constant import Plausible, meter_constants
from hitl_sim.energy.meters.zones import Zone
from hitl_sim.energy.quantity import Scope
from hitl_sim.unit import W_PER_MICROWATT

_STATED = ("constraint_*_max_power_uw", "constraint_*_power_limit_uw")


def highest_power_w(zone: Zone) -> float:
    """Return the power above which a zone's counter was reset rather than wrapped, W.

    It is the shipped limit of the zone's scope, or what the zone states as its own
    highest power or limit where that is more. A statement far above the limit (some
    firmware fills the field with ones) says nothing and is left out.
    """
    limit = _shipped(zone.scope)
    beyond = meter_constants().rapl.plausible.beyond * limit.max_w
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


def _shipped(scope: Scope) -> Plausible:
    plausible = meter_constants().rapl.plausible
    if scope is Scope.DRAM:
        return plausible.dram
    return plausible.node if scope is Scope.NODE else plausible.package
