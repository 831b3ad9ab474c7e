"""Where a net benefit crosses 0 as one number changes: solved, bracketed, bounded.

The net benefit of a run is known at some values of the number (knots) and is taken as
straight between them: exact for prices, in which bills are linear, and an interpolation
for dials of a crowd, of which a study has run some settings. The mean's sign changes
bracket the roots. The 95 % set holds every value at which the mean net benefit cannot
be told from 0 by Student's t: for a line this is Fieller's set. It may be cut off by
the ends of the range, which is said. "Never in this range" is an answer.
"""

from __future__ import annotations

import enum
import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from hitl_sim.analysis.interval import MIN_REPLICATES
from hitl_sim.analysis.record import FloatArray
from hitl_sim.student import student_quantile


class Course(enum.Enum):
    """On which side of the crossing people pay, going from low to high."""

    NEVER = "never"
    """Nowhere in the range."""
    ALWAYS = "always"
    """Everywhere in it."""
    FROM = "from"
    """From the crossing on."""
    UP_TO = "up to"
    """Up to the crossing."""
    SEVERAL = "several"
    """It changes more than once."""
    UNKNOWN = "unknown"
    """The net benefit is unknown: a price is unavailable, or the control never
    reached."""


@dataclass(frozen=True)
class Crossing:
    """Where people begin or cease to pay along one number.

    Attributes:
        low: lower end of the range that was searched.
        high: upper end.
        course: on which side of the crossing people pay.
        roots: where the mean net benefit is 0; NaN where it jumps to infinity between
            two knots, because nobody reached beyond.
        brackets: neighbouring knots between which each root lies.
        region: intervals of the range that the 95 % set is made of; empty where the
            sign is certain throughout.
    """

    low: float
    high: float
    course: Course
    roots: tuple[float, ...]
    brackets: tuple[tuple[float, float], ...]
    region: tuple[tuple[float, float], ...]

    @property
    def is_open(self) -> bool:
        """Return whether the set goes on beyond the range for all that is known."""
        return any(a <= self.low or b >= self.high for a, b in self.region)

    def holds(self, value: float) -> bool:
        """Return whether a value of the number is in the 95 % set.

        A set that reaches an end of the range holds all beyond that end.
        """
        if any(a <= value <= b for a, b in self.region):
            return True
        ends = [a for a, _ in self.region], [b for _, b in self.region]
        below = bool(ends[0]) and min(ends[0]) <= self.low and value < self.low
        above = bool(ends[1]) and max(ends[1]) >= self.high and value > self.high
        return below or above


def find_crossing(knots: npt.ArrayLike, net: npt.ArrayLike) -> Crossing:
    """Find where the mean net benefit crosses 0.

    Args:
        knots: `[K]` values of the number, increasing; K >= 2.
        net: `[R, K]` net benefit of each run there: pseudo-values, whose mean is the
            net benefit. -inf where nobody of the arm reached, NaN where unknown.

    Raises:
        ValueError: there are fewer than two knots, or they do not increase.
    """
    x, values = np.asarray(knots, np.float64), np.asarray(net, np.float64)
    if len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"`knots` must be two or more that increase, got {x}.")
    low, high = float(x[0]), float(x[-1])
    if np.isnan(values).any():
        return Crossing(low, high, Course.UNKNOWN, (), (), ((low, high),))
    mean = values.mean(axis=0)
    brackets = [
        (k, k + 1) for k in range(len(x) - 1) if (mean[k] > 0.0) != (mean[k + 1] > 0.0)
    ]
    return Crossing(
        low,
        high,
        _course(mean, len(brackets)),
        tuple(_root(x, mean, k) for k, _ in brackets),
        tuple((float(x[a]), float(x[b])) for a, b in brackets),
        _region(x, values),
    )


def _course(mean: FloatArray, num_roots: int) -> Course:
    pays_first = bool(mean[0] > 0.0)
    if num_roots == 0:
        return Course.ALWAYS if pays_first else Course.NEVER
    if num_roots > 1:
        return Course.SEVERAL
    return Course.UP_TO if pays_first else Course.FROM


def _root(x: FloatArray, mean: FloatArray, k: int) -> float:
    """Solve within the bracket from knot k to the next one."""
    left, right = float(mean[k]), float(mean[k + 1])
    if not (math.isfinite(left) and math.isfinite(right)):
        return math.nan
    root = brentq(
        lambda value: np.interp(value, x[k : k + 2], mean[k : k + 2]),
        float(x[k]),
        float(x[k + 1]),
        xtol=1e-12 * max(abs(float(x[k + 1])), 1e-300),
    )
    return float(root)


def _region(x: FloatArray, values: FloatArray) -> tuple[tuple[float, float], ...]:
    """Return the set in which the mean cannot be told from 0, as intervals."""
    num = len(values)
    if num < MIN_REPLICATES:
        return ((float(x[0]), float(x[-1])),)
    found: list[tuple[float, float]] = []
    for k in range(len(x) - 1):
        for a, b in _within(values[:, k], values[:, k + 1]):
            left, right = (float(x[k] + u * (x[k + 1] - x[k])) for u in (a, b))
            if found and left <= found[-1][1]:
                found[-1] = found[-1][0], max(right, found[-1][1])
            else:
                found.append((left, right))
    return tuple(found)


def _within(left: FloatArray, right: FloatArray) -> list[tuple[float, float]]:
    """Return the parts of 0 to 1 in which the mean lies within Student's t of 0.

    Between two knots mean and variance are a line and a parabola, so the ends of these
    parts are the roots of a quadratic.
    """
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        certain = (left == right).all() and np.isinf(left).all()
        return [] if certain else [(0.0, 1.0)]
    scale = max(float(np.abs(left).max()), float(np.abs(right).max()))
    if scale == 0.0:
        return [(0.0, 1.0)]
    start, step = left / scale, (right - left) / scale
    by_chance = student_quantile(len(left) - 1) ** 2 / len(left)
    cov = np.cov(start, step)
    c = float(start.mean() ** 2 - by_chance * cov[0, 0])
    b = float(start.mean() * step.mean() - by_chance * cov[0, 1])
    a = float(step.mean() ** 2 - by_chance * cov[1, 1])
    ends = [0.0, *sorted(u for u in _roots(a, b, c) if 0.0 < u < 1.0), 1.0]

    def is_in(u: float) -> bool:
        return a * u * u + 2.0 * b * u + c <= 0.0

    return [(p, q) for p, q in itertools.pairwise(ends) if is_in((p + q) / 2.0)]


def _roots(a: float, b: float, c: float) -> tuple[float, ...]:
    """Solve a u² + 2 b u + c = 0 without losing digits."""
    square = b * b - a * c
    if square < 0.0 or (a == 0.0 and b == 0.0):
        return ()
    q = -(b + math.copysign(math.sqrt(square), b))
    return tuple(n / d for n, d in ((q, a), (c, q)) if d != 0.0)
