"""A counter followed from reading to reading, and why a window of it tells nothing.

A device that is on draws power, so its counter moves at every refresh. One that keeps
its value over several refreshes does not count; one that kept it over a shorter window
was not refreshed in it. Neither says that nothing was used: energy that nobody counted
is unknown, never 0 J.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hitl_sim.energy.meters.constant import meter_constants
from hitl_sim.unit import S_PER_NS

LONGER = "measure for longer"
"""Remedy of a window that is too short for its meter; more work mends it."""
_OLDEST = 10.0
"""How much older than its reading a counter may be, in refreshes."""


def why_still(elapsed_s: float, update_period_s: float) -> str:
    """Say why a counter that did not move in a window, s, tells no energy."""
    if elapsed_s > _longest_rest_s(update_period_s):
        return _stood_still(elapsed_s)
    return f"the counter did not move in the window's {elapsed_s:.3g} s: {LONGER}"


@dataclass
class Watch:
    """A counter's total since its first reading, and what to distrust of it.

    Each reading adds what was counted since the last, modulo the range: right as long
    as the counter cannot have gone round in between. Steps that were too long for that,
    or that hold more power than is plausible (the counter was reset, not wrapped), are
    remembered, and so are stretches in which it stood still for too long: no window
    that holds one is trusted.

    Attributes:
        update_period_s: time between the counter's refreshes, s.
        range_j: value at which it starts again, J; infinite where it does not.
        max_w: highest plausible power, W.
    """

    update_period_s: float
    range_j: float = math.inf
    max_w: float = math.inf
    _raw: float | None = None
    _at_ns: int = 0
    _moved_ns: int = 0
    _total: float = 0.0
    _flaws: list[tuple[int, str]] = field(default_factory=list)
    _rests: dict[int, int] = field(default_factory=dict)

    def add(self, raw: float, at_ns: int) -> float:
        """Return the total with one more reading of the counter, both J."""
        if self._raw is None:
            self._total = raw
        else:
            step = (raw - self._raw) % self.range_j
            flaw = self._flaw(step, (at_ns - self._at_ns) * S_PER_NS)
            if flaw:
                self._flaws.append((at_ns, flaw))
            self._total += step
        if raw != self._raw:
            self._moved_ns = at_ns
        elif self._is_long(self._moved_ns, at_ns):
            self._rests[self._moved_ns] = at_ns
        self._raw, self._at_ns = raw, at_ns
        return self._total

    def flaw(self, start_ns: int, end_ns: int) -> str:
        """Return why the counter is not to be trusted between two readings, or ''."""
        for at_ns, text in self._flaws:
            if start_ns < at_ns <= end_ns:
                return text
        for since, until in self._rests.items():
            begin, end = max(since, start_ns), min(until, end_ns)
            if self._is_long(begin, end):
                return _stood_still((end - begin) * S_PER_NS)
        return ""

    def forget(self, before_ns: int) -> None:
        """Drop what was remembered of an earlier time."""
        self._flaws = [flaw for flaw in self._flaws if flaw[0] >= before_ns]
        self._rests = {a: b for a, b in self._rests.items() if b >= before_ns}

    def _flaw(self, step: float, elapsed_s: float) -> str:
        limit_s = self.range_j / self.max_w if math.isfinite(self.range_j) else math.inf
        if elapsed_s > limit_s:
            return (
                f"nobody read the counter for {elapsed_s:.0f} s and it may go round in"
                f" {limit_s:.0f} s; measure in shorter windows and add them"
            )
        if step > self.max_w * (elapsed_s + _OLDEST * self.update_period_s):
            return (
                f"the counter jumped by {step:.0f} J in {elapsed_s:.3g} s, more than"
                f" {self.max_w:.0f} W: it was reset"
            )
        return ""

    def _is_long(self, since_ns: int, until_ns: int) -> bool:
        limit_s = _longest_rest_s(self.update_period_s)
        return (until_ns - since_ns) * S_PER_NS > limit_s


def _longest_rest_s(update_period_s: float) -> float:
    """Return how long a counter that works may keep its value, s."""
    stuck = meter_constants().stuck
    return max(stuck.updates * update_period_s, stuck.least_s)


def _stood_still(elapsed_s: float) -> str:
    return (
        f"the counter stood still for {elapsed_s:.3g} s, in which a device that is on"
        " uses energy: it does not work"
    )
