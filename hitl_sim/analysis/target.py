"""The target, fixed before any arm is looked at, and when a run is there.

The target comes from a pilot: the control's program with an initialisation of its own
on the same split. It takes part in no comparison, so the control and its A/A copy meet
the target on equal terms; a target read off the control's own curve would be one that
the control always reaches and its copy often does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.record import RunGroup
from hitl_sim.array import BoolArray, FloatArray, IntArray

NEVER = -1
"""Checkpoint of a run that did not reach the target within the cap."""


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
            the arm yet, for its lever does not act in full.
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
    if not np.isnan(values).any():
        return np.stack([w.mean(axis=-1) for w in windows], axis=-1)
    return np.stack([_mean_of_known(w) for w in windows], axis=-1)


def _mean_of_known(window: FloatArray) -> FloatArray:
    """Average what is there along the last axis; NaN where nothing is."""
    number = (~np.isnan(window)).sum(axis=-1)
    total = np.nansum(window, axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def find_targets(pilot: RunGroup, *, fraction: float, smoothing: int) -> Targets:
    """Fix the target of each replicate from its pilot run.

    Args:
        pilot: the pilot's runs.
        fraction: share of the pilot's best smoothed validation accuracy within the
            cap; in (0, 1].
        smoothing: checkpoints in the trailing mean.

    Returns:
        The targets. A replicate whose pilot did not stay finite has none.

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


def first_reached(accuracy: npt.ArrayLike, target: npt.ArrayLike) -> IntArray:
    """Find the first checkpoint at which a smoothed curve is at its target.

    Args:
        accuracy: `[R, C]` smoothed accuracy; NaN is not at any target.
        target: `[R]` accuracy to be reached.

    Returns:
        `[R]` index of the checkpoint, `NEVER` where there is none.
    """
    is_there = np.asarray(accuracy) >= np.asarray(target)[:, None]
    return np.where(is_there.any(axis=1), is_there.argmax(axis=1), NEVER)


def stop_at_cap(group: RunGroup) -> Stop:
    """Return the stops of runs that never get there."""
    last = np.full(group.num_runs, group.num_checkpoints - 1, np.int64)
    return Stop(last, np.zeros(group.num_runs, np.bool_))


def find_stop(group: RunGroup, target: FloatArray, *, smoothing: int) -> Stop:
    """Find where each run stops: at its target, or at the cap.

    A run that did not stay finite never reaches: it is billed to the cap.

    Args:
        group: the runs.
        target: `[R]` accuracy that each of them has to reach.
        smoothing: checkpoints in the trailing mean.

    Returns:
        Checkpoint of the bill and whether the target was reached, for every run.
    """
    first = first_reached(smooth(group.validation_accuracy, smoothing), target)
    is_reached = (first != NEVER) & group.is_ok
    last = group.num_checkpoints - 1
    return Stop(np.where(is_reached, first, last).astype(np.int64), is_reached)
