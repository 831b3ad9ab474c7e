"""Devices that others use too: nothing is attributed unless a share is declared."""

from __future__ import annotations

from collections.abc import Mapping

from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact, unavailable

Shares = Mapping[str, float | Quantity]


def checked_shares(shares: Shares) -> dict[str, Quantity]:
    """Return declared shares as quantities.

    Args:
        shares: by device path, the fraction of its energy that is this program's; 1 for
            a device that is known to be used by nothing else. A number is assumed to
            be exact; a quantity brings its own interval.

    Raises:
        ValueError: a share is not in (0, 1].
    """
    result = {}
    for of, share in shares.items():
        value = share.value if isinstance(share, Quantity) else share
        if not isinstance(value, float | int) or not 0 < value <= 1:
            raise ValueError(f"`share` of {of} must be in (0, 1], got {value}.")
        result[of] = share if isinstance(share, Quantity) else _assumed(of, share)
    return result


def _assumed(of: str, share: float) -> Quantity:
    source = f"declared share of {of}"
    return exact(share, "1", Kind.ASSUMED, Scope.CONSTANT, source)


def attribute(
    energy: Quantity, sharers: Mapping[str, str], shares: Mapping[str, Quantity]
) -> Quantity:
    """Return what is this program's of the energy of a whole device.

    Args:
        energy: of the device.
        sharers: who else uses a device, in words, where somebody does.
        shares: declared shares, by the device's path or one above it.

    Returns:
        The energy times the declared share; without one, as it is where nobody else
        uses the device, and unavailable otherwise.
    """
    share = _nearest(energy.of, shares)
    if share is not None:
        is_whole = share.value == 1.0 and share.interval in (None, (1.0, 1.0))
        return energy if is_whole else energy.times(share, unit=energy.unit)
    who = sharers.get(energy.of)
    if who is None or energy.value is None:
        return energy
    reason = f"the device is shared ({who}): declare this program's share of it"
    return unavailable(energy.unit, energy.scope, reason, of=energy.of)


def _nearest(of: str, shares: Mapping[str, Quantity]) -> Quantity | None:
    """Return the share declared for a path, or for the closest one above it."""
    while of:
        if of in shares:
            return shares[of]
        of = of.rpartition("/")[0]
    return None
