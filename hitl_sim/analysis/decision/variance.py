"""What the variance of a net benefit is made of: Monte-Carlo error and the world.

A net benefit is amounts times prices. Amounts are uncertain by chance, through the
replicates that a study happened to make; prices and constants by what is known of the
world. On the two-way layout of replicates and worlds the variance splits into what
chance makes alone, at average prices, what the world makes alone, at average amounts,
and what only both together make: with mean amounts d of covariance C, and mean prices p
of covariance W,

    variance = p' C p + d' W d + trace(C W).

These are the first-order Sobol indices of two groups, and their interaction; the three
shares are parts of their own sum, which is 1. The net benefit has a finite variance;
a break-even multiple, which is a ratio, has none.

References:
    Sobol' (2001), Global sensitivity indices for nonlinear mathematical models and
    their Monte Carlo estimates, Mathematics and Computers in Simulation 55, 271-280,
    section 4: groups of variables.
    Efron (1982), The jackknife, the bootstrap and other resampling plans, chapter 6:
    the variance of a mean of pseudo-values.
"""

import math
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.chance.interval import Bounded, percentile_interval
from hitl_sim.array import BoolArray, FloatArray
from hitl_sim.cost import Measure

_NUM_WORLD_DRAWS = 20
"""Resamples of the worlds; each serves a part of the replicates' resamples."""


@dataclass(frozen=True)
class Spread:
    """What the net benefit's variance is made of, in one measure.

    Attributes:
        measure: joules, usd or kgco2e.
        sd: standard deviation of the net benefit, by chance and world together.
        chance: share that is Monte-Carlo error; more replicates would remove it.
        world: share that is uncertainty about prices and constants; better sources
            would remove it.
        both: share that either would remove. Shares are NaN where a bill is unknown or
            nothing varies; their intervals are over replicates and worlds, and (0, 1)
            with too few replicates.
    """

    measure: Measure
    sd: float
    chance: Bounded
    world: Bounded
    both: Bounded


@dataclass(frozen=True)
class PriceMoments:
    """Mean and covariance of prices over worlds.

    Attributes:
        mean: `[K, F]` of all worlds first, then of resampled ones.
        covariance: `[K, F, F]`.
        is_known: `[F]` whether the price is known.
    """

    mean: FloatArray
    covariance: FloatArray
    is_known: BoolArray


def price_moments(prices: FloatArray, seed: int) -> PriceMoments:
    """Return the moments of prices, and of the same from resampled worlds.

    Prices are `[F, S]`, what one of everything costs in each world; NaN if unknown.
    """
    known = np.nan_to_num(prices)
    num = known.shape[1]
    rows = np.random.default_rng(seed).integers(0, num, (_NUM_WORLD_DRAWS, num))
    drawn = [known, *(known[:, row] for row in rows)]
    return PriceMoments(
        np.stack([one.mean(axis=1) for one in drawn]),
        np.stack([np.atleast_2d(np.cov(one, ddof=0)) for one in drawn]),
        np.asarray(~np.isnan(prices).any(axis=1)),
    )


def split_variance(
    measure: Measure, by_run: FloatArray, moments: PriceMoments, weights: FloatArray
) -> Spread:
    """Split the variance of a mean net benefit.

    Args:
        measure: what prices are in.
        by_run: `[R, F]` pseudo-values of what the control used beyond the arm.
        moments: of the prices.
        weights: `[B, R]` how often each replicate is in each resample; B is a multiple
            of 20, for each of so many resamples of the worlds serves as many of them.
    """
    num, unknown = len(by_run), Bounded(math.nan, 0.0, 1.0)
    used = (by_run != 0.0).any(axis=0)
    is_told = np.isfinite(by_run).all() and moments.is_known[used].all()
    parts = np.zeros(3)
    if num >= 2 and is_told:
        once = np.ones((1, 1, num))
        ((parts,),) = _parts(by_run, once, moments.mean[:1], moments.covariance[:1])
    whole = float(parts.sum())
    if whole <= 0.0:
        return Spread(measure, math.nan, unknown, unknown, unknown)
    by_world = weights.reshape(_NUM_WORLD_DRAWS, -1, num)
    draws = _parts(by_run, by_world, moments.mean[1:], moments.covariance[1:])
    draws = draws.reshape(-1, 3)
    with np.errstate(invalid="ignore"):
        shares = draws / draws.sum(axis=1, keepdims=True)
    found = []
    for part, column in zip(parts, shares.T, strict=True):
        low, high = percentile_interval(column, num)
        found.append(Bounded(float(part) / whole, max(low, 0.0), min(high, 1.0)))
    return Spread(measure, math.sqrt(whole), *found)


def _parts(
    by_run: FloatArray, weights: FloatArray, mean: FloatArray, covariance: FloatArray
) -> FloatArray:
    """Return `[K, B, 3]` the variance by chance, by the world, and by both together.

    Amounts are `[R, F]`, weights of resamples `[K, B, R]`; each of `K` worlds has its
    mean prices `[K, F]` and their covariance `[K, F, F]`.
    """
    num = len(by_run)
    middle = by_run.mean(axis=0)
    away = by_run - middle
    net, spread = mean @ away.T, _quadratic(away, covariance)
    shift = weights @ away / num
    world = _quadratic(middle + shift, covariance)
    chance = _dot(weights, net**2) / num - _dot(shift, mean) ** 2
    both = _dot(weights, spread) / num - _quadratic(shift, covariance)
    return np.stack([chance / (num - 1), world, both / (num - 1)], axis=-1)


def _dot(rows: FloatArray, values: FloatArray) -> FloatArray:
    """Return `[K, B]` products of `[K, B, N]` rows with `[K, N]` values."""
    return np.asarray((rows @ values[..., None])[..., 0])


def _quadratic(rows: FloatArray, covariance: FloatArray) -> FloatArray:
    return np.asarray((rows @ covariance * rows).sum(axis=-1))
