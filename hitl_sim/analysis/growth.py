"""How an amount grows with the size of a model or a pool, and one decade further.

A power law is fitted to the sizes that were run, on log axes, each size one point. What
the points leave around the line holds both chance and the law's misfit, so that the
interval of a prediction is Student's with as many degrees of freedom as there are sizes
beyond two. Since a law may bend, the interval also holds that of the law of the largest
sizes alone: it is wider than 95 % where nothing bends. Nothing is predicted more than
one decade beyond the largest size: the
question is inverted there (`required_ratio`).

References:
    Draper and Smith (1998), Applied regression analysis, 3rd edition, section 1.4, for
    the interval of a single new observation.
    Hestness et al. (2017), Deep learning scaling is predictable, empirically,
    arXiv:1712.00409, for power laws in data and model size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from hitl_sim.analysis.interval import UPPER
from hitl_sim.array import FloatArray
from hitl_sim.cost import Boundary, PublishedRun, human_hour_energy
from hitl_sim.energy import Kind, Quantity, Scope, exact

MIN_SIZES = 4
"""Fewer sizes leave fewer than two degrees of freedom: no interval can be told."""
DECADE = 10.0
"""Farthest prediction, as a multiple of the largest size that was run."""


@dataclass(frozen=True)
class Prediction:
    """What the law says of one size.

    Attributes:
        size: for which.
        value: predicted amount.
        low: lower end of the 95 % interval of a new measurement.
        high: upper end.
        is_measured_range: whether the size lies among those that were run.
    """

    size: float
    value: float
    low: float
    high: float
    is_measured_range: bool

    def holds(self, value: float) -> bool:
        """Return whether an amount lies in the interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Growth:
    """A power law, amount = factor * size ** exponent.

    Attributes:
        size: `[K]` sizes that were run, increasing.
        amount: `[K]` what was measured there; > 0.
        exponent: of the law.
        exponent_low: lower end of its 95 % interval.
        exponent_high: upper end.
        factor: amount at size 1.
        scatter: standard deviation of log amount around the law.
    """

    size: FloatArray
    amount: FloatArray
    exponent: float
    exponent_low: float
    exponent_high: float
    factor: float
    scatter: float

    def predict(self, size: float) -> Prediction:
        """Predict the amount at a size.

        Args:
            size: at most one decade beyond those that were run.

        Raises:
            ValueError: the size is farther than that.
        """
        least, largest = float(self.size[0]), float(self.size[-1])
        if not least / DECADE <= size <= largest * DECADE * (1.0 + 1e-12):
            raise ValueError(
                f"`size` must be within one decade of the sizes that were run, from"
                f" {least / DECADE:g} to {largest * DECADE:g}, got {size:g}. Beyond,"
                " ask which ratio would be required instead."
            )
        low, high = _interval(self, size)
        if len(self.size) > MIN_SIZES:
            end = fit_growth(self.size[-MIN_SIZES:], self.amount[-MIN_SIZES:])
            end_low, end_high = _interval(end, size)
            low, high = min(low, end_low), max(high, end_high)
        return Prediction(
            size,
            self.factor * size**self.exponent,
            low,
            high,
            is_measured_range=least <= size <= largest,
        )


def _interval(law: Growth, size: float) -> tuple[float, float]:
    """Return Student's 95 % interval of one new measurement."""
    x, centre, spread = _moments(law.size)
    away = math.log(size) - centre
    reach = math.sqrt(1.0 + 1.0 / len(x) + away**2 / spread)
    half = stdtrit(len(x) - 2, UPPER) * law.scatter * reach
    value = law.factor * size**law.exponent
    return value * math.exp(-half), value * math.exp(half)


def _moments(size: FloatArray) -> tuple[FloatArray, float, float]:
    x = np.log(size)
    return x, float(x.mean()), float(((x - x.mean()) ** 2).sum())


def fit_growth(size: npt.ArrayLike, amount: npt.ArrayLike) -> Growth:
    """Fit the power law.

    Args:
        size: `[K]` sizes, increasing; K >= `MIN_SIZES`.
        amount: `[K]` measured amounts; finite and > 0.

    Raises:
        ValueError: there are too few sizes, or they do not increase from above 0.
    """
    sizes, amounts = np.asarray(size, np.float64), np.asarray(amount, np.float64)
    if len(sizes) < MIN_SIZES or not (np.diff(sizes) > 0).all() or sizes[0] <= 0:
        raise ValueError(
            f"`size` must hold {MIN_SIZES} or more increasing sizes > 0, got"
            f" {sizes.tolist()}."
        )
    if not (np.isfinite(amounts).all() and (amounts > 0).all()):
        raise ValueError(f"`amount` must be finite and > 0, got {amounts.tolist()}.")
    x, centre, spread = _moments(sizes)
    y = np.log(amounts)
    exponent = float(((x - centre) * y).sum() / spread)
    rest = y - y.mean() - exponent * (x - centre)
    scatter = math.sqrt(float((rest**2).sum()) / (len(x) - 2))
    half = stdtrit(len(x) - 2, UPPER) * scatter / math.sqrt(spread)
    return Growth(
        size=sizes,
        amount=amounts,
        exponent=exponent,
        exponent_low=exponent - half,
        exponent_high=exponent + half,
        factor=math.exp(float(y.mean()) - exponent * centre),
        scatter=scatter,
    )


def hide_largest(growth: Growth) -> Prediction | None:
    """Predict the largest size from the others, as a test of the law.

    Returns:
        The prediction, to be held against the last amount; None where too few sizes
        would be left or the largest is more than a decade beyond the next.
    """
    if len(growth.size) <= MIN_SIZES:
        return None
    rest = fit_growth(growth.size[:-1], growth.amount[:-1])
    largest = float(growth.size[-1])
    if largest > DECADE * float(rest.size[-1]):
        return None
    return rest.predict(largest)


def required_ratio(run: PublishedRun, hours: float, boundary: Boundary) -> Quantity:
    """Say which rho would repay some hours of people at a published training run.

    That is 1 - hours x energy of an hour / energy of the run. Below 0 not even training
    for nothing repays them.

    Args:
        run: whose energy was published.
        hours: of people, h; >= 0.
        boundary: what an hour is charged with.

    Returns:
        The ratio; hypothetical, since no such study was run.

    Raises:
        ValueError: the hours are negative or not finite.
    """
    if not 0.0 <= hours < math.inf:
        raise ValueError(f"`hours` must be finite and >= 0 h, got {hours}.")
    spent = human_hour_energy(boundary).scaled(hours, unit="J")
    share = spent.over(run.joules, unit="1", scope=Scope.CONSTANT)
    whole = exact(1.0, "1", Kind.HYPOTHETICAL, Scope.CONSTANT, "question inverted")
    return whole - share
