"""The energy ratio at every target, and two other readings of the same runs.

One target decides the sign of a saving: an arm that is quick to a modest accuracy may
never see the last per cent. So the ratio is told over 80 to 100 % of the way from
chance to the plateau. The plateau is the best smoothed validation metric of the
replicate's pilot; chance is that of naming the commonest class. At each target a run
stops where it gets there, or at the cap, and none is dropped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.chance.interval import (
    Bounded,
    CostSample,
    percentile_interval,
    ratio_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.analysis.run.target import Targets, smooth
from hitl_sim.array import BoolArray, FloatArray
from hitl_sim.cost import Pricing
from hitl_sim.purpose import PROTOCOL

WAYS = np.round(np.linspace(0.8, 1.0, 21), 2)
"""Targets, as shares of the way from chance to the plateau."""
_APART = 1.2
"""How many times rho another reading is, or rho it, that is worth a word."""
TOLD = (0.8, 0.85, 0.9, 0.95, 1.0)
"""Those of the table."""


@dataclass(frozen=True)
class Course:
    """How one condition's runs went: what a target needs, and no more.

    Attributes:
        smoothed: `[R, C]` smoothed validation metric at each checkpoint.
        joules: `[R, C]` protocol joules of the device up to each checkpoint.
        is_ok: `[R]` whether each run stayed finite.
    """

    smoothed: FloatArray
    joules: FloatArray
    is_ok: BoolArray

    def at(self, target: FloatArray) -> CostSample:
        """Return what runs spent to `[R]` targets; NaN is at no target."""
        is_there = self.smoothed >= target[:, None]
        is_reached = is_there.any(axis=1) & self.is_ok
        last = self.joules.shape[1] - 1
        stop = np.where(is_reached, is_there.argmax(axis=1), last)
        spent = self.joules[np.arange(len(stop)), stop]
        return CostSample(spent, is_reached, self.joules[:, -1])


def course_of(group: RunGroup, pricing: Pricing, smoothing: int) -> Course:
    """Read how a condition's runs went."""
    joules = np.zeros((group.num_runs, group.num_checkpoints))
    for line in group.work:
        if line.purpose == PROTOCOL:
            each = pricing.device.costs[line.unit].joules.value
            joules += np.asarray(line.count, np.float64) * float(np.asarray(each))
    return Course(smooth(group.validation_accuracy, smoothing), joules, group.is_ok)


@dataclass(frozen=True)
class ByTarget:
    """One condition beside the control at every target of `WAYS`.

    Attributes:
        label: the condition, in words.
        has_people: whether people are asked.
        ratio: `[T]` rho; inf where no run of it reached, NaN where none of either did.
        low: `[T]` lower ends of the 95 % intervals.
        high: `[T]` upper ends.
        reached: `[T]` runs of it that reached.
        restricted: ratio of restricted mean joules at the study's own target.
        both: ratio of mean joules among the replicates in which both reached it; NaN
            where there are none.
        num_both: how many these are.
    """

    label: str
    has_people: bool
    ratio: FloatArray
    low: FloatArray
    high: FloatArray
    reached: FloatArray
    restricted: Bounded
    both: Bounded
    num_both: int

    def at(self, way: float) -> Bounded:
        """Return rho at one of `WAYS`."""
        place = int(np.argmin(np.abs(WAYS - way)))
        return Bounded(*(float(v[place]) for v in (self.ratio, self.low, self.high)))

    @property
    def turns(self) -> tuple[float, ...]:
        """Return the targets between which the ratio crosses 1, their middles."""
        is_below = self.ratio < 1.0
        known = ~np.isnan(self.ratio)
        return tuple(
            float((WAYS[i] + WAYS[i + 1]) / 2)
            for i in range(len(WAYS) - 1)
            if known[i] and known[i + 1] and is_below[i] != is_below[i + 1]
        )


def by_target(
    label: str,
    *,
    has_people: bool,
    pair: tuple[Course, Course],
    own: tuple[CostSample, CostSample],
    horizon_j: float,
    targets: tuple[FloatArray, float],
    seed: int,
) -> ByTarget:
    """Hold a condition against the control at every target.

    Args:
        label: the condition, in words.
        has_people: whether people are asked.
        pair: how runs of the condition and of the control went, of the same replicates
            in the same order.
        own: what they spent to the study's own target.
        horizon_j: joules that every run was followed for.
        targets: `[R]` plateau of each replicate, and chance.
        seed: of the bootstrap.
    """
    plateau, chance = targets
    weights = resample(len(plateau), seed)
    rows = []
    for way in WAYS:
        target = chance + way * (plateau - chance)
        arm, control = (course.at(target) for course in pair)
        ratio = ratio_of(arm.per_success, control.per_success)
        ends = ratio_interval(arm, control, weights)
        rows.append((float(ratio), *ends, float(arm.is_reached.sum())))
    ratio, low, high, reached = np.array(rows).T
    both, num_both = _both(own, weights)
    return ByTarget(
        label,
        has_people,
        ratio,
        low,
        high,
        reached,
        restricted=_restricted(own, horizon_j, weights),
        both=both,
        num_both=num_both,
    )


def _restricted(
    own: tuple[CostSample, CostSample], horizon: float, weights: FloatArray
) -> Bounded:
    """Divide mean joules up to a horizon that every run was followed for."""
    arm, control = (
        np.minimum(np.where(one.is_reached, one.spent, math.inf), horizon)
        for one in own
    )
    draws = ratio_of(weights @ arm, weights @ control)
    ends = percentile_interval(draws, len(arm))
    return Bounded(float(arm.mean() / control.mean()), *ends)


def _both(
    own: tuple[CostSample, CostSample], weights: FloatArray
) -> tuple[Bounded, int]:
    """Divide mean joules of the replicates in which both reached, and count these."""
    arm, control = own
    both = arm.is_reached & control.is_reached
    num = int(both.sum())
    if num == 0:
        return Bounded(math.nan, 0.0, math.inf), 0
    some = weights[:, both]
    draws = ratio_of(some @ arm.spent[both], some @ control.spent[both])
    low, high = percentile_interval(draws, num)
    value = float(arm.spent[both].sum() / control.spent[both].sum())
    return Bounded(value, max(low, 0.0), high), num


SHARES = np.round(np.linspace(0.0, 1.0, 101), 2)
"""Shares of targets attained at which joules are told."""


@dataclass(frozen=True)
class Attainment:
    """How soon a condition attains targets: its run-time distribution, in joules.

    Attributes:
        label: the condition, in words.
        has_people: whether people are asked.
        joules: `[S]` what a run had spent when a share of `SHARES` of all targets of
            all replicates was attained; NaN for shares that were not.

    References:
        Hansen, Auger, Ros, Mersmann, Tusar, Brockhoff (2021), COCO: a platform for
        comparing continuous optimizers in a black-box setting, Optimization Methods and
        Software 36(1): run-time distributions over targets; here without restarts, so
        that a curve ends at the share attained.
    """

    label: str
    has_people: bool
    joules: FloatArray

    @property
    def share(self) -> float:
        """Largest share of `SHARES` that was attained."""
        return float(SHARES[np.isfinite(self.joules)].max(initial=0.0))


def attainment(
    label: str, course: Course, targets: tuple[FloatArray, float], *, has_people: bool
) -> Attainment:
    """Order the joules at which a condition's runs attained each of `WAYS`.

    Args:
        label: the condition, in words.
        course: how its runs went.
        targets: `[R]` plateau of each replicate, and chance.
        has_people: whether people are asked.
    """
    plateau, chance = targets
    found = [course.at(chance + way * (plateau - chance)) for way in WAYS]
    spent = np.concatenate([one.spent for one in found])
    is_reached = np.concatenate([one.is_reached for one in found])
    ordered = np.sort(spent[is_reached])
    rank = np.maximum(np.ceil(SHARES * len(spent) - 1e-9).astype(int), 1) - 1
    joules = np.full(len(SHARES), math.nan)
    is_there = rank < len(ordered)
    joules[is_there] = ordered[rank[is_there]]
    return Attainment(label, has_people, joules)


def plateaus(pilot: RunGroup, targets: Targets, smoothing: int) -> FloatArray:
    """Return `[R]` best smoothed metric of the pilots that have a target."""
    best = smooth(pilot.validation_accuracy, smoothing).max(axis=-1)
    return np.asarray(best[np.searchsorted(pilot.replicate, targets.replicate)])


def _is_near(one: float, other: float) -> bool:
    """Whether ratios are as good as equal; one of them may be infinite."""
    return not (one > _APART * other or other > _APART * one)


def disagreeing(found: ByTarget, rho: float, least: float) -> Sequence[str]:
    """Name the readings that are on the other side of 1, or a fifth away from rho.

    Args:
        found: the condition.
        rho: its ratio at the study's own target.
        least: smallest effect that would matter.
    """
    readings = {"restricted": found.restricted.value, "both": found.both.value}
    return [
        name
        for name, value in readings.items()
        if math.isfinite(value)
        and ((value < 1.0) != (rho < 1.0) or not _is_near(value, rho))
        and abs(value - rho) > least
    ]
