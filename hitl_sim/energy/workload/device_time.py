"""From operations, or from hours, to device seconds and joules.

    seconds = operations / (peak of the precision * utilisation)
    joules  = seconds * watts while computing

Watts are those of the profile while arithmetic is busy, with their interval, unless
some are stated. Where hours are known instead, the device computes for a share of them
and idles for the rest.
"""

from dataclasses import replace

from hitl_sim.energy.profile import DeviceProfile
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact
from hitl_sim.energy.work import FALLBACK, UnitCost
from hitl_sim.unit import S_PER_H

PRECISIONS = {
    "float32": FALLBACK,
    "tf32": f"{FALLBACK} default",
    "bfloat16": "bfloat16",
    "float16": "float16",
    "float8": "float8",
    "int8": "int8",
}
"""Peak of a profile by the precision that a description names."""


def peak(profile: DeviceProfile, precision: str, field: str = "precision") -> Quantity:
    """Return how fast a device multiplies at best, FLOP/s.

    Args:
        profile: the device.
        precision: of the products, a key of `PRECISIONS`.
        field: what messages call it.

    Raises:
        ValueError: the device lists no peak for that precision.
    """
    listed = [p for p, name in PRECISIONS.items() if name in profile.peak_flop_per_s]
    if precision not in listed:
        names = ", ".join(map(repr, listed))
        raise ValueError(
            f"`{field}` must be one that {profile.name} has ({names}), got"
            f" {precision!r}."
        )
    name = PRECISIONS[precision]
    constant = profile.peak_flop_per_s[name]
    what = f"profile {profile.label}, peak_flop_per_s.{name}"
    return constant.quantity("FLOP/s", Scope.CONSTANT, what, of=profile.name)


def busy_power(profile: DeviceProfile, watts: Quantity | None = None) -> Quantity:
    """Return the power of a device while it computes, W; stated watts go first."""
    if watts is not None:
        return watts
    what = f"profile {profile.label}, active_w"
    scope = Scope(profile.scope)
    return profile.active_w.quantity("W", scope, what, of=profile.name)


def cost_of_operations(
    flop: float,
    profile: DeviceProfile,
    precision: str,
    utilisation: Quantity,
    watts: Quantity | None = None,
) -> UnitCost:
    """Return device seconds and joules of counted operations.

    Args:
        flop: operations; > 0.
        profile: the device.
        precision: of the products, a key of `PRECISIONS`.
        utilisation: share of the peak that they reach; in (0, 1].
        watts: while computing, W; those of the profile where None.

    Raises:
        ValueError: the device has no such precision, or the utilisation is out of
            range.
    """
    check_share(utilisation, "utilisation")
    source, kind = "counted operations", Kind.MODELLED_ANALYTIC
    work = exact(flop, "FLOP", kind, Scope.CONSTANT, source, of=profile.name)
    rate = peak(profile, precision).times(utilisation, unit="FLOP/s")
    seconds = work.over(rate, unit="s", scope=Scope.DEVICE_TIME)
    return UnitCost(seconds, _joules(seconds, profile, watts))


def check_share(share: Quantity, name: str) -> None:
    """Refuse a share that is not above 0 and at most 1 with its whole interval.

    Raises:
        ValueError: it is not; the message has its name.
    """
    ends = [share.value, *(share.interval or ())]
    outside = [end for end in ends if not isinstance(end, float) or not 0.0 < end <= 1]
    if outside:
        raise ValueError(f"`{name}` must be > 0 and at most 1, got {outside[0]:g}.")


def cost_of_hours(
    hours: Quantity,
    profile: DeviceProfile,
    busy: Quantity | None = None,
    watts: Quantity | None = None,
) -> UnitCost:
    """Return seconds and joules of hours that devices were held.

    Args:
        hours: device-hours, all devices together, h.
        profile: the device.
        busy: share of them in which it computes; all of them where None.
        watts: while computing, W; those of the profile where None.
    """
    seconds = replace(hours.scaled(S_PER_H, unit="s"), of=profile.name)
    if busy is None:
        return UnitCost(seconds, _joules(seconds, profile, watts))
    computing = seconds.times(busy, unit="s")
    idle_share = exact(1.0, "1", Kind.ASSUMED, Scope.CONSTANT, "a whole") - busy
    idle = seconds.times(idle_share, unit="s")
    waiting = idle.times(profile.idle_power, unit="J", scope=Scope(profile.scope))
    return UnitCost(seconds, _joules(computing, profile, watts) + waiting)


def _joules(
    seconds: Quantity, profile: DeviceProfile, watts: Quantity | None
) -> Quantity:
    power = busy_power(profile, watts)
    return seconds.times(power, unit="J", scope=Scope(profile.scope))
