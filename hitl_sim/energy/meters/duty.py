"""Sensors that look at the power a part of the time only.

Such a sensor averages the power over the last part, `seen_frac`, of each refresh period
T and takes that for all of it. Power in the rest may differ. Let S be the span of power
that the load moves in, and let the mean power of the rest and of the part that is seen
both lie anywhere in it: the difference has the variance S**2 / 6, and a window of n
periods misses `(1 - seen_frac) * T * S * sqrt(n / 6)` in one standard deviation. S is
the largest difference of the samples, and at least the window's mean power, since
changes at the pace of the sensor show in no sample. Whether an energy counter inherits
this is documented nowhere, so its interval holds it too.

A load that repeats at exactly the pace of the sensor is misread by the same amount in
every period; that no interval over independent periods covers.
"""

from __future__ import annotations

import math
import re

from hitl_sim.energy.meters.constant import Duty, meter_constants
from hitl_sim.energy.meters.power import PowerTotal
from hitl_sim.energy.meters.sensor import TO_95
from hitl_sim.energy.quantity import Scope


def duty_of(name: str) -> Duty | None:
    """Return how much of the time a board's sensor looks; `None` where it is all.

    Args:
        name: the board's model, as its driver gives it.
    """
    words = _words(name)
    known = meter_constants().nvml_duty
    return next((duty for duty in known if words & set(duty.names)), None)


def counter_scope(name: str) -> Scope:
    """Return what the energy counter of a board covers.

    Args:
        name: the board's model, as its driver gives it.
    """
    is_module = _words(name) & set(meter_constants().nvml_module.names)
    return Scope.MODULE if is_module else Scope.BOARD


def unseen_j(
    duty: Duty | None,
    joules: float,
    elapsed_s: float,
    samples: PowerTotal | None,
) -> float:
    """Return the 95 % half-width of what a sensor did not look at, J.

    Args:
        duty: how much of the time it looks.
        joules: energy of the window, J.
        elapsed_s: its length, s.
        samples: samples of power up to its end, if any were taken.

    References:
        Yang, Adamek and Armour (2024), Accurate and convenient energy measurements for
        GPUs, SC'24, arXiv 2312.02741: which boards look at which part; this module for
        the derivation.
    """
    if duty is None or not elapsed_s > 0:
        return 0.0
    span_w = joules / elapsed_s
    if samples is not None:
        span_w = max(span_w, samples.most_w - samples.least_w)
    num_periods = max(1.0, elapsed_s / duty.period_s)
    rest_s = (1.0 - duty.seen_frac) * duty.period_s
    return TO_95 * rest_s * span_w * math.sqrt(num_periods / 6.0)


def _words(name: str) -> set[str]:
    return set(re.split(r"[^A-Za-z0-9]+", name))
