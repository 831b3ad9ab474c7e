"""A fitted number: value, interval, and whether answers or belief decided it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import SupportsFloat

from hitl_sim.participants.shrink import Prior

_Z = 1.959963984540054
# Less than half of the variance believed beforehand must be left.
_MOST_LEFT = 0.5


@dataclass(frozen=True)
class FittedNumber:
    """One number of a fitted crowd.

    Attributes:
        name: a parameter of `oracles.parameter`, or in words what no population has.
        value: the number; nan where it was not seen.
        low: lower end of the 95 % interval; nan where there is none.
        high: upper end.
        is_identified: whether the answers decide it.
        note: why not, or how.
        is_weak: whether they decide it from less than one would want.
    """

    name: str
    value: float
    low: float
    high: float
    is_identified: bool
    note: str
    is_weak: bool = False


def from_scale(
    name: str,
    centre: SupportsFloat,
    sd: SupportsFloat,
    prior: Prior,
    scale: Callable[[float], float] | None = None,
) -> FittedNumber:
    """Turn an estimate on a scale without bounds into a number.

    Args:
        name: of the number.
        centre: estimate on the scale.
        sd: its standard error there.
        prior: what was believed on the scale.
        scale: turns the scale into the number; None where it is the number.
    """
    turn = scale if scale is not None else float
    middle, error = float(centre), float(sd)
    low, high = sorted(float(turn(middle + side * _Z * error)) for side in (-1, 1))
    left = (error / prior.sd) ** 2
    is_identified = left < _MOST_LEFT
    note = ""
    if not is_identified:
        note = f"{min(left, 1.0):.0%} of the variance believed beforehand is left"
    return FittedNumber(name, float(turn(middle)), low, high, is_identified, note)


def not_seen(name: str, why: str) -> FittedNumber:
    """Return a number that the answers say nothing of."""
    nothing = float("nan")
    return FittedNumber(name, nothing, nothing, nothing, False, why)
