"""The target, fixed before any arm is looked at, and when a run is there; curves.

The target comes from a pilot: the control's program with an initialisation of its own
on the same split. It takes part in no comparison, so the control and its A/A copy meet
the target on equal terms; a target read off the control's own curve would be one that
the control always reaches and its copy often does not.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.energy import UnitCost
from hitl_sim.purpose import PROTOCOL
from hitl_sim.unit import S_PER_H


@dataclass(frozen=True)
class Targets:
    """The targets of one base.

    Attributes:
        replicate: `[R]` replicates that have a target.
        accuracy: `[R]` smoothed validation accuracy to be reached.
        without: replicates whose pilot did not stay finite; they take part in nothing.
    """

    replicate: IntArray
    accuracy: FloatArray
    without: tuple[int, ...]


@dataclass(frozen=True)
class Stop:
    """Where the bill of each run is drawn.

    Attributes:
        checkpoint: `[R]` index of the first checkpoint at the target; the last one of
            the curve for a run that never gets there.
        is_reached: `[R]` whether the run got there.
    """

    checkpoint: IntArray
    is_reached: BoolArray


def smooth(accuracy: npt.ArrayLike, smoothing: int) -> FloatArray:
    """Take the trailing mean over checkpoints; nothing later than a checkpoint enters.

    Args:
        accuracy: `[..., C]` accuracy at each checkpoint; NaN where there is no model of
            the arm yet, for its method does not act in full.
        smoothing: checkpoints in the mean, this one included; >= 1. The first ones
            average those there are.

    Returns:
        `[..., C]` smoothed accuracy; NaN where there is no model yet.

    Raises:
        ValueError: `smoothing` is below 1 or beyond the number of checkpoints.
    """
    values = np.asarray(accuracy, np.float64)
    num_checkpoints = values.shape[-1]
    if not 1 <= smoothing <= num_checkpoints:
        raise ValueError(
            f"`smoothing` must be in 1 to {num_checkpoints} checkpoints,"
            f" got {smoothing}."
        )
    windows = [
        values[..., max(0, c - smoothing + 1) : c + 1] for c in range(num_checkpoints)
    ]
    average = np.nanmean if np.isnan(values).any() else np.mean
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice")
        return np.stack([average(window, axis=-1) for window in windows], axis=-1)


def find_targets(pilot: RunGroup, *, fraction: float, smoothing: int) -> Targets:
    """Fix each replicate's target: a fraction of its pilot's best smoothed accuracy.

    A replicate whose pilot did not stay finite has none.

    Raises:
        ValueError: `fraction` is outside (0, 1], or `smoothing` is not possible.
    """
    if not 0.0 < fraction <= 1.0:
        raise ValueError(f"`fraction` must be in (0, 1], got {fraction}.")
    best = smooth(pilot.validation_accuracy, smoothing).max(axis=-1)
    has_target = pilot.is_ok & np.isfinite(best)
    return Targets(
        replicate=pilot.replicate[has_target],
        accuracy=fraction * best[has_target],
        without=tuple(int(r) for r in pilot.replicate[~has_target]),
    )


def stop_at_cap(group: RunGroup) -> Stop:
    """Return the stops of runs that never get there."""
    last = np.full(group.num_runs, group.num_checkpoints - 1, np.int64)
    return Stop(last, np.zeros(group.num_runs, np.bool_))


def find_stop(group: RunGroup, target: FloatArray, *, smoothing: int) -> Stop:
    """Find where each run stops: at its `[R]` target, or at the cap.

    A run that did not stay finite never reaches: it is billed to the cap. NaN is at no
    target, and nothing is at a target of NaN.
    """
    smoothed = smooth(group.validation_accuracy, smoothing)
    is_there = smoothed >= np.asarray(target)[:, None]
    is_reached, last = is_there.any(axis=1) & group.is_ok, group.num_checkpoints - 1
    first = np.where(is_reached, is_there.argmax(axis=1), last)
    return Stop(first.astype(np.int64), is_reached)


BAND = (0.05, 0.95)
"""Quantiles over replicates between which a curve's band lies."""


@dataclass(frozen=True)
class Curve:
    """Smoothed validation accuracy at each of `C` checkpoints.

    Attributes:
        joules: `[C]` protocol joules so far, mean over replicates, J.
        human_h: `[C]` hours people have worked so far, mean over replicates, h.
        accuracy: `[C]` mean over replicates.
        low: `[C]` 5th percentile over replicates.
        high: `[C]` 95th percentile.
    """

    joules: FloatArray
    human_h: FloatArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray


def trace_curve(
    group: RunGroup, costs: Mapping[str, UnitCost], *, smoothing: int
) -> Curve:
    """Average the curves of a condition; runs that did not stay finite are left out."""
    kept = group.select(np.flatnonzero(group.is_ok)) if group.is_ok.any() else group
    smoothed = smooth(kept.validation_accuracy, smoothing)
    low, high = np.quantile(smoothed, BAND, axis=0)
    return Curve(
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
        if line.purpose == PROTOCOL:
            each = costs[line.unit].joules.value
            spent = spent + line.count.mean(axis=0) * np.asarray(each)
    return spent
