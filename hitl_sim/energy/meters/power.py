"""Joules from samples of power, alone and beside the counter of the same device.

Samples are joined by straight lines (trapezoids), so the integral over adjacent spans
adds up exactly and always lies between the least and the most power times the time.
Its error is estimated from the samples themselves. A sample that differs from the last
by d shows a change that came at an unknown moment in the g seconds before, uniform over
them: the integral is off by d * g times an age in [0, 1], so d**2 * g**2 / 3 is added
to the variance. g is the time between samples or, where the sensor repeats an old
value, the time since it last changed, at most its update period. So slow changes count
for little and jumps in full, and the few changes of a short window widen it as
Student's t does. Power that flickers faster than the sensor refreshes would by itself
need d**2 * g**2 / 2 (successive differences: von Neumann et al., 1941, Annals of
Mathematical Statistics 12(2)); `measure_coverage` mixes both kinds of load.

A load that repeats at exactly the pace of the samples would fool this estimate; samples
are therefore taken at random times. What the sensor itself does not see, nothing here
can find; that is what the comparison with the counter is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from scipy.special import stdtrit

from hitl_sim.energy.error import Error, merge_errors
from hitl_sim.energy.meters.backend import Check, Snapshot
from hitl_sim.energy.meters.counter import FELL, counter_energy
from hitl_sim.energy.meters.sensor import (
    LONGER,
    Sensor,
    is_gain,
    meter_constants,
    within,
)
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import S_PER_NS

MIN_SAMPLES = 4
"""Fewer steps between samples than this give no interval, and so no energy."""
_LONG_GAP_S = 1.0


@dataclass(frozen=True)
class PowerTotal:
    """Samples of one device's power up to a moment, as running sums.

    Attributes:
        began_ns: time of the first sample, ns; sums that began apart do not compare.
        at_ns: time of the last sample, ns.
        watts: its power, W.
        joules: integral so far, J.
        variance: variance of the integral so far, J**2.
        num_steps: steps between samples so far.
        changed_ns: when the power last changed, ns.
        longest_s: longest step so far, s.
        least_w: least power so far, W.
        most_w: most power so far, W.
    """

    began_ns: int
    at_ns: int
    watts: float
    joules: float = 0.0
    variance: float = 0.0
    num_steps: int = 0
    changed_ns: int = 0
    longest_s: float = 0.0
    least_w: float = math.inf
    most_w: float = 0.0

    def then(self, at_ns: int, watts: float, period_s: float) -> PowerTotal:
        """Return the sums with one more sample.

        Args:
            at_ns: when it was taken, ns.
            watts: power, W; >= 0.
            period_s: how often the sensor refreshes, s.
        """
        gap_s = (at_ns - self.at_ns) * S_PER_NS
        change = watts - self.watts
        since_s = min(period_s, (at_ns - self.changed_ns) * S_PER_NS)
        return replace(
            self,
            at_ns=at_ns,
            watts=watts,
            joules=self.joules + gap_s * (watts + self.watts) / 2,
            variance=self.variance + (max(gap_s, since_s) * change) ** 2 / 3,
            num_steps=self.num_steps + (gap_s > 0),
            changed_ns=at_ns if change else self.changed_ns,
            longest_s=max(self.longest_s, gap_s),
            least_w=min(self.least_w, watts),
            most_w=max(self.most_w, watts),
        )


def first_sample(at_ns: int, watts: float) -> PowerTotal:
    """Return the sums at the first sample."""
    return PowerTotal(
        at_ns, at_ns, watts, changed_ns=at_ns, least_w=watts, most_w=watts
    )


def sampled_energy(sensor: Sensor, start: PowerTotal, end: PowerTotal) -> Quantity:
    """Turn the samples between two moments into joules with an interval.

    Args:
        sensor: whose power was sampled.
        start: sums at the beginning.
        end: sums at the end.

    Returns:
        The energy; unavailable when there are too few samples to know its error, or
        all of them are 0 W.
    """
    num_steps = end.num_steps - start.num_steps
    accuracy = sensor.power or sensor.counter
    if num_steps < MIN_SAMPLES:
        few = f"only {num_steps} samples of power"
        return sensor.lacks(f"{few}: {LONGER} than {MIN_SAMPLES} samples")
    joules = end.joules - start.joules
    if not joules > 0:
        reason = "power read 0 W all the time: the sensor tells nothing of a device"
        return sensor.lacks(f"{reason} that is on")
    elapsed_s, swing_w = (end.at_ns - start.at_ns) * S_PER_NS, end.most_w - end.least_w
    fresh = min(float(num_steps), elapsed_s / accuracy.update_period_s)
    student = float(stdtrit(max(fresh - 1.0, 1.0), 0.975))
    halves = {
        "sampling": student * math.sqrt(max(0.0, end.variance - start.variance)),
        "lag of its average": sensor.averaging_s * swing_w,
        "not looked at": sensor.unseen_j(joules, elapsed_s, swing_w),
    }
    kind = Kind.MEASURED_SAMPLED
    label, at = sensor.label(kind), f"window at {start.at_ns} ns"
    others = (within(f"{label}: {k}, {at}", joules, j) for k, j in halves.items())
    return sensor.energy(joules, kind, accuracy.relative_error, *others)


def check_sensor(
    sensor: Sensor, start: Snapshot, end: Snapshot, flaw: str = ""
) -> Check:
    """Return both views of a device between two readings, compared.

    A counter that fell, between the readings or between samples in between, gives no
    energy, and neither does one that stood still, as its flaw says: the check is
    labelled `reset` or `still` and holds the sampled energy alone.
    """
    of = sensor.of
    first, last = start.power.get(of), end.power.get(of)
    sampled, edge_w, swing_w = None, None, 0.0
    if first is None or last is None or first.began_ns != last.began_ns:
        first = last = None
    else:
        sampled = sampled_energy(sensor, first, last)
        edge_w, swing_w = (first.watts, last.watts), last.most_w - last.least_w
    if not (of in start.joules and of in end.joules):
        return compare_views(of, None, sampled, last)
    joules = end.joules[of] - start.joules[of]
    if joules < 0 or flaw == FELL:
        return Check(of, "reset", FELL, None, sampled)
    if flaw:
        return Check(of, "still", flaw, None, sampled)
    counter = counter_energy(sensor, joules, start, end, edge_w, swing_w)
    if not counter.is_known:
        return Check(of, "still", counter.reason, None, sampled)
    return compare_views(of, counter, sampled, last)


def checked_energy(check: Check, scope: Scope, reason: str) -> Quantity:
    """Return the energy that a check leaves standing.

    Returns:
        The counter's energy, its interval widened to hold the other view where the two
        disagree; else the sampled energy; else unavailable, for a reason where neither
        could be read. A window that is too short for a counter that works is too short
        for power of the same sensor, too.
    """
    if check.counter is not None:
        return _with_both(check) if check.label == "suspect" else check.counter
    is_short = check.label == "still" and LONGER in check.note
    if check.sampled is not None and check.sampled.is_known and not is_short:
        return check.sampled
    if check.label in ("reset", "still"):
        reason = check.note
    elif check.sampled is not None:
        reason = check.sampled.reason
    return unavailable("J", scope, reason, of=check.of)


def compare_views(
    of: str,
    counter: Quantity | None,
    sampled: Quantity | None,
    samples: PowerTotal | None,
) -> Check:
    """Say whether counter and integrated power of one device tell the same.

    Both hang on one sensor, so its gain explains no difference between them. They are
    `suspect` when they differ by more than the tolerance and their other errors.
    """
    if counter is None or sampled is None or not sampled.is_known:
        note = "counter only" if counter is not None else "sampled power only"
        if counter is None and (sampled is None or not sampled.is_known):
            note = "neither counter nor sampled power"
        elif sampled is not None and sampled.reason:
            note = f"{note}: {sampled.reason}"
        return Check(of, "one view", note, counter, sampled)
    if samples is not None and samples.longest_s > _LONG_GAP_S:
        note = f"power was not sampled for {samples.longest_s:.1f} s"
        return Check(of, "gap", note, counter, sampled)
    by_counter, by_power = float(counter.value or 0.0), float(sampled.value or 0.0)
    relative = meter_constants().nvml_check.relative
    allowed = relative * max(by_counter, by_power) + math.hypot(
        _own_error(counter), _own_error(sampled)
    )
    note = f"counter {by_counter:.4g} J, integrated power {by_power:.4g} J"
    is_suspect = abs(by_counter - by_power) > allowed
    return Check(of, "suspect" if is_suspect else "agree", note, counter, sampled)


def _own_error(quantity: Quantity) -> float:
    """Return the half-width of all errors but the sensor's gain, J."""
    others = [e for e in quantity.errors or () if not is_gain(e)]
    return math.hypot(*(max(abs(float(e.low)), abs(float(e.high))) for e in others))


def _with_both(check: Check) -> Quantity:
    """Widen the counter's interval so that it holds the sampled energy too."""
    counter, sampled = check.counter, check.sampled
    if counter is None or sampled is None or counter.interval is None:
        raise ValueError(f"`check` must hold two views, got {check}.")
    value, other = float(counter.value or 0.0), float(sampled.value or 0.0)
    gap = other - value
    low, high = counter.interval
    error = Error(f"{check.of}: counter and power disagree", min(gap, 0), max(gap, 0))
    return replace(
        counter,
        interval=(min(low, other), max(high, other)),
        errors=merge_errors((*(counter.errors or ()), error)),
        source=f"{counter.source} (suspect: {check.note})",
    )
