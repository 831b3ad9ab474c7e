"""Queries over a model's life from which a method pays back.

A method takes ΔE joules of training beyond the control's and saves δ joules in every
query. Over a life of Q queries an arm's bill less the control's is

    net(Q) = ΔE - δ Q

so it pays back from Q* = ΔE / δ queries on if both are positive, never if nothing is
saved per query, at any Q if training costs no more. Training that is cheaper with
queries that are dearer pays only up to Q*. The same in money and carbon.

References:
    Fieller (1954), Some problems in interval estimation, Journal of the Royal
    Statistical Society B 16(2), 175-185 (the set of Q* that the runs do not rule out).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.estimate import Estimate, infinite, unknown
from hitl_sim.analysis.chance.fieller import RatioSet, Shape, fieller
from hitl_sim.analysis.chance.interval import MIN_REPLICATES, UPPER
from hitl_sim.analysis.condition.break_even import payback_of, quotient
from hitl_sim.energy import Quantity, Scope, unavailable


@dataclass(frozen=True)
class LifePayback:
    """From how many queries on a method pays back.

    Attributes:
        queries: Q*; infinite where it is "never". Its quantity's interval is what the
            device's constants leave open, low and high are the ends that the runs do:
            those of Fieller's set, or of any Q from 0 on where that has a gap.
        payback: on which side of Q* it pays.
        is_undetermined: whether the runs leave the sign of what a query saves open, so
            that "never" cannot be told from Q*.
    """

    queries: Estimate
    payback: Payback
    is_undetermined: bool


def find_life_payback(
    extra: Quantity,
    saved: Quantity,
    extra_by_run: npt.ArrayLike,
    saved_by_run: npt.ArrayLike,
) -> LifePayback:
    """Find Q* with its intervals.

    Args:
        extra: ΔE, training beyond the control's, such as J.
        saved: δ, saved in each query, in the same unit.
        extra_by_run: `[R]` the same run by run, arm and control paired.
        saved_by_run: `[R]` likewise.

    Returns:
        The payback; unknown where either number is not known.

    Raises:
        ValueError: units differ, or the runs of the two do.
    """
    if extra.unit != saved.unit:
        raise ValueError(f"`saved` must be in {extra.unit}, got {saved.unit}.")
    above = np.asarray(extra_by_run, np.float64)
    below = np.asarray(saved_by_run, np.float64)
    if above.shape != below.shape or above.ndim != 1:
        raise ValueError(
            f"`saved_by_run` must be of the same runs as `extra_by_run`, got"
            f" {below.shape} and {above.shape}."
        )
    runs = fieller(above, below)
    low, high = _interval(below)
    if not (extra.is_known and saved.is_known):
        missing = extra if saved.is_known else saved
        gap = unknown(unavailable("1", Scope.CONSTANT, missing.reason))
        return LifePayback(gap, Payback.UNKNOWN, is_undetermined=True)
    payback = payback_of(float(extra.value or 0.0), float(saved.value or 0.0))
    return LifePayback(
        _queries(payback, extra, saved, runs),
        payback,
        is_undetermined=low <= 0.0 <= high and low < high,
    )


def _queries(
    payback: Payback, extra: Quantity, saved: Quantity, runs: RatioSet
) -> Estimate:
    """Divide, with the ends that the runs leave."""
    is_interval = runs.shape is Shape.INTERVAL
    low = max(runs.low, 0.0) if is_interval else 0.0
    high = max(runs.high, 0.0) if is_interval else math.inf
    if payback is Payback.NEVER:
        return infinite("1", Scope.CONSTANT, "no query saves anything", low)
    if payback is Payback.ALWAYS:
        nothing = extra.scaled(0.0)
        return Estimate(quotient(nothing, saved), 0.0, high)
    sign = -1.0 if payback is Payback.UP_TO else 1.0
    return Estimate(quotient(extra.scaled(sign), saved.scaled(sign)), low, high)


def _interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return Student's 95 % interval of a mean; any number with too few runs."""
    num = len(values)
    if num < MIN_REPLICATES or not np.isfinite(values).all():
        return -math.inf, math.inf
    half = stdtrit(num - 1, UPPER) * float(values.std(ddof=1)) / math.sqrt(num)
    return float(values.mean()) - half, float(values.mean()) + half
