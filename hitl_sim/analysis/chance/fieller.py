"""A ratio of two means with the set of all ratios that the data do not rule out.

Where the divisor cannot be told from 0 an interval around the quotient is wrong
whatever its width. Fieller's set then is everything but a gap, or everything: it is
told as such and never shortened. It is a normal's set: where a few runs fail at the cap
of 3.3 times what others spend, it holds the truth in 89 to 93 % of studies
(test_coverage.py).

References:
    Fieller (1954), Some problems in interval estimation, Journal of the Royal
    Statistical Society B 16(2), 175-185.
    Briggs, O'Brien and Blackhouse (2002), Thinking outside the box: recent advances in
    the analysis and presentation of uncertainty in cost-effectiveness studies, Annual
    Review of Public Health 23, 377-401.
"""

import enum
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from hitl_sim.analysis.chance.interval import MIN_REPLICATES, UPPER


class Shape(enum.Enum):
    """What a set of ratios looks like."""

    INTERVAL = "interval"
    """All from low to high."""
    GAP = "gap"
    """All up to low, and all from high on: the divisor may be 0."""
    LINE = "line"
    """Any ratio at all: neither number can be told from 0."""


@dataclass(frozen=True)
class RatioSet:
    """A quotient of means and its 95 % set.

    Attributes:
        value: the quotient; NaN where the divisor is 0.
        low: lower end of the interval, or of the gap; -inf for a line.
        high: upper end; inf for a line.
        shape: interval, gap or line.
    """

    value: float
    low: float
    high: float
    shape: Shape


def fieller(above: npt.ArrayLike, below: npt.ArrayLike) -> RatioSet:
    """Divide the means of `[R]` values over the same runs, with Fieller's 95 % set.

    Returns:
        All θ for which mean(above) - θ mean(below) lies within Student's t of 0. With
        fewer than `MIN_REPLICATES` runs, or values that are not finite, any ratio.
    """
    y, x = np.asarray(above, np.float64), np.asarray(below, np.float64)
    num = len(y)
    mean_y, mean_x = float(y.mean()), float(x.mean())
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.float64(mean_y) / np.float64(mean_x))
    value = value if math.isfinite(value) else math.nan
    is_finite = bool(np.isfinite(y).all() and np.isfinite(x).all())
    if num < MIN_REPLICATES or not is_finite:
        return RatioSet(value, -math.inf, math.inf, Shape.LINE)
    size_y, size_x = float(np.abs(y).max()) or 1.0, float(np.abs(x).max())
    if size_x == 0.0:
        return RatioSet(math.nan, -math.inf, math.inf, Shape.LINE)
    found = _solve(y / size_y, x / size_x, stdtrit(num - 1, UPPER))
    unit = size_y / size_x
    return RatioSet(value, found[0] * unit, found[1] * unit, found[2])


def _solve(
    y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], student: float
) -> tuple[float, float, Shape]:
    """Solve a θ² - 2 b θ + c <= 0."""
    by_chance = student**2 / len(y)
    cov = np.cov(y, x)
    a = float(x.mean() ** 2 - by_chance * cov[1, 1])
    b = float(x.mean() * y.mean() - by_chance * cov[0, 1])
    c = float(y.mean() ** 2 - by_chance * cov[0, 0])
    square = b * b - a * c
    if a > 0.0:
        root = math.sqrt(max(square, 0.0))
        return (b - root) / a, (b + root) / a, Shape.INTERVAL
    if a == 0.0 or square <= 0.0:
        return -math.inf, math.inf, Shape.LINE
    root = math.sqrt(square)
    return (b + root) / a, (b - root) / a, Shape.GAP
