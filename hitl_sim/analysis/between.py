"""Two arms beside each other, without the control: people beside a machine, say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.finding import Finding
from hitl_sim.analysis.interval import ratio_interval, resample


@dataclass(frozen=True)
class Ratio:
    """Expected joules per success of one arm over another's.

    Attributes:
        value: the ratio; `inf` where the first never reached, NaN where neither did.
        low: lower end of the 95 % Monte-Carlo interval.
        high: upper end.
    """

    value: float
    low: float
    high: float


def beside(one: Finding, other: Finding, seed: int) -> Ratio:
    """Compare two conditions of one task by the paired bootstrap.

    Args:
        one: whose joules are above the line.
        other: whose are below it.
        seed: fixes the resamples.

    Raises:
        ValueError: the conditions are of different tasks, or share no replicate.
    """
    if one.task != other.task:
        raise ValueError(f"`other` must be of task {one.task!r}, got {other.task!r}.")
    shared, rows, other_rows = np.intersect1d(
        one.replicate, other.replicate, return_indices=True
    )
    if len(shared) == 0:
        raise ValueError(
            f"`other` must share a replicate with {one.label!r}, got"
            f" {other.replicate.tolist()}."
        )
    above, below = one.outlay.select(rows), other.outlay.select(other_rows)
    low, high = ratio_interval(above, below, resample(len(shared), seed))
    with np.errstate(invalid="ignore"):
        value = np.float64(above.per_success) / np.float64(below.per_success)
    return Ratio(float(value), low, high)
