"""What a smaller part of the data or of the features saves, and at what F1.

The arithmetic of `sms_spam.py`: F1, the bill of a run, the saving at an equal F1, and
the joules to a target; nothing here trains or reads data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.chance.interval import (
    CostSample,
    mean_interval,
    percentile_interval,
    ratio_interval,
    resample,
)
from hitl_sim.energy import DeviceProfile, Quantity, WorkUnit, total

Floats = npt.NDArray[np.float64]
MARGIN = 0.01
"""How far below the full F1 counts as equal: the published comparison's."""
SMOOTHING = 3
"""Checkpoints in the trailing mean of the validation F1."""


class Estimate(NamedTuple):
    """A number and its 95 % interval over replicates."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a number lies inside the interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Published:
    """What was published for a random forest.

    Attributes:
        saving: of energy, at an F1 within .01 of the full one.
        headline: saving at a tenth; None where the source gives none.
        f1: at all of the data; None where there is none.
        small_f1: at a tenth.

    References:
        Verdecchia, Cruz, Sallou, Lin, Wickenden, Hotellier (2022), Data-centric green
        AI: an exploratory empirical study, ICT4S, arXiv 2204.02766. How it was done is
        taken from its replication package, GreenAIproject/ICT4S22: shares drawn from
        all messages and only then split 70 to 30, on one seed; features by chi-square.
    """

    saving: float
    headline: float | None = None
    f1: float | None = None
    small_f1: float | None = None


PUBLISHED = {
    "data": Published(0.20, 0.92, 0.909, 0.606),
    "features": Published(0.75),
}


PUBLISHED_FEATURES = 8169
"""Features of the published models, by the replication package's results."""


@dataclass(frozen=True)
class Work:
    """What a run did, in units of one program.

    Attributes:
        units: the work units by phase: train, evaluate (one item) and, where features
            are chosen, choose.
        steps: training steps.
        evaluated: items of validation.
        chosen: times that features were chosen.
    """

    units: Mapping[str, WorkUnit]
    steps: int
    evaluated: int
    chosen: int

    def joules(self, device: DeviceProfile, *, is_whole: bool = True) -> Quantity:
        """Bill the work on a device, alone.

        Args:
            device: its profile.
            is_whole: whether validation and choosing are billed beside training.
        """
        counts = {"train": self.steps}
        if is_whole:
            counts |= {"evaluate": self.evaluated, "choose": self.chosen}
        parts = [
            device.unit_cost(self.units[phase]).joules.scaled(count)
            for phase, count in counts.items()
            if count
        ]
        return total(parts)


@dataclass(frozen=True)
class Axis:
    """One network on one axis, at fixed epochs and to a target.

    Attributes:
        name: "data" or "features".
        shares: `S` shares of it, rising; the last is 1.
        fixed: `S` what a run at fixed epochs did.
        f1: `[S, R]` test F1 at fixed epochs.
        reached: `[S, R]` checkpoints until the target; 0 where it was not reached.
        to_checkpoint: `S` what a run to the first checkpoint did.
        cap: checkpoints of the longest run.
    """

    name: str
    shares: tuple[float, ...]
    fixed: tuple[Work, ...]
    f1: Floats
    reached: npt.NDArray[np.int64]
    to_checkpoint: tuple[Work, ...]
    cap: int

    @property
    def num_replicates(self) -> int:
        """Replicates R."""
        return self.f1.shape[1]

    def savings(self, device: DeviceProfile, *, is_whole: bool = True) -> Floats:
        """Return `[S]` the saving of energy at fixed epochs, as a fraction."""
        spent = [work.joules(device, is_whole=is_whole).value for work in self.fixed]
        return 1.0 - np.asarray(spent, np.float64) / spent[-1]

    def saving(self, index: int, device: DeviceProfile) -> Estimate:
        """Return a saving with the interval that the device's constants leave."""
        part = self.fixed[index].joules(device)
        ratio = part.over(self.fixed[-1].joules(device), unit="1")
        low, high = ratio.interval
        return Estimate(1 - ratio.value, 1 - high, 1 - low)

    def mean_f1(self, index: int, weights: Floats) -> Estimate:
        """Return the mean F1 at a share."""
        return Estimate(
            float(self.f1[index].mean()), *mean_interval(self.f1[index], weights)
        )

    def fall(self, index: int, weights: Floats) -> Estimate:
        """Return how far F1 falls from the full one, replicate by replicate."""
        fall = self.f1[-1] - self.f1[index]
        return Estimate(float(fall.mean()), *mean_interval(fall, weights))

    def equal_f1(self, device: DeviceProfile, weights: Floats) -> Estimate:
        """Return the largest saving whose mean F1 is within `MARGIN` of the full one.

        Args:
            device: the profile that bills it.
            weights: `[B, R]` resampled replicates.
        """
        savings = self.savings(device)
        draws = equal_saving(weights @ self.f1.T / self.num_replicates, savings)
        return Estimate(
            float(equal_saving(self.f1.mean(axis=1)[None], savings)[0]),
            *percentile_interval(draws, self.num_replicates),
        )

    @property
    def equal_share(self) -> float:
        """Return the least share whose mean F1 is within `MARGIN` of the full one."""
        means = self.f1.mean(axis=1)
        is_equal = means >= means[-1] - MARGIN - 1e-12
        return self.shares[int(is_equal.argmax())]

    def cost_sample(self, index: int, device: DeviceProfile) -> CostSample:
        """Return what each run spent until the target or the cap."""
        is_reached = self.reached[index] > 0
        used = np.where(is_reached, self.reached[index], self.cap)
        work = self.to_checkpoint[index]
        each = Work(work.units, work.steps, work.evaluated, 0).joules(device).value
        once = Work(work.units, 0, 0, work.chosen)
        chosen = once.joules(device).value if work.chosen else 0.0
        return CostSample(used * each + chosen, is_reached)

    def reach(self, index: int) -> float:
        """Return the share of runs that reach the target."""
        return float((self.reached[index] > 0).mean())

    def stopping(self, device: DeviceProfile) -> float:
        """Return joules per success of the full run over those at fixed epochs."""
        full = self.fixed[-1].joules(device).value
        return self.cost_sample(-1, device).per_success / full

    def rho(self, index: int, device: DeviceProfile, weights: Floats) -> Estimate:
        """Return joules per success to the target, over those of the full run."""
        part, full = self.cost_sample(index, device), self.cost_sample(-1, device)
        ratio = part.per_success / full.per_success
        return Estimate(ratio, *ratio_interval(part, full, weights))

    def resampled(self, seed: int) -> Floats:
        """Draw the bootstrap's replicates."""
        return resample(self.num_replicates, seed)


def f1_of(counts: npt.ArrayLike) -> Floats:
    """Return F1 of one class, 2 TP / (2 TP + FP + FN); 0 where all three are 0.

    Args:
        counts: `[..., 3]` true positives, false positives and false negatives.
    """
    hit, false_alarm, missed = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    return 2 * hit / np.maximum(2 * hit + false_alarm + missed, 1.0)


def equal_saving(f1: Floats, savings: Floats) -> Floats:
    """Return the largest saving at an F1 within `MARGIN` of the full one.

    Args:
        f1: `[B, S]` mean F1 by share; the last is the full one.
        savings: `[S]` by share; that of the full share is 0.
    """
    is_equal = f1 >= f1[:, -1:] - MARGIN - 1e-12
    return np.where(is_equal, savings, 0.0).max(axis=1)


def smooth(curves: Floats) -> Floats:
    """Take the trailing mean of `[..., C]` over up to `SMOOTHING` checkpoints."""
    padded = np.concatenate([np.zeros_like(curves[..., :1]), curves], axis=-1)
    summed = np.cumsum(padded, axis=-1)
    end = np.arange(1, curves.shape[-1] + 1)
    start = np.maximum(0, end - SMOOTHING)
    return (summed[..., end] - summed[..., start]) / (end - start)


def checkpoints_to(curves: Floats, target: Floats) -> npt.NDArray[np.int64]:
    """Return checkpoints until the smoothed F1 reaches the target, 0 for never.

    Args:
        curves: `[S, R, C]` validation F1.
        target: `[R]`.

    Returns:
        `[S, R]`.
    """
    above = smooth(curves) >= target[:, None]
    return np.where(above.any(axis=-1), above.argmax(axis=-1) + 1, 0)
