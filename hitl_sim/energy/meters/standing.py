"""Counters that stand still: energy that nobody counted is unknown, never 0 J.

A device that is on draws power, so its counter moves at every refresh. One that keeps
its value over several refreshes does not count; one that kept it over a shorter window
was not refreshed in it. Neither says that nothing was used.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hitl_sim.energy.meters.constant import meter_constants
from hitl_sim.unit import S_PER_NS

LONGER = "measure for longer"
"""Remedy of a window that is too short for its meter; more work mends it."""


def longest_rest_s(update_period_s: float) -> float:
    """Return how long a counter that works may keep its value, s.

    Args:
        update_period_s: time between its refreshes, s.
    """
    standing = meter_constants().standing
    return max(standing.updates * update_period_s, standing.least_s)


def why_still(elapsed_s: float, update_period_s: float) -> str:
    """Say why a counter that did not move over a window tells no energy.

    Args:
        elapsed_s: length of the window, s.
        update_period_s: time between the counter's refreshes, s.
    """
    if elapsed_s > longest_rest_s(update_period_s):
        return _stood_still(elapsed_s)
    return f"the counter did not move in the window's {elapsed_s:.3g} s: {LONGER}"


@dataclass
class Standing:
    """When a counter last moved, and where it stood still for too long.

    Attributes:
        update_period_s: time between its refreshes, s.
    """

    update_period_s: float
    _last: float | None = None
    _moved_ns: int = 0
    _rests: list[tuple[int, int]] = field(default_factory=list)

    def see(self, counter: float, at_ns: int) -> None:
        """Take one more reading.

        Args:
            counter: the counter, J.
            at_ns: when it was read, ns.
        """
        if counter != self._last:
            self._last, self._moved_ns = counter, at_ns
            return
        if self._rests and self._rests[-1][0] == self._moved_ns:
            self._rests.pop()
        if self._is_long(self._moved_ns, at_ns):
            self._rests.append((self._moved_ns, at_ns))

    def flaw(self, start_ns: int, end_ns: int) -> str:
        """Return why the counter is not to be trusted between two times, or ''."""
        for since, until in self._rests:
            begin, end = max(since, start_ns), min(until, end_ns)
            if self._is_long(begin, end):
                return _stood_still((end - begin) * S_PER_NS)
        return ""

    def forget(self, before_ns: int) -> None:
        """Drop what was remembered of an earlier time."""
        self._rests = [rest for rest in self._rests if rest[1] >= before_ns]

    def _is_long(self, since_ns: int, until_ns: int) -> bool:
        limit_s = longest_rest_s(self.update_period_s)
        return (until_ns - since_ns) * S_PER_NS > limit_s


def _stood_still(elapsed_s: float) -> str:
    return (
        f"the counter stood still for {elapsed_s:.3g} s, in which a device that is on"
        " uses energy: it does not work"
    )
