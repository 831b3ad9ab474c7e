"""Learning curves for figures: accuracy against what it took, over replicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.record import RunGroup
from hitl_sim.analysis.target import smooth
from hitl_sim.array import FloatArray, IntArray
from hitl_sim.energy import UnitCost
from hitl_sim.purpose import PROTOCOL
from hitl_sim.unit import S_PER_H

BAND = (0.05, 0.95)
"""Quantiles over replicates between which a curve's band lies."""


@dataclass(frozen=True)
class Curve:
    """Smoothed validation accuracy at each of `C` checkpoints.

    Attributes:
        step: `[C]` training steps.
        joules: `[C]` protocol joules so far, mean over replicates, J.
        human_h: `[C]` hours people have worked so far, mean over replicates, h.
        accuracy: `[C]` mean over replicates.
        low: `[C]` 5th percentile over replicates.
        high: `[C]` 95th percentile.
    """

    step: IntArray
    joules: FloatArray
    human_h: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray


def trace_curve(
    group: RunGroup, costs: Mapping[str, UnitCost], *, smoothing: int
) -> Curve:
    """Average the curves of a condition; runs that did not stay finite are left out.

    Args:
        group: the runs.
        costs: device costs by unit.
        smoothing: checkpoints in the trailing mean.
    """
    kept = group.select(np.flatnonzero(group.is_ok)) if group.is_ok.any() else group
    smoothed = smooth(kept.validation_accuracy, smoothing)
    low, high = np.quantile(smoothed, BAND, axis=0)
    return Curve(
        step=kept.step[0],
        joules=_joules(kept, costs),
        human_h=kept.worked_s.mean(axis=0) / S_PER_H,
        accuracy=smoothed.mean(axis=0),
        low=low,
        high=high,
    )


def _joules(group: RunGroup, costs: Mapping[str, UnitCost]) -> FloatArray:
    """Return mean protocol joules up to each checkpoint, `[C]`."""
    spent = np.zeros(group.num_checkpoints)
    for line in group.work:
        if line.standing == PROTOCOL:
            each = costs[line.unit].joules.value
            spent = spent + line.count.mean(axis=0) * np.asarray(each)
    return spent
