"""How a counter's difference becomes a number with an interval.

A counter shows the energy up to its last refresh. A window from s to e therefore reads

    measured = gain * (truth + P_s * a_s - P_e * a_e)

where a_s and a_e, the ages of the refreshes seen at its two ends, are independent and
uniform over [0, T] (T is the update period and the duration of a reading), P_s is the
power just before the window and P_e the power just before its end. So truth - measured
has, from its edges, the mean (P_e - P_s) * T / 2 and the variance
(P_s**2 + P_e**2) * T**2 / 12, which is (P * T)**2 / 6 for steady power P. The ends are
the mean -+ 1.96 standard deviations, within what is possible and never past the value.

Coverage: alone, the edges of a steady load are triangular, and +-1.96 standard
deviations hold 1 - (1 - 1.96 / sqrt(6))**2 = 96.0 % of them. The gain is taken as
normal with the stated 95 % half-width, so it holds 95 % alone. The two are independent
and add in quadrature; their sum lies between the two shapes, so its coverage lies
between 95 % and 96 %, and within 93 % to 97 % where one edge outweighs the other. A
load that starts with the window has P_s well below P_e; taking both edges at the mean
power would cover less, which is why a backend that can read power passes it.

A device that is on draws power, so its counter moves at every refresh. One that keeps
its value over several refreshes does not count; one that kept it over a shorter window
was not refreshed in it. Neither says that nothing was used: energy that nobody counted
is unknown, never 0 J.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hitl_sim.energy.error import Error
from hitl_sim.energy.meters.backend import Clock, Sleep, Snapshot
from hitl_sim.energy.meters.sensor import (
    LONGER,
    TO_95,
    Sensor,
    meter_constants,
    within,
)
from hitl_sim.energy.quantity import Kind, Quantity
from hitl_sim.unit import S_PER_NS

PROBE_LIMIT_S = 0.5
"""How long a probe waits for a counter to move; every known counter moves sooner."""
FELL = "the energy counter fell: the driver was loaded again"
_OLDEST = 10.0
"""How much older than its reading a counter may be, in refreshes."""


def counter_energy(
    sensor: Sensor,
    joules: float,
    start: Snapshot,
    end: Snapshot,
    edge_w: tuple[float, float] | None = None,
    swing_w: float = 0.0,
) -> Quantity:
    """Turn a counter's difference into joules with an interval.

    Independent errors: the sensor's gain, which all windows of the device share; the
    unknown age of the first and last refresh, which is the window's own (see this
    module for the derivation); and what a sensor may not have looked at.

    Args:
        sensor: whose counter it is.
        joules: difference of the readings, J; >= 0.
        start: reading at the beginning.
        end: reading at the end.
        edge_w: power just before the window and just before its end, W; default the
            mean power of the window at both, which is right for a steady load.
        swing_w: largest difference between samples of power in the window, W.

    Returns:
        The energy; unavailable where the counter did not move.
    """
    elapsed_s, pace_s = end.since(start), sensor.counter.update_period_s
    if not joules > 0:
        return sensor.lacks(why_still(elapsed_s, pace_s))
    mean_w = joules / elapsed_s if elapsed_s > 0 else 0.0
    start_w, end_w = (mean_w, mean_w) if edge_w is None else edge_w
    age_s = pace_s + max(start.reading_s, end.reading_s)
    # what an old refresh can hide at most, at either end
    start_j, end_j = start_w * age_s, end_w * age_s
    mean = (end_j - start_j) / 2
    spread = TO_95 * math.hypot(start_j, end_j) / math.sqrt(12.0)
    down = min(0.0, max(mean - spread, -start_j, -joules))
    up = max(0.0, min(mean + spread, end_j))
    kind = Kind.MEASURED_COUNTER
    label, at = sensor.label(kind), f"window at {start.before_ns} ns"
    unseen_j = sensor.unseen_j(joules, elapsed_s, swing_w)
    return sensor.energy(
        joules,
        kind,
        sensor.counter.relative_error,
        Error(f"{label}: {at}", down, up),
        within(f"{label}: not looked at, {at}", joules, unseen_j),
    )


def watch_counter(
    read: Callable[[], float],
    period_s: float,
    wrap: float = math.inf,
    clock: Clock = time.monotonic_ns,
    sleep: Sleep = time.sleep,
) -> float | None:
    """Read a counter, J, until it has moved twice, or for `PROBE_LIMIT_S`.

    Args:
        read: the counter.
        period_s: time between its moves where it is seen to move once only, s.
        wrap: where it starts again, J.
        clock: monotonic clock, ns.
        sleep: waits for some seconds.

    Returns:
        The time between its moves, s; `None` when it stood still.

    Raises:
        ValueError: the counter went backwards without a wrap.
    """
    begin, last = clock(), read()
    moves: list[int] = []
    while len(moves) < 2 and (clock() - begin) * S_PER_NS < PROBE_LIMIT_S:
        sleep(1e-3)
        now = read()
        if last - now > (0.0 if wrap == math.inf else wrap):
            raise ValueError(f"`counter` must not fall, got {last} J and then {now} J.")
        if now != last:
            moves.append(clock())
        last = now
    if len(moves) == 2:
        return (moves[1] - moves[0]) * S_PER_NS
    return period_s if moves else None


def why_still(elapsed_s: float, update_period_s: float) -> str:
    """Say why a counter that did not move in a window, s, tells no energy."""
    if elapsed_s > _longest_rest_s(update_period_s):
        return _stood_still(elapsed_s)
    return f"the counter did not move in the window's {elapsed_s:.3g} s: {LONGER}"


@dataclass
class Watch:
    """A counter's total since its first reading, and what to distrust of it.

    Each reading adds what was counted since the last, modulo the range: right as long
    as the counter cannot have gone round in between. Falls of a counter without range,
    steps that were too long for that or that hold more power than is plausible (the
    counter was reset, not wrapped), are remembered, and so are stretches in which it
    stood still for too long: no window that holds one is trusted.

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
        if step == math.inf:
            return FELL
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
    return float(max(stuck.updates * update_period_s, stuck.least_s))


def _stood_still(elapsed_s: float) -> str:
    return (
        f"the counter stood still for {elapsed_s:.3g} s, in which a device that is on"
        " uses energy: it does not work"
    )
