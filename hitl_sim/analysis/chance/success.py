"""What is spent per success in each resample, the chance of success drawn with it.

Per success, runs spend all that was spent over the number of successes. The Bayesian
bootstrap (`interval.resample`) draws both: with weights w from a flat Dirichlet the
chance to reach is drawn from Beta(s, f), of s successes and f failures. Half a success
and half a failure more, each of weight Gamma(1/2), make that Beta(s + 1/2, f + 1/2),
Jeffreys's posterior. The half failure spends what runs spend at the cap; the half
success what the mean run spends.

Where no run of either side failed, nothing is added: an allowance for what was never
seen would swallow every small effect, and an A/A interval would be twice as wide. An
arm that never failed beside a control that did is allowed half a failure, too. How many
failures a claim survives is worked out beside it (`claim`).

No bound of an arm falls where one more of its runs fails: in every resample more is
then spent, by fewer successes, and the control's draws rest on its own runs alone. The
halves of arm and control are drawn apart, for runs that happened to fail in the same
replicate do not show that they always will.

References:
    Rubin (1981), The Bayesian bootstrap, The Annals of Statistics 9(1), 130-134.
    Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion,
    Statistical Science 16(2), 101-133: Jeffreys's interval.
"""

import functools

import numpy as np

from hitl_sim.array import BoolArray, FloatArray

_JEFFREYS = 0.5
ARM, CONTROL = 0, 1
"""Streams of the halves: of what is above the line, and of what is below it."""


@functools.lru_cache(16)
def halves(num: int, stream: int) -> tuple[FloatArray, FloatArray]:
    """Draw `[B]` weights of half a success and of half a failure."""
    generator = np.random.default_rng([num, stream])
    success, failure = generator.gamma(_JEFFREYS, size=(2, num))
    return success, failure


def per_success(
    weights: FloatArray,
    spent: FloatArray,
    is_reached: BoolArray,
    if_failed: FloatArray | None = None,
    *,
    stream: int = ARM,
    may_fail: BoolArray | bool = False,
) -> FloatArray:
    """Return `[B, ...]` what is spent per success in each resample.

    Args:
        weights: `[B, R]` weight of each run in each resample; they sum to `R`.
        spent: `[R, ...]` what each run spent.
        is_reached: `[R]` whether each run reached, or `[R, ...]` as `spent`.
        if_failed: `[R, ...]` what each would have spent without reaching; where it is
            unknown, what failed runs spent.
        stream: `ARM` or `CONTROL`: conditions of one stream share their halves.
        may_fail: `[...]` whether to allow for a failure though every run reached; only
            where `if_failed` is known.

    Returns:
        Per resample; inf (0 of what nobody spent) where no run reached at all.
    """
    num, axes = len(is_reached), (1,) * (np.ndim(spent) - is_reached.ndim)
    reached = is_reached.reshape(*is_reached.shape, *axes)
    failed = num - reached.sum(axis=0)
    whole = weights @ spent
    is_open = (failed > 0) | (np.asarray(may_fail) & (if_failed is not None))
    if not is_open.any():
        return np.asarray(whole / num)
    success, failure = (
        np.where(is_open, half.reshape(-1, *(1,) * (np.ndim(spent) - 1)), 0.0)
        for half in halves(len(weights), stream)
    )
    at_cap = _mean_failed(spent, reached) if if_failed is None else weights @ if_failed
    with np.errstate(invalid="ignore", divide="ignore"):
        spent_so = whole * (1.0 + success / num) + failure * at_cap / num
        per = spent_so / (weights @ reached + success)
    return np.where(failed == num, np.where(whole > 0.0, np.inf, 0.0), per)


def _mean_failed(spent: FloatArray, reached: BoolArray) -> FloatArray:
    """Return `[...]` what failed runs spent, as many times as there are runs."""
    total = np.where(reached, 0.0, spent).sum(axis=0)
    share = np.maximum((~reached).mean(axis=0), 1.0 / len(spent))
    return np.asarray(total / share)


def mean_reached(
    weights: FloatArray, spent: FloatArray, is_reached: BoolArray
) -> FloatArray:
    """Return `[B, ...]` what runs `[R, ...]` spent that reached; NaN where none did."""
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights @ np.where(is_reached, spent, 0.0)
        return np.asarray(total / (weights @ is_reached))
