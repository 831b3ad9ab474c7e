"""Two views of one device: its counter, and its power integrated."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from hitl_sim.energy.error import Error, merge_errors
from hitl_sim.energy.meters.backend import Check, Snapshot
from hitl_sim.energy.meters.constant import Accuracy, Duty, meter_constants
from hitl_sim.energy.meters.counter import counter_energy
from hitl_sim.energy.meters.power import PowerTotal, sampled_energy
from hitl_sim.energy.meters.sensor import is_gain, unseen_j
from hitl_sim.energy.meters.watch import LONGER
from hitl_sim.energy.quantity import Quantity, Scope, unavailable
from hitl_sim.unit import S_PER_NS

_LONG_GAP_S = 1.0
_RESET = "the energy counter fell: the driver was loaded again"


@dataclass(frozen=True)
class Sensor:
    """A device that has a counter, a power reading, or both.

    Attributes:
        of: its path.
        scope: what both cover.
        backend: which backend reads it.
        counter: error and pace of the counter.
        power: error and pace of the power reading.
        averaging_s: span over which the power reading averages, s.
        duty: how much of the time the sensor behind both looks; `None` for all.
    """

    of: str
    scope: Scope
    backend: str
    counter: Accuracy
    power: Accuracy
    averaging_s: float = 0.0
    duty: Duty | None = None


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
    sampled = None
    if first is None or last is None or first.began_ns != last.began_ns:
        first = last = None
    else:
        sampled = sampled_energy(
            first,
            last,
            scope=sensor.scope,
            of=of,
            backend=sensor.backend,
            accuracy=sensor.power,
            averaging_s=sensor.averaging_s,
            unseen_j=unseen_j(
                sensor.duty,
                last.joules - first.joules,
                (last.at_ns - first.at_ns) * S_PER_NS,
                last.most_w - last.least_w,
            ),
        )
    if not (of in start.joules and of in end.joules):
        return compare_views(of, None, sampled, last)
    joules = end.joules[of] - start.joules[of]
    num_falls = 0
    if first is not None and last is not None:
        num_falls = last.num_falls - first.num_falls
    if joules < 0 or num_falls > 0:
        return Check(of, "reset", _RESET, None, sampled)
    if flaw:
        return Check(of, "still", flaw, None, sampled)
    counter = counter_energy(
        joules,
        start,
        end,
        scope=sensor.scope,
        of=of,
        backend=sensor.backend,
        accuracy=sensor.counter,
        edge_w=None if first is None or last is None else (first.watts, last.watts),
        unseen_j=unseen_j(
            sensor.duty,
            joules,
            (end.before_ns - start.before_ns) * S_PER_NS,
            0.0 if last is None else last.most_w - last.least_w,
        ),
    )
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
