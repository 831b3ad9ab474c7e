"""How often somebody may ask a server: a bucket that fills at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

MOST_KEPT = 20_000


class Rate(NamedTuple):
    """A limit.

    Attributes:
        per_s: requests a second, in the long run.
        burst: requests at once.
    """

    per_s: float
    burst: float


class Limiter:
    """Counts requests by whom they come from; the longest unseen are forgotten."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        """Take a limit and a clock, s."""
        self._rate, self._clock = rate, clock
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def allows(self, who: object) -> bool:
        """Say whether one more request is within the limit, and count it."""
        now = self._clock()
        left, seen = self._left.pop(who, (self._rate.burst, now))
        left = min(self._rate.burst, left + (now - seen) * self._rate.per_s)
        is_allowed = left >= 1.0
        self._left[who] = left - is_allowed, now
        if len(self._left) > MOST_KEPT:
            self._left.popitem(last=False)
        return is_allowed
