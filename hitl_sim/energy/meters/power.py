"""Joules from samples of power: the integral, and how wrong it may be.

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

from hitl_sim.energy.meters.constant import Accuracy
from hitl_sim.energy.meters.sensor import measured_energy, within
from hitl_sim.energy.meters.watch import LONGER
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import S_PER_NS

MIN_SAMPLES = 4
"""Fewer steps between samples than this give no interval, and so no energy."""


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
        counter: the energy counter at the last sample, J; `None` where there is none.
        num_falls: how often the counter fell so far.
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
    counter: float | None = None
    num_falls: int = 0
    longest_s: float = 0.0
    least_w: float = math.inf
    most_w: float = 0.0

    def then(
        self, at_ns: int, watts: float, counter: float | None, period_s: float
    ) -> PowerTotal:
        """Return the sums with one more sample.

        Args:
            at_ns: when it was taken, ns.
            watts: power, W; >= 0.
            counter: energy counter at that time, J.
            period_s: how often the sensor refreshes, s.
        """
        gap_s = (at_ns - self.at_ns) * S_PER_NS
        change = watts - self.watts
        shown = self.counter if counter is None else counter
        is_fall = (
            self.counter is not None and shown is not None and shown < self.counter
        )
        since_s = min(period_s, (at_ns - self.changed_ns) * S_PER_NS)
        return replace(
            self,
            at_ns=at_ns,
            watts=watts,
            joules=self.joules + gap_s * (watts + self.watts) / 2,
            variance=self.variance + (max(gap_s, since_s) * change) ** 2 / 3,
            num_steps=self.num_steps + (gap_s > 0),
            changed_ns=at_ns if change else self.changed_ns,
            counter=shown,
            num_falls=self.num_falls + is_fall,
            longest_s=max(self.longest_s, gap_s),
            least_w=min(self.least_w, watts),
            most_w=max(self.most_w, watts),
        )


def first_sample(at_ns: int, watts: float, counter: float | None) -> PowerTotal:
    """Return the sums at the first sample."""
    return PowerTotal(
        at_ns,
        at_ns,
        watts,
        changed_ns=at_ns,
        counter=counter,
        least_w=watts,
        most_w=watts,
    )


def sampled_energy(
    start: PowerTotal,
    end: PowerTotal,
    *,
    scope: Scope,
    of: str,
    backend: str,
    accuracy: Accuracy,
    averaging_s: float = 0.0,
    unseen_j: float = 0.0,
) -> Quantity:
    """Turn the samples between two moments into joules with an interval.

    Args:
        start: sums at the beginning.
        end: sums at the end.
        scope: what the sensor covers.
        of: its device.
        backend: which backend read it.
        accuracy: the sensor's error and pace.
        averaging_s: span over which the sensor averages, s; what it reports lags, by at
            most the whole change of power over that span.
        unseen_j: 95 % half-width of what the sensor did not look at, J.

    Returns:
        The energy; unavailable when there are too few samples to know its error, or
        all of them are 0 W.
    """
    num_steps = end.num_steps - start.num_steps
    if num_steps < MIN_SAMPLES:
        reason = (
            f"only {num_steps} samples of power: {LONGER} than {MIN_SAMPLES} samples"
        )
        return unavailable("J", scope, reason, of=of)
    joules = end.joules - start.joules
    if not joules > 0:
        reason = "power read 0 W all the time: the sensor tells nothing of a device"
        return unavailable("J", scope, f"{reason} that is on", of=of)
    elapsed_s = (end.at_ns - start.at_ns) * S_PER_NS
    fresh = min(float(num_steps), elapsed_s / accuracy.update_period_s)
    student = float(stdtrit(max(fresh - 1.0, 1.0), 0.975))
    sampling = student * math.sqrt(max(0.0, end.variance - start.variance))
    lag = averaging_s * (end.most_w - end.least_w)
    label = f"{backend} power of {of}"
    at = f"window at {start.at_ns} ns"
    others = (
        within(f"{label}: sampling, {at}", joules, sampling),
        within(f"{label}: lag of its average, {at}", joules, lag),
        within(f"{label}: not looked at, {at}", joules, unseen_j),
    )
    return measured_energy(
        joules,
        Kind.MEASURED_SAMPLED,
        scope,
        of,
        label,
        accuracy.relative_error,
        others,
    )
