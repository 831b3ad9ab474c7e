"""Intervals: Wilson for shares, a paired bootstrap over replicates for everything else.

The bootstrap is Bayesian: resamples weigh replicates by a flat Dirichlet, so that none
loses all that it was drawn from. Its interval is the expanded percentile interval.
Percentiles commute with the logarithm, so on the log scale of a ratio it is the same
interval. Plain percentiles are too narrow by about sqrt((n - 1) / (n + 1)) and by the
normal quantile that stands in for Student's; taking them at
Phi(-sqrt((n + 1) / (n - 1)) t) instead mends both. How often runs get there is drawn
with each resample (`success`). How often the interval of rho holds the true ratio, by
failures of either side and replicates, is in experiments/rho_coverage.md.

References:
    Wilson (1927), Probable inference, the law of succession, and statistical inference,
    JASA 22, 209-212.
    Rubin (1981), The Bayesian bootstrap, The Annals of Statistics 9(1), 130-134.
    Hesterberg (2015), What teachers should know about the bootstrap, The American
    Statistician 69(4), section 5.3, "expanded percentile interval".
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from scipy.stats import binomtest

from hitl_sim.analysis.chance.success import ARM, CONTROL, mean_reached, per_success
from hitl_sim.array import BoolArray, FloatArray, IntArray

Kept = TypeVar("Kept")

LEVEL = 0.95
UPPER = 0.5 + LEVEL / 2
"""Share of a distribution below the upper end of its 95 % interval."""
NUM_RESAMPLES = 2_000
MIN_REPLICATES = 6
"""Fewer pairs bound nothing at 95 %: even the range of n draws misses the median with
probability 2^(1 - n), which is .0625 at 5."""


@dataclass(frozen=True)
class Bounded:
    """A number with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Return whether a number lies in the interval."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Proportion:
    """How often something happened in > 0 trials, with the 95 % Wilson interval."""

    hits: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """Return the share."""
        return self.hits / self.trials


@functools.lru_cache(4096)
def wilson(hits: int, trials: int) -> Proportion:
    """Bound a share by Wilson's score interval.

    Raises:
        ValueError: there are no trials, or more hits than trials.
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(
            f"`hits` must be in 0 to `trials` and `trials` > 0, got {hits} of {trials}."
        )
    found = binomtest(hits, trials).proportion_ci(LEVEL, "wilson")
    return Proportion(hits, trials, float(found.low), float(found.high))


@functools.cache
def resample(num_replicates: int, seed: int) -> FloatArray:
    """Draw the bootstrap's weights, the same for every condition of a base.

    Returns:
        `[B, R]` weight of each replicate in each resample, `R` in all; a pair has one.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.exponential(size=(NUM_RESAMPLES, num_replicates))
    weights = np.asarray(drawn * (num_replicates / drawn.sum(axis=1, keepdims=True)))
    weights.flags.writeable = False
    return weights


def tail(num_replicates: int) -> float:
    """Return the lower percentile of the expanded 95 % interval of >= 2 pairs."""
    student = float(stdtrit(num_replicates - 1, UPPER))
    stretch = math.sqrt((num_replicates + 1) / (num_replicates - 1))
    return NormalDist().cdf(-stretch * student)


def percentile_interval(draws: FloatArray, num_replicates: int) -> tuple[float, float]:
    """Read the expanded 95 % interval off the bootstrap's draws.

    Args:
        draws: `[B]` the statistic in each resample; may hold infinities. NaN, where a
            resample leaves it undefined, counts as the worst on either side.
        num_replicates: pairs that were resampled.

    Returns:
        (low, high). With fewer than `MIN_REPLICATES` pairs (-inf, inf): nothing is
        known.
    """
    if num_replicates < MIN_REPLICATES:
        return -math.inf, math.inf
    low, high = percentile_bounds(draws, num_replicates)
    return float(low), float(high)


def percentile_bounds(
    draws: FloatArray, num_replicates: int
) -> tuple[FloatArray, FloatArray]:
    """Read the expanded 95 % intervals of many statistics off their draws.

    Given `[B, ...]` draws as in `percentile_interval`, of >= 2 pairs; `[...]` low and
    high.
    """
    share, last = tail(num_replicates), len(draws) - 1
    first, final = math.floor(share * last), math.ceil((1 - share) * last)
    is_undefined = np.isnan(draws)
    if not is_undefined.any():
        ordered = np.partition(draws, (first, final), axis=0)
        return np.asarray(ordered[first]), np.asarray(ordered[final])
    below = np.partition(np.where(is_undefined, -np.inf, draws), first, axis=0)
    above = np.partition(np.where(is_undefined, np.inf, draws), final, axis=0)
    return np.asarray(below[first]), np.asarray(above[final])


@dataclass(frozen=True)
class CostSample:
    """What every run of a condition spent, and which of them got there, pair by pair.

    Attributes:
        spent: `[R]` what each run spent, in any one unit; or `[R, F]` amounts, to be
            priced.
        is_reached: `[R]` whether it reached its target.
        if_failed: `[R]` or `[R, F]` what it would have spent without reaching, at the
            cap; a failure of which no run has shown the price is not allowed for
            without it.
        names: `[F]` what the amounts are of.
    """

    spent: FloatArray
    is_reached: BoolArray
    if_failed: FloatArray | None = None
    names: tuple[str, ...] = ()
    _kept: dict[tuple[Any, ...], tuple[Any, FloatArray]] | None = field(
        default=None, compare=False, repr=False
    )

    def keeping(self) -> CostSample:
        """Return the same, which keeps what arrays of weights or prices make of it.

        So a control is drawn once for all that is held against it.
        """
        return replace(self, _kept={})

    @property
    def per_success(self) -> float:
        """Return all that was spent over the number of successes; inf without any."""
        successes = int(self.is_reached.sum())
        return float(self.spent.sum()) / successes if successes else math.inf

    @property
    def pooled(self) -> FloatArray:
        """Return `[F]` amounts over the successes; without any inf, or 0 of nothing."""
        spent, successes = self.spent.sum(axis=0), int(self.is_reached.sum())
        if not successes:
            return np.where(spent > 0.0, np.inf, 0.0)
        return np.asarray(spent / successes)

    def priced(self, prices: FloatArray) -> CostSample:
        """Return what the amounts cost, run by run.

        Args:
            prices: `[F]` what one of everything costs; NaN where unavailable, so that
                what is used of it makes a run's cost NaN.
        """
        price = np.where(self._used, prices, 0.0)
        return self._mapped(lambda amounts: amounts @ price)

    def priced_by(self, prices: Mapping[str, float]) -> CostSample:
        """Return the same by names of the amounts; what has no price is free."""
        return self.priced(np.array([prices.get(name, 0.0) for name in self.names]))

    def select(self, rows: IntArray) -> CostSample:
        """Return the cost_sample of some of its runs, in the order given."""
        chosen = replace(self, is_reached=self.is_reached[rows], _kept=None)
        return chosen._mapped(lambda spent: spent[rows], self.names)

    def draws(
        self, weights: FloatArray, *, stream: int = ARM, may_fail: bool = False
    ) -> FloatArray:
        """Return `[B, ...]` spent per success in each resample; inf without a success.

        Args:
            weights: `[B, R]` weight of each run in each resample.
            stream: whose halves: `success.ARM` or `success.CONTROL`.
            may_fail: whether to allow for a failure though all runs reached.
        """

        def draw() -> FloatArray:
            # most amounts are of work that other tasks of a study do
            used = self._used if self.spent.ndim == 2 else ...
            drawn = np.zeros((len(weights), *self.spent.shape[1:]))
            drawn[:, used] = per_success(
                weights,
                self.spent[:, used],
                self.is_reached,
                None if self.if_failed is None else self.if_failed[:, used],
                stream=stream,
                may_fail=may_fail,
            )
            return drawn

        return self.once(weights, ("draws", stream, may_fail), draw)

    def means(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return `[B]` what a run spends that reaches, and one that does not.

        Of `[R]` that runs spent; without a cap failures cost nothing.
        """

        def draw() -> tuple[FloatArray, FloatArray]:
            at_cap = np.zeros_like(self.spent)
            if self.if_failed is not None:
                at_cap = self.if_failed
            reached = mean_reached(weights, self.spent, self.is_reached)
            return reached, weights @ at_cap / len(at_cap)

        return self.once(weights, ("means",), draw)

    def once(
        self,
        array: FloatArray,
        name: tuple[Any, ...],
        make: Callable[[], Kept],
    ) -> Kept:
        """Make something of weights or prices, or return what these very ones made."""
        if self._kept is None:
            return make()
        key = id(array), *name
        if key not in self._kept:
            # the array is kept too, so that no other one comes to have its id
            self._kept[key] = make(), array
        found: Kept = self._kept[key][0]
        return found

    def times(self, price: float) -> CostSample:
        """Return the cost_sample at a price of each of its units."""
        return self._mapped(lambda spent: spent * price)

    def plus(self, other: CostSample) -> CostSample:
        """Return the cost_sample with another of the same runs."""
        if_failed = None
        if self.if_failed is not None and other.if_failed is not None:
            if_failed = self.if_failed + other.if_failed
        return CostSample(self.spent + other.spent, self.is_reached, if_failed)

    @property
    def _used(self) -> BoolArray:
        """Mark `[F]` amounts of which some run used any, or would have at the cap."""
        used = self.spent.any(axis=0)
        if self.if_failed is not None:
            used = used | self.if_failed.any(axis=0)
        return np.asarray(used)

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Return what cost_samples that are the same run for run have in common."""
        return self.is_reached.tobytes(), (self.spent + 0.0).tobytes()

    def is_same(self, other: CostSample) -> bool:
        """Return whether two cost_samples are the same run for run."""
        return self.key == other.key

    def influence(self) -> FloatArray:
        """Return `[R, ...]` pseudo-values whose mean is what is spent per success.

        A ratio of sums is, to first order, the mean of them, and their spread over
        runs gives its standard error.

        References:
            Efron (1982), The jackknife, the bootstrap and other resampling plans,
            chapter 6.
        """
        share = self.is_reached.mean()
        if share == 0.0:
            return np.full(self.spent.shape, np.inf)
        whole = self.pooled
        own = self.spent - np.multiply.outer(self.is_reached, whole)
        return np.asarray(whole + own / share)

    def _mapped(
        self, change: Callable[[FloatArray], FloatArray], names: tuple[str, ...] = ()
    ) -> CostSample:
        if_failed = None if self.if_failed is None else change(self.if_failed)
        return CostSample(change(self.spent), self.is_reached, if_failed, names)


def draw_pair(
    arm: CostSample, control: CostSample, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return `[B]` spent per success by arm and control, drawn together.

    The same runs under two names are drawn alike: their ratio is 1.
    """
    stream = ARM if arm.is_same(control) else CONTROL
    may_fail = not control.is_reached.all()
    return (
        arm.draws(weights, may_fail=may_fail),
        control.draws(weights, stream=stream),
    )


def ratio_of(arm: npt.ArrayLike, control: npt.ArrayLike) -> FloatArray:
    """Divide expected costs; inf over inf is NaN (undefined), finite over inf 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.divide(arm, control), np.float64)


def log_variance_saved(paired: FloatArray, unpaired: FloatArray) -> float | None:
    """Return the share of a ratio's log variance that pairing saved.

    Returns:
        1 - paired / unpaired variance over `[B]` resamples; below 0 where pairing did
        harm. `None` where resamples without a success leave no variance.
    """
    both = np.stack([paired, unpaired])
    if not (np.isfinite(both) & (both > 0.0)).all():
        return None
    spread, whole = np.var(np.log(both), axis=1)
    return None if whole == 0.0 else float(1.0 - spread / whole)


def cost_interval(cost_sample: CostSample, weights: FloatArray) -> tuple[float, float]:
    """Bound the expected cost_sample per success.

    A condition without any success has its cost_sample per success bounded from below
    only: by its mean cost_sample over the upper Wilson bound of its chance of success.
    """
    num = len(cost_sample.spent)
    if num < MIN_REPLICATES:
        return 0.0, math.inf
    if not cost_sample.is_reached.any():
        return float(cost_sample.spent.mean()) / wilson(0, num).high, math.inf
    low, high = percentile_interval(cost_sample.draws(weights), num)
    return max(low, 0.0), high


def ratio_interval(
    arm: CostSample, control: CostSample, weights: FloatArray
) -> tuple[float, float]:
    """Bound the ratio of expected costs by the paired bootstrap.

    Arm and control are of the same replicates in the same order, and drawn together.

    Returns:
        (low, high); high is inf where no run of the arm reached, low is 0 where none
        of the control did.
    """
    num = len(arm.spent)
    if num < MIN_REPLICATES or not (arm.is_reached.any() or control.is_reached.any()):
        return 0.0, math.inf
    if not arm.is_reached.any():
        floor = cost_interval(arm, weights)[0]
        ceiling = cost_interval(control, weights)[1]
        return (floor / ceiling if math.isfinite(ceiling) else 0.0), math.inf
    if not control.is_reached.any():
        floor = cost_interval(control, weights)[0]
        return 0.0, cost_interval(arm, weights)[1] / floor
    low, high = percentile_interval(ratio_of(*draw_pair(arm, control, weights)), num)
    return max(low, 0.0), high


def mean_interval(values: npt.ArrayLike, weights: FloatArray) -> tuple[float, float]:
    """Bound a mean over replicates by the same bootstrap."""
    num = weights.shape[1]
    return percentile_interval(weights @ np.asarray(values, np.float64) / num, num)
