"""Conditions beside each other, pair by pair, and the best of many, judged at once.

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

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from hitl_sim.analysis.chance.interval import (
    LEVEL,
    MIN_REPLICATES,
    Bounded,
    draw_pair,
    ratio_interval,
    ratio_of,
    resample,
    tail,
)
from hitl_sim.analysis.condition.finding import Finding
from hitl_sim.array import FloatArray, IntArray, some_of


def shared_replicates(findings: Iterable[Finding]) -> IntArray:
    """Return the replicates that all of some conditions have, increasing."""
    return functools.reduce(np.intersect1d, [f.replicate for f in findings])


def rho_draws(
    finding: Finding, control: Finding, replicate: IntArray, weights: FloatArray
) -> FloatArray:
    """Return `[B]` rho in each resample of replicates that both conditions have.

    Arm and control are drawn together, by `[B, R]` weights.
    """
    arm, beside = finding.cost_sample_of(replicate), control.cost_sample_of(replicate)
    return ratio_of(*draw_pair(arm, beside, weights))


def beside(one: Finding, other: Finding, seed: int) -> Bounded:
    """Compare two conditions of one task, without the control: people and a machine.

    Returns:
        Expected joules per success of one over the other's; infinite where the first
        never reached, NaN where neither did.

    Raises:
        ValueError: the conditions are of different tasks, or share no replicate.
    """
    if one.task != other.task:
        raise ValueError(f"`other` must be of task {one.task!r}, got {other.task!r}.")
    shared = shared_replicates((one, other))
    if len(shared) == 0:
        raise ValueError(
            f"`other` must share a replicate with {one.label!r}, got"
            f" {some_of(other.replicate)}."
        )
    above, below = one.cost_sample_of(shared), other.cost_sample_of(shared)
    low, high = ratio_interval(above, below, resample(len(shared), seed))
    value = ratio_of(above.per_success, below.per_success)
    return Bounded(float(value), low, high)


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
    kept: dict[tuple[bytes, ...], Finding] = {}
    for finding in findings:
        key = finding.replicate.tobytes(), *finding.amounts.key
        kept.setdefault(key, finding)
    return list(kept.values())


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
    own, others = leader.ratio, distinct([leader, *findings])
    logs = _finite_logs(others, control, seed, num_first=1)
    if len(others) == 1 or logs is None or not own.value > 0.0:
        return Joint(len(others), own.low, own.high)
    reach = math.exp(_reach([logs[0].T], logs[1]))
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
    conditions at once. Arguments are as of `judge_at_once`.

    Returns:
        The interval; it holds everything where replicates are too few or one of the
        two never reached.
    """
    others = distinct([worst, leader, *findings])
    found = _finite_logs(others, control, seed, num_first=2)
    if others[1] is not leader or found is None:
        return Joint(len(others), 0.0, math.inf)
    logs, num = found
    columns = logs.T
    # of every condition beside all later ones, so that no table of pairs is kept
    pairs = (columns[i] - columns[i + 1 :] for i in range(len(columns) - 1))
    reach = math.exp(_reach(pairs, num))
    value = worst.ratio.value / leader.ratio.value
    return Joint(len(others), value / reach, value * reach)


def _finite_logs(
    findings: Sequence[Finding], control: Finding, seed: int, *, num_first: int
) -> tuple[FloatArray, int] | None:
    """Return `[B, C]` log rho of the conditions that always reached, and replicates.

    None where one of the `num_first` first ones did not, or shared replicates are too
    few.
    """
    shared = shared_replicates(findings)
    if len(shared) < MIN_REPLICATES:
        return None
    weights = resample(len(shared), seed)
    drawn = [rho_draws(finding, control, shared, weights) for finding in findings]
    with np.errstate(divide="ignore"):
        logs = np.log(np.stack(drawn, axis=1))
    is_finite = np.asarray(np.isfinite(logs).all(axis=0))
    return (logs[:, is_finite], len(shared)) if is_finite[:num_first].all() else None


def _reach(logs: Iterable[FloatArray], num: int) -> float:
    """Return how far the first of many deviates at most, all held at once.

    They come in blocks `[C, B]`.
    """
    firsts, widest = [], np.zeros(())
    for block in logs:
        away = block - block.mean(axis=1, keepdims=True)
        spread = block.std(axis=1)
        firsts.append(float(spread[0]))
        sizes = np.abs(away) / np.where(spread > 0.0, spread, math.inf)[:, None]
        widest = np.maximum(widest, sizes.max(axis=0))
    normal = NormalDist()
    stretch = normal.inv_cdf(tail(num)) / normal.inv_cdf((1.0 - LEVEL) / 2.0)
    return float(np.quantile(widest, LEVEL)) * stretch * firsts[0]
