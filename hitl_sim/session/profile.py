"""What a unit of work cost in a session's windows, as a profile of its device.

Records count work; a profile turns it into seconds and joules. The profile of a session
is that of the device that it names, with what its own windows measured in the place of
the analytic rule. Windows of all runs are pooled: a unit costs what it costs, whichever
arm does it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hitl_sim.energy import DeviceProfile, Kind, Quantity, Scope, total
from hitl_sim.energy.meters.sensor import TO_95
from hitl_sim.energy.profile import Constant, MeasuredCost

_LEAST = 1e-9
"""Lower end of an interval that would reach 0, as a share of its value."""


def measured_profile(
    base: DeviceProfile, runs: Sequence[Mapping[str, Any]]
) -> DeviceProfile:
    """Put what a session measured in the place of the analytic rule.

    Args:
        base: the device that the session names.
        runs: what each finished run measured, as its file in `sidecar/` holds it.

    Returns:
        A profile whose scope is that of its joules: where those of a processor, its
        memory and accelerators are added, that of the node, which then holds what was
        read of it and no more.
    """
    costs: dict[str, MeasuredCost] = {}
    scopes: set[Scope] = set()
    for name in dict.fromkeys(line["unit"] for run in runs for line in run["units"]):
        lines = [(run, line) for run in runs for line in run["units"]]
        own = [(run, line) for run, line in lines if line["unit"] == name]
        later = [(run, line) for run, line in own if not line["is_first_use"]]
        cost, covered = _cost(later or own, Scope(base.scope), is_first=not later)
        costs[name] = cost
        scopes |= covered
    if not costs:
        return base
    one = scopes == {Scope(base.scope)} or not scopes
    told = "measured" if scopes else "timed"
    return msgspec.structs.replace(
        base,
        name=f"{base.name}-session",
        description=f"{base.description}; units of work were {told} by the windows of "
        "a session",
        scope=base.scope if one else Scope.NODE.value,
        unit=costs,
    )


def _cost(
    lines: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    wanted: Scope,
    *,
    is_first: bool,
) -> tuple[MeasuredCost, set[Scope]]:
    """Find what one item of a unit took, and which scopes its joules cover."""
    items = sum(line["items"] for _, line in lines)
    hosts = sorted({str(run["where"]["host"]) for run, _ in lines})
    windows = sum(line["windows"] for _, line in lines)
    elapsed_s = sum(line["seconds"] for _, line in lines)
    how = f"{windows} windows of {elapsed_s:.3g} s in all on {', '.join(hosts)}"
    if is_first:
        how += ", first use included, for there are no others"
    seconds = _constant(
        elapsed_s / items,
        _half(lines, elapsed_s / items, items),
        Kind.MEASURED_COUNTER,
        f"{how}, by a monotonic clock",
    )
    joules = _joules([line for _, line in lines], wanted)
    if joules is None or joules.value is None:
        return MeasuredCost(seconds), set()
    each = joules.scaled(1.0 / items)
    low, high = each.interval or (each.value, each.value)
    value = float(each.value or 0.0)
    constant = Constant(
        value,
        max(float(low or 0.0), _LEAST * value),
        float(high or value),
        joules.kind.value,  # type: ignore[arg-type]
        f"{how}, by {joules.source}",
    )
    return MeasuredCost(seconds, constant), {part.scope for part in joules.parts}


def _half(
    lines: Sequence[tuple[object, Mapping[str, Any]]], rate: float, items: int
) -> float:
    """Return half a 95 % interval of seconds per item: that of a ratio of sums.

    References:
        Cochran (1977), Sampling techniques, section 6.3: the variance of a ratio.
    """
    tt, tn, nn = (sum(line["squares"][i] for _, line in lines) for i in range(3))
    rest = max(0.0, tt - 2.0 * rate * tn + rate * rate * nn)
    return TO_95 * math.sqrt(rest) / items


def _constant(value: float, half: float, kind: Kind, source: str) -> Constant:
    value = max(value, 1e-12)
    low = max(value - half, _LEAST * value)
    return Constant(value, low, value + half, kind.value, source)  # type: ignore[arg-type]


def _joules(lines: Sequence[Mapping[str, Any]], wanted: Scope) -> Quantity | None:
    """Add the joules of all devices that every run knows; None where there is none.

    Where readings overlap, such as a plug's and a processor's, those of the device's
    own scope are taken.
    """
    read = [[Quantity.from_json(one) for one in line["joules"]] for line in lines]
    known = [
        {q.of: q for q in found if q.is_known and q.kind >= Kind.MODELLED_CALIBRATED}
        for found in read
    ]
    if not known:
        return None
    shared = [of for of in known[0] if all(of in found for found in known)]
    by_device = [total(found[of] for found in known) for of in shared]
    if not by_device:
        return None
    try:
        return total(by_device)
    except ValueError:
        own = [q for q in by_device if q.scope is wanted]
        return total(own) if own else None
