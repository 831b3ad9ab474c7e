"""How many runs may fail though few or none did: the failures of a study pooled.

None of 32 runs failed, and 9 % of such runs still may (Clopper and Pearson, one side of
95 %). So a condition borrows from those like it: the chances to fail of all conditions
are draws from one beta distribution, whose mean and whose size (how alike they are) are
unknown, and both are averaged over. Where no run of ten conditions fails, the bound of
each falls to about 1 %. Where some fail often, a condition is believed to be like them
only as far as its own runs allow.

A study states this prior: the mean follows Jeffreys's Beta(1/2, 1/2); the size, as many
runs as the prior is worth, is anything from 1 to 1,000, its logarithm even.

References:
    Gelman et al. (2013), Bayesian Data Analysis, 3rd edition, section 5.3: the
    beta-binomial hierarchy.
    Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion,
    Statistical Science 16(2), 101-133: Jeffreys's prior.
"""

import functools
import math

import numpy as np
from scipy.special import betainc, betaln, expit

from hitl_sim.array import FloatArray, IntArray

LEVEL = 0.975
"""Of the bound on the chance to fail; one-sided."""
FEW = 8
"""With fewer failures than this the draws of a condition's own runs are not enough."""
_LOGIT_MEAN = np.linspace(-9.0, 4.0, 53)
_SIZE = np.logspace(0.0, 3.0, 13)
_SHARE = np.concatenate([[0.0], np.logspace(-5.0, 0.0, 201)])
"""Where posteriors are tabulated."""
_MOST_REPLICATES = 100_000


@functools.cache
def _prior() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return `[G]` both parameters of the beta, and the log prior of the pair."""
    mean, size = np.meshgrid(expit(_LOGIT_MEAN), _SIZE, indexing="ij")
    log_prior = 0.5 * np.log(mean * (1.0 - mean))
    return (mean * size).ravel(), ((1.0 - mean) * size).ravel(), log_prior.ravel()


@functools.lru_cache(1024)
def _log_likelihood(failed: int, runs: int) -> FloatArray:
    """Return `[G]` the log chance of a count of failures."""
    first, second, _ = _prior()
    seen = betaln(first + failed, second + runs - failed)
    return np.asarray(seen - betaln(first, second))


@functools.lru_cache(256)
def _posterior_cdf(failed: int, runs: int) -> FloatArray:
    """Return `[G, F]` how surely the chance to fail is below each of `_SHARE`."""
    first, second, _ = _prior()
    above, below = (first + failed)[:, None], (second + runs - failed)[:, None]
    return np.asarray(betainc(above, below, _SHARE))


def bound_failures(failed: IntArray, runs: IntArray) -> tuple[FloatArray, FloatArray]:
    """Bound the chance of a run to fail, of the first of some conditions alike.

    Args:
        failed: `[..., C]` runs that failed in each condition.
        runs: `[C]` runs of each.

    Returns:
        `[...]` the share that it is above with a probability of `LEVEL`, and the share
        that it is below with the same.
    """
    counts = np.atleast_2d(failed)
    log_weight = np.tile(_prior()[2], (len(counts), 1))
    for column, num in enumerate(runs):
        values, which = np.unique(counts[:, column], return_inverse=True)
        table = [_log_likelihood(int(value), int(num)) for value in values]
        log_weight += np.stack(table)[which]
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    bound = np.empty((2, len(counts)))
    for own in np.unique(counts[:, 0]):
        rows = np.flatnonzero(counts[:, 0] == own)
        cdf = weight[rows] @ _posterior_cdf(int(own), int(runs[0]))
        ends = (1.0 - LEVEL, LEVEL)
        bound[:, rows] = np.stack([np.interp(ends, row, _SHARE) for row in cdf], axis=1)
    low, high = bound.reshape(2, *np.shape(failed)[:-1])
    return low, high


def least_spent(
    drawn: FloatArray, reached: FloatArray, if_failed: FloatArray, share: FloatArray
) -> FloatArray:
    """Return what is spent per success where as few fail as may.

    Args:
        drawn: `[B, ...]` what is drawn as spent per success.
        reached: `[B, ...]` by a run that reaches.
        if_failed: `[B, ...]` by one that does not.
        share: `[...]` the least share that fails; NaN where the draws tell.
    """
    least = reached + if_failed * share / (1.0 - share)
    return np.asarray(np.where(np.isnan(share), drawn, least))


@functools.lru_cache(256)
def replicates_for(
    share: float, failed: tuple[int, ...], runs: tuple[int, ...]
) -> int | None:
    """Return about how many replicates would bound the chance of a failure by a share.

    None of the first condition's runs fails in them, and of the others as large a share
    as was seen. The bound falls about as 1 / number, so each step goes where it would
    be met if it did exactly.

    Args:
        share: that is not to be exceeded.
        failed: runs that failed in each of the conditions alike; none of the first.
        runs: runs of each.

    Returns:
        The number, never below those of the first; None where it is above 100,000.
    """
    seen = np.array(failed[1:]) / np.array(runs[1:]) if len(runs) > 1 else np.array([])
    num = runs[0]
    while num <= _MOST_REPLICATES:
        bound = float(_unseen(seen, num))
        if bound <= share:
            return num
        num = max(num + 1, math.floor(num * min(bound / max(share, 1e-9), 1e6)))
    return None


def _unseen(seen: FloatArray, num: int) -> FloatArray:
    """Bound the chance of a condition of which none failed, without keeping tables.

    Of each other condition `[C]` the share `seen` of as many replicates failed.
    """
    first, second, log_prior = _prior()
    log_weight = log_prior + betaln(first, second + num) - betaln(first, second)
    for failed, times in np.stack(
        np.unique(np.round(seen * num), return_counts=True)
    ).T:
        both = betaln(first + failed, second + num - failed)
        log_weight = log_weight + times * (both - betaln(first, second))
    weight = np.exp(log_weight - log_weight.max())
    kept = weight > 1e-6 * weight.max()
    above, below = first[kept][:, None], (second[kept] + num)[:, None]
    cdf = weight[kept] / weight[kept].sum() @ betainc(above, below, _SHARE)
    return np.asarray(np.interp(LEVEL, cdf, _SHARE))


def share_survived(
    limit: FloatArray, without: FloatArray, if_failed: FloatArray, tail: float
) -> FloatArray:
    """Return the largest share of failing runs at which a claim still stands.

    Per success, runs that fail with chance f spend `without + if_failed f / (1 - f)`.
    A claim that this is at most `limit` stands where it holds in all resamples but the
    share `tail`; so f / (1 - f) may be as large as that percentile of what is left.

    Args:
        limit: `[B, ...]` what may be spent, by resample.
        without: `[B, ...]` what is spent by a run that gets there.
        if_failed: `[B, ...]` by one that does not.
        tail: share of resamples in which the claim may fail.

    Returns:
        `[...]` the share; 0 where the claim does not hold even without a failure.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        odds = np.where(if_failed > 0.0, (limit - without) / if_failed, np.inf)
    left = np.where(np.isnan(odds), -np.inf, odds)
    rank = math.floor(tail * (len(left) - 1))
    least = np.partition(left, rank, axis=0)[rank]
    most = np.maximum(least, 0.0)
    return np.asarray(1.0 - 1.0 / (1.0 + most))
