"""Conditions beside each other, replicate by replicate: who shares which, and rho."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.finding import Finding
from hitl_sim.analysis.interval import draw_pair, ratio_interval, ratio_of, resample
from hitl_sim.array import FloatArray, IntArray


def shared_replicates(findings: Iterable[Finding]) -> IntArray:
    """Return the replicates that all of some conditions have, increasing."""
    return functools.reduce(np.intersect1d, [f.replicate for f in findings])


def rho_draws(
    finding: Finding, control: Finding, replicate: IntArray, weights: FloatArray
) -> FloatArray:
    """Return `[B]` rho in each resample of some replicates, drawn together.

    Args:
        finding: the condition.
        control: beside which it stands.
        replicate: `[R]` replicates that both have.
        weights: `[B, R]` weight of each in each resample.
    """
    arm, beside = finding.outlay_of(replicate), control.outlay_of(replicate)
    return ratio_of(*draw_pair(arm, beside, weights))


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
    """Compare two conditions of one task, without the control: people and a machine.

    Args:
        one: whose joules are above the line.
        other: whose are below it.
        seed: fixes the resamples.

    Raises:
        ValueError: the conditions are of different tasks, or share no replicate.
    """
    if one.task != other.task:
        raise ValueError(f"`other` must be of task {one.task!r}, got {other.task!r}.")
    shared = shared_replicates((one, other))
    if len(shared) == 0:
        raise ValueError(
            f"`other` must share a replicate with {one.label!r}, got"
            f" {other.replicate.tolist()}."
        )
    above, below = one.outlay_of(shared), other.outlay_of(shared)
    low, high = ratio_interval(above, below, resample(len(shared), seed))
    value = ratio_of(above.per_success, below.per_success)
    return Ratio(float(value), low, high)
