"""Stochastic load: a job in each period, whose size follows hidden phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Load:
    """Jobs of many periods.

    Attributes:
        cycles: `[T]` clock cycles of each period's job.
        memory_s: `[T]` time that it waits for memory, s.
        period_s: length of a period, and the deadline of its job, s.
    """

    cycles: FloatArray
    memory_s: FloatArray
    period_s: float

    @property
    def num_periods(self) -> int:
        """Return T."""
        return len(self.cycles)


@dataclass(frozen=True)
class Phase:
    """A kind of load.

    Attributes:
        cycles: mean clock cycles of a job.
        memory_s: mean time that it waits for memory, s.
        spread_frac: standard deviation of both, as a share, within a phase.
    """

    cycles: float
    memory_s: float
    spread_frac: float = 0.1


def draw_load(
    phases: tuple[Phase, ...],
    num_periods: int,
    period_s: float,
    seed: int,
    *,
    mean_stay: float = float("inf"),
) -> Load:
    """Draw jobs while phases come and go.

    A phase stays for a geometric number of periods, then another one of them, each
    equally likely, takes its place. Sizes are log-normal around the phase's means.

    Args:
        phases: kinds of load; the first begins.
        num_periods: T.
        period_s: length of a period, s; > 0.
        seed: of all draws.
        mean_stay: mean number of periods that a phase stays; > 1. One phase only, or an
            endless stay, is stationary load.

    Raises:
        ValueError: there is no phase, or a number is out of range.
    """
    if not phases:
        raise ValueError("`phases` must hold at least one phase, got none.")
    if not (num_periods >= 1 and period_s > 0.0 and mean_stay > 1.0):
        raise ValueError(
            "`num_periods`, `period_s` and `mean_stay` must be >= 1, > 0 and > 1, got"
            f" {num_periods}, {period_s} and {mean_stay}."
        )
    rng = np.random.default_rng(seed)
    at = np.zeros(num_periods, np.int64)
    leaves = rng.random(num_periods) < 1.0 / mean_stay
    steps = rng.integers(1, max(len(phases), 2), num_periods)
    for period in range(1, num_periods):
        move = steps[period] if leaves[period] else 0
        at[period] = (at[period - 1] + move) % len(phases)
    means = np.array([[phase.cycles, phase.memory_s] for phase in phases])[at]
    spread = np.array([phase.spread_frac for phase in phases])[at]
    sigma = np.sqrt(np.log1p(spread**2))[:, None]
    factor = np.exp(sigma * rng.standard_normal((num_periods, 2)) - sigma**2 / 2)
    sizes = means * factor
    return Load(sizes[:, 0], sizes[:, 1], period_s)
