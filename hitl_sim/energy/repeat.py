"""Repeated measurements of one cost: their middle, its interval, and when to stop.

Costs are positive and their errors are ratios (a clock that is slower, a neighbour that
takes time), so the mean is taken of logarithms, with Student's t for the few repeats.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

MIN_REPEATS = 3
"""Fewer say too little about their own spread."""


@dataclass(frozen=True)
class Repeated:
    """What repeats say about one cost.

    Attributes:
        value: geometric mean.
        low: lower 95 % end.
        high: upper end.
        num_repeats: how many there were.
    """

    value: float
    low: float
    high: float
    num_repeats: int

    @property
    def precision(self) -> float:
        """Return half the interval's width, relative to the value."""
        return (self.high - self.low) / (2.0 * self.value)


def summarise(costs: Sequence[float], error_frac: float = 0.0) -> Repeated:
    """Bound a cost from repeats of its measurement.

    Args:
        costs: one per repeat; > 0, at least `MIN_REPEATS`.
        error_frac: 95 % half width of an error that all repeats share, such as a
            counter's gain, relative to the cost; added in quadrature.

    Raises:
        ValueError: there are too few, or one is not positive and finite.

    References:
        Student (1908), The probable error of a mean, Biometrika 6(1).
    """
    if len(costs) < MIN_REPEATS:
        raise ValueError(
            f"`costs` must hold at least {MIN_REPEATS} repeats, got {len(costs)}."
        )
    if not all(0.0 < cost < math.inf for cost in costs):
        raise ValueError(f"`costs` must be finite and > 0, got {min(costs)}.")
    logs = np.log(np.asarray(costs, np.float64))
    num = len(logs)
    chance = stdtrit(num - 1, 0.975) * float(logs.std(ddof=1)) / math.sqrt(num)
    reach = math.hypot(chance, math.log1p(error_frac))
    value = math.exp(float(logs.mean()))
    return Repeated(value, value * math.exp(-reach), value * math.exp(reach), num)


def is_tight(costs: Sequence[float], precision: float, min_repeats: int) -> bool:
    """Return whether repeats suffice: enough of them, in a small enough interval."""
    if len(costs) < max(min_repeats, MIN_REPEATS):
        return False
    return summarise(costs).precision <= precision
