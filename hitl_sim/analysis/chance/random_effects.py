"""Random-effects summary: how an effect varies over tasks, and what its mean is.

Of effects y with standard errors s on k tasks, y = mu + u + e: u varies between tasks
with variance tau2, e is chance with variance s squared. Standard errors are taken as
known, and tasks as independent draws from those that one would want to know about.

The mean weighs tasks by w = 1 / (s ** 2 + tau2). Its interval is Hartung and Knapp's
with Student's t of k - 1 degrees of freedom, and their factor is never taken below 1,
so that the interval is never narrower than Wald's (Röver, Knapp and Friede). The
prediction interval, in which the effect of one new task lies, takes t of k - 2 degrees
of freedom (Higgins, Thompson and Spiegelhalter) around the same standard error of the
mean (Partlett and Riley), for a mean and a variance are estimated. Even so it is too
narrow where tasks differ by no more than chance, since tau2 is then often found to be
0. With standard errors of .05 to .2 and a deviation between tasks of .05, .1 and .3, it
held a new effect in 97, 92 and 93 % of 2,000 draws of 5 tasks and in 84, 87 and 94 % of
20, tau2 by REML; the interval of the mean held it in 94 to 99 %.

References:
    DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical
    Trials 7, 177-188: tau2 by moments.
    Paule and Mandel (1982), Consensus values and weighting factors, Journal of Research
    of the National Bureau of Standards 87, 377-385: tau2 at which Q is k - 1.
    Viechtbauer (2005), Bias and efficiency of meta-analytic variance estimators in the
    random-effects model, Journal of Educational and Behavioral Statistics 30, 261-293:
    the restricted likelihood.
    Hartung and Knapp (2001), On tests of the overall treatment effect in meta-analysis
    with normally distributed responses, Statistics in Medicine 20, 1771-1782.
    Röver, Knapp and Friede (2015), Hartung-Knapp-Sidik-Jonkman approach and its
    modification for random-effects meta-analysis with few studies, BMC Medical Research
    Methodology 15:99.
    Higgins, Thompson and Spiegelhalter (2009), A re-evaluation of random-effects
    meta-analysis, Journal of the Royal Statistical Society A 172, 137-159.
    Partlett and Riley (2017), Random effects meta-analysis: coverage performance of
    95 % confidence and prediction intervals following REML estimation, Statistics in
    Medicine 36, 301-317.
    Higgins and Thompson (2002), Quantifying heterogeneity in a meta-analysis,
    Statistics in Medicine 21, 1539-1558: the typical variance within a task, equation
    9, and I2.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtrit

from hitl_sim.analysis.chance.interval import UPPER, Bounded
from hitl_sim.array import FloatArray, some_of

Method = Literal["REML", "PM", "DL"]
"""Restricted maximum likelihood, Paule and Mandel, DerSimonian and Laird."""
MIN_EFFECTS = 2
"""A single effect tells nothing of how effects vary."""
_GRID = np.geomspace(1e-8, 1e4, 241)
"""Where the restricted likelihood is searched, in multiples of a variance."""
_EXACT = 4.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class RandomEffects:
    """The summary of k effects, in the unit of the effects.

    Attributes:
        num: k.
        method: how tau2 was estimated.
        mean: the mean effect, with its 95 % Hartung-Knapp interval.
        error: standard error of the mean with Hartung and Knapp's factor, >= Wald's.
        wald_error: Wald's standard error, 1 / sqrt(sum of weights).
        tau2: variance of effects between tasks, >= 0.
        i2_frac: I2, the share of the variance of effects that is between tasks.
        q: Cochran's Q; about k - 1 where effects differ by chance alone.
        predicted: where the effect of one new task lies, 95 %; None below 3 effects.
    """

    num: int
    method: Method
    mean: Bounded
    error: float
    wald_error: float
    tau2: float
    i2_frac: float
    q: float
    predicted: Bounded | None


def combine(
    effect: npt.ArrayLike, error: npt.ArrayLike, method: Method = "REML"
) -> RandomEffects:
    """Summarise effects by a random-effects model.

    Args:
        effect: `[k]` effect on each task, such as log rho; k >= `MIN_EFFECTS`.
        error: `[k]` standard error of each; finite and > 0.
        method: how tau2 is estimated: 'REML', 'PM' or 'DL'.

    Raises:
        ValueError: there are too few effects, one is not finite, a standard error is
            not > 0, or there is no such method.
    """
    y, s = np.asarray(effect, np.float64), np.asarray(error, np.float64)
    if y.ndim != 1 or len(y) < MIN_EFFECTS or not np.isfinite(y).all():
        raise ValueError(
            f"`effect` must hold {MIN_EFFECTS} or more finite numbers, got"
            f" {some_of(y)}."
        )
    if s.shape != y.shape or not (np.isfinite(s) & (s > 0.0)).all():
        raise ValueError(
            f"`error` must be finite and > 0 for each of {len(y)} effects, got"
            f" {some_of(s)}."
        )
    if method not in _ESTIMATORS:
        allowed = ", ".join(map(repr, _ESTIMATORS))
        raise ValueError(f"`method` must be one of {allowed}, got {method!r}.")
    within, num = s**2, len(y)
    tau2 = _ESTIMATORS[method](y, within)
    weight = 1.0 / (within + tau2)
    mean = _mean(y, weight)
    wald = 1.0 / math.sqrt(weight.sum())
    factor = float((weight * (y - mean) ** 2).sum()) / (num - 1)
    spread = wald * math.sqrt(max(1.0, factor))
    half = float(stdtrit(num - 1, UPPER)) * spread
    typical = _typical_variance(within)
    return RandomEffects(
        num=num,
        method=method,
        mean=Bounded(mean, mean - half, mean + half),
        error=spread,
        wald_error=wald,
        tau2=tau2,
        i2_frac=tau2 / (tau2 + typical),
        q=_cochran(y, within, 0.0),
        predicted=_predict(mean, math.hypot(math.sqrt(tau2), spread), num),
    )


def _predict(mean: float, spread: float, num: int) -> Bounded | None:
    """Bound the effect of one new task."""
    if num < 3:
        return None
    half = float(stdtrit(num - 2, UPPER)) * spread
    return Bounded(mean, mean - half, mean + half)


def _mean(y: FloatArray, weight: FloatArray) -> float:
    return float((weight * y).sum() / weight.sum())


def _typical_variance(within: FloatArray) -> float:
    """Return the variance within a typical task (Higgins and Thompson, equation 9)."""
    weight = 1.0 / within
    total = weight.sum()
    return float((len(within) - 1) * total / (total**2 - (weight**2).sum()))


def _cochran(y: FloatArray, within: FloatArray, tau2: float) -> float:
    """Return Q, the weighted sum of squares around the weighted mean, at some tau2."""
    weight = 1.0 / (within + tau2)
    return float((weight * (y - _mean(y, weight)) ** 2).sum())


def _by_moments(y: FloatArray, within: FloatArray) -> float:
    """Estimate tau2 by moments (DerSimonian and Laird)."""
    weight = 1.0 / within
    total = weight.sum()
    excess = _cochran(y, within, 0.0) - (len(y) - 1)
    return max(0.0, float(excess / (total - (weight**2).sum() / total)))


def _by_q(y: FloatArray, within: FloatArray) -> float:
    """Solve Q(tau2) = k - 1, which falls in tau2 (Paule and Mandel)."""

    def excess(tau2: float) -> float:
        return _cochran(y, within, tau2) - (len(y) - 1)

    if excess(0.0) <= 0.0:
        return 0.0
    # beyond the sum of squares no Q is above k - 1
    high = float(((y - y.mean()) ** 2).sum()) + float(within.max())
    return float(brentq(excess, 0.0, high, xtol=1e-15, rtol=_EXACT))


def _by_likelihood(y: FloatArray, within: FloatArray) -> float:
    """Maximise the restricted likelihood over tau2 >= 0 (Viechtbauer).

    It may have several maxima, so that it is searched before its slope is solved.
    """
    scale = float(np.var(y)) + _typical_variance(within)
    grid = np.concatenate([[0.0], scale * _GRID])
    best = int(np.argmax(_log_likelihood(y, within, grid)))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(_GRID))])
    if _slope(y, within, low) <= 0.0:
        return low
    return float(
        brentq(lambda t: _slope(y, within, t), low, high, xtol=1e-15, rtol=_EXACT)
    )


def _log_likelihood(y: FloatArray, within: FloatArray, tau2: FloatArray) -> FloatArray:
    """Return `[G]` restricted log likelihoods, but for a constant, at `[G]` tau2."""
    weight = 1.0 / (within + tau2[:, None])
    total = weight.sum(axis=1)
    mean = weight @ y / total
    away = (weight * (y - mean[:, None]) ** 2).sum(axis=1)
    return np.asarray(0.5 * (np.log(weight).sum(axis=1) - np.log(total) - away))


def _slope(y: FloatArray, within: FloatArray, tau2: float) -> float:
    """Return the derivative of the restricted log likelihood by tau2."""
    weight = 1.0 / (within + tau2)
    squares = weight**2
    away = (squares * (y - _mean(y, weight)) ** 2).sum()
    return 0.5 * float(away - weight.sum() + squares.sum() / weight.sum())


_ESTIMATORS: dict[Method, Callable[[FloatArray, FloatArray], float]] = {
    "REML": _by_likelihood,
    "PM": _by_q,
    "DL": _by_moments,
}
