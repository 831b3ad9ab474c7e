"""Where a net benefit crosses 0 as one number changes: solved, bracketed, bounded.

The net benefit is known at some values of the number (knots) and is taken as straight
between them: exact for prices, in which bills are linear, and an interpolation for
parameters of a crowd, of which a study has run some settings. Its sign changes bracket
the roots. The 95 % set holds every value at which the sign cannot be told: those where
the share of the bootstrap's resamples that pay is above the lower and below the upper
percentile of the expanded interval (`interval.tail`). That is the set that inverting
the interval of the net benefit gives, as Fieller's does with Student's t, and it may be
open: it goes on beyond an end of the range if it reaches it. "Never in this range" is
an answer.

References:
    Fenwick, Claxton and Sculpher (2001), Representing uncertainty: the role of
    cost-effectiveness acceptability curves, Health Economics 10, 779-787.
"""

import enum
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from hitl_sim.analysis.chance.interval import MIN_REPLICATES, tail
from hitl_sim.array import FloatArray


class Payback(enum.Enum):
    """On which side of a number an arm's bill is below the control's.

    The number goes from low to high, as training that grows M times as dear.
    """

    FROM = "from"
    """From a value on."""
    ALWAYS = "always"
    """At any value."""
    UP_TO = "up to"
    """Up to a value."""
    NEVER = "never"
    """At no value."""
    SEVERAL = "several"
    """It changes more than once."""
    UNKNOWN = "unknown"
    """A number that it takes is unavailable, or nobody reached."""


@dataclass(frozen=True)
class Crossing:
    """Where people begin or cease to pay along one number, in the range searched.

    Attributes:
        roots: where the net benefit is 0; NaN where it jumps to infinity between two
            knots, because nobody reached beyond.
        brackets: neighbouring knots between which each root lies.
        region: intervals of the range that the 95 % set is made of; empty where the
            sign is certain throughout.
    """

    low: float
    high: float
    course: Payback
    roots: tuple[float, ...]
    brackets: tuple[tuple[float, float], ...]
    region: tuple[tuple[float, float], ...]

    @property
    def is_open(self) -> bool:
        """Return whether the set goes on beyond the range for all that is known."""
        return any(a <= self.low or b >= self.high for a, b in self.region)


def find_crossing(
    knots: npt.ArrayLike, net: npt.ArrayLike, draws: npt.ArrayLike, num_replicates: int
) -> Crossing:
    """Find where the net benefit crosses 0.

    Args:
        knots: `[K]` values of the number, increasing; K >= 2.
        net: `[K]` net benefit there; -inf where nobody of the arm reached, NaN where
            unknown.
        draws: `[B, K]` the same in each resample; NaN does not pay.
        num_replicates: pairs that were resampled.

    Raises:
        ValueError: there are fewer than two knots, or they do not increase.
    """
    x, mean = np.asarray(knots, np.float64), np.asarray(net, np.float64)
    if len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"`knots` must be two or more that increase, got {x}.")
    low, high = float(x[0]), float(x[-1])
    if np.isnan(mean).any():
        return Crossing(low, high, Payback.UNKNOWN, (), (), ((low, high),))
    brackets = [
        (k, k + 1) for k in range(len(x) - 1) if (mean[k] > 0.0) != (mean[k + 1] > 0.0)
    ]
    values = np.asarray(draws, np.float64)
    return Crossing(
        low,
        high,
        _course(mean, len(brackets)),
        tuple(_root(x, mean, k) for k, _ in brackets),
        tuple((float(x[a]), float(x[b])) for a, b in brackets),
        _region(x, values, num_replicates),
    )


def _course(mean: FloatArray, num_roots: int) -> Payback:
    pays_first = bool(mean[0] > 0.0)
    if num_roots == 0:
        return Payback.ALWAYS if pays_first else Payback.NEVER
    if num_roots > 1:
        return Payback.SEVERAL
    return Payback.UP_TO if pays_first else Payback.FROM


def _root(x: FloatArray, mean: FloatArray, k: int) -> float:
    """Solve within the bracket from knot k to the next one."""
    left, right = float(mean[k]), float(mean[k + 1])
    if not (math.isfinite(left) and math.isfinite(right)):
        return math.nan
    start, end = float(x[k]), float(x[k + 1])
    root = brentq(lambda u: left + u * (right - left), 0.0, 1.0, xtol=1e-15)
    return float(start + root * (end - start))


def _region(
    x: FloatArray, draws: FloatArray, num_replicates: int
) -> tuple[tuple[float, float], ...]:
    """Return the set in which the sign cannot be told, as intervals."""
    if num_replicates < MIN_REPLICATES:
        return ((float(x[0]), float(x[-1])),)
    share = tail(num_replicates)
    found: list[tuple[float, float]] = []
    for k in range(len(x) - 1):
        for a, b in _within(draws[:, k], draws[:, k + 1], share):
            left, right = (float(x[k] + u * (x[k + 1] - x[k])) for u in (a, b))
            if found and left <= found[-1][1]:
                found[-1] = found[-1][0], max(right, found[-1][1])
            else:
                found.append((left, right))
    return tuple(found)


def _within(
    left: FloatArray, right: FloatArray, share: float
) -> Iterator[tuple[float, float]]:
    """Yield the parts of 0 to 1 in which the share that pays is no extreme one.

    A resample pays from or up to the root of its line. One that jumps to infinity
    between two knots may turn anywhere, and counts for either sign in between.
    """
    num = len(left)
    pays_left, pays_right = left > 0.0, right > 0.0
    turns = pays_left != pays_right
    is_line = np.isfinite(left) & np.isfinite(right)
    jumps = int((turns & ~is_line).sum())
    moves = turns & is_line
    roots = left[moves] / (left[moves] - right[moves])
    steps = np.where(pays_right[moves], 1, -1)
    order = np.argsort(roots)
    start = int((pays_left & ~(turns & ~is_line)).sum())
    paying = start + np.concatenate([[0], np.cumsum(steps[order])])
    ends = np.concatenate([[0.0], roots[order], [1.0]])
    is_open = (paying + jumps >= share * num) & (paying <= (1.0 - share) * num)
    for (a, b), inside in zip(itertools.pairwise(ends), is_open, strict=True):
        if inside:
            yield float(a), float(b)
