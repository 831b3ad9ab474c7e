"""The best of many conditions, all judged at once.

The best of ten looks better than it is: of ten intervals of 95 % one misses in up to
half of studies. So what is claimed of the best is judged by an interval that holds for
all conditions at once. The largest studentised deviation over the conditions (max-t) is
drawn from the same resamples, which keep how conditions vary together, and its 95 %
point takes the place of Student's. Conditions that are the same run for run count once.

References:
    Westfall and Young (1993), Resampling-Based Multiple Testing, section 2.2.
    Romano and Wolf (2005), Exact and approximate stepdown methods for multiple
    hypothesis testing, Journal of the American Statistical Association 100, 94-108.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from hitl_sim.analysis.finding import Finding
from hitl_sim.analysis.interval import (
    LEVEL,
    MIN_REPLICATES,
    draw_pair,
    ratio_of,
    resample,
    tail,
)
from hitl_sim.array import FloatArray, IntArray


@dataclass(frozen=True)
class Joint:
    """The interval of one condition's rho that holds for all of them at once.

    Attributes:
        num: distinct conditions that are judged at once.
        low: lower end; never above that of the condition's own interval.
        high: upper end; never below it.
    """

    num: int
    low: float
    high: float


def distinct(findings: Sequence[Finding]) -> list[Finding]:
    """Return conditions without those that repeat another run for run."""
    kept: list[Finding] = []
    for finding in findings:
        if not any(_is_same(finding, other) for other in kept):
            kept.append(finding)
    return kept


def _is_same(one: Finding, other: Finding) -> bool:
    return np.array_equal(one.replicate, other.replicate) and one.amounts.is_same(
        other.amounts
    )


def judge_at_once(
    leader: Finding, findings: Sequence[Finding], control: Finding, seed: int
) -> Joint:
    """Bound rho of the best of some conditions, all judged at once.

    Args:
        leader: the best of them.
        findings: all that it was chosen among, itself included.
        control: of the same base; has every replicate of each.
        seed: fixes the resamples.

    Returns:
        The interval; that of the leader alone where it is the only one.
    """
    own = leader.ratio
    others = distinct([leader, *findings])
    shared = functools.reduce(np.intersect1d, [f.replicate for f in others])
    if len(others) == 1 or len(shared) < MIN_REPLICATES:
        return Joint(len(others), own.low, own.high)
    logs = np.stack([_logs(f, control, shared, seed) for f in others], axis=1)
    is_finite = np.asarray(np.isfinite(logs).all(axis=0))
    if not is_finite[0] or not own.value > 0.0:
        return Joint(len(others), own.low, own.high)
    reach = math.exp(_reach(logs[:, is_finite], len(shared)))
    return Joint(
        len(others), min(own.low, own.value / reach), max(own.high, own.value * reach)
    )


def judge_pairs(
    worst: Finding,
    leader: Finding,
    findings: Sequence[Finding],
    control: Finding,
    seed: int,
) -> Joint:
    """Bound rho of the worst over rho of the best of some conditions.

    Both were chosen by what they took, so that the interval holds for every pair of the
    conditions at once.

    Args:
        worst: above the line.
        leader: below it.
        findings: all that both were chosen among, themselves included.
        control: of the same base; has every replicate of each.
        seed: fixes the resamples.

    Returns:
        The interval; it holds everything where replicates are too few or one of the
        two never reached.
    """
    others = distinct([worst, leader, *findings])
    shared = functools.reduce(np.intersect1d, [f.replicate for f in others])
    if others[1] is not leader or len(shared) < MIN_REPLICATES:
        return Joint(len(others), 0.0, math.inf)
    logs = np.stack([_logs(f, control, shared, seed) for f in others], axis=1)
    is_finite = np.asarray(np.isfinite(logs).all(axis=0))
    if not is_finite[:2].all():
        return Joint(len(others), 0.0, math.inf)
    one, other = np.triu_indices(int(is_finite.sum()), 1)
    logs = logs[:, is_finite]
    pairs = logs[:, one] - logs[:, other]
    reach = math.exp(_reach(pairs, len(shared)))
    value = worst.ratio.value / leader.ratio.value
    return Joint(len(others), value / reach, value * reach)


def _reach(logs: FloatArray, num: int) -> float:
    """Return how far the first of `[B, C]` deviates at most, all held at once."""
    spread = logs.std(axis=0)
    away = np.abs(logs - logs.mean(axis=0)) / np.where(spread > 0.0, spread, math.inf)
    widest = float(np.quantile(away.max(axis=1), LEVEL))
    normal = NormalDist()
    stretch = normal.inv_cdf(tail(num)) / normal.inv_cdf((1.0 - LEVEL) / 2.0)
    return widest * stretch * float(spread[0])


def _logs(
    finding: Finding, control: Finding, shared: IntArray, seed: int
) -> FloatArray:
    """Return `[B]` log rho in each resample of the shared replicates."""
    arm, beside = (
        one.outlay.select(np.searchsorted(one.replicate, shared))
        for one in (finding, control)
    )
    drawn = ratio_of(*draw_pair(arm, beside, resample(len(shared), seed)))
    with np.errstate(divide="ignore"):
        return np.log(drawn)
