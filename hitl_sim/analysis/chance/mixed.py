"""A linear model with effects of groups, whose spreads are integrated out.

Values y with known standard errors s:

    y = X b + sum over k of sd[k] w[k] u[k, group] + sd[residual] e + s e'

where u, e and e' are standard normal, and w[k] is 1 for an intercept or a covariate for
a slope that differs from group to group. Nothing is assumed of b (a flat prior, so b is
integrated out in closed form: the restricted likelihood). Each standard deviation has a
half-normal prior of a stated scale. Given the standard deviations all else is normal;
over them is summed by importance sampling from Student's t around the mode. Intervals
are quantiles of the mixture of normals that this leaves, so that they hold what is not
known of the spreads, too: intervals at estimated spreads are too narrow where groups
are few.

References:
    Patterson and Thompson (1971), Recovery of inter-block information when block sizes
    are unequal, Biometrika 58, 545-554: the restricted likelihood.
    Gelman (2006), Prior distributions for variance parameters in hierarchical models,
    Bayesian Analysis 1, 515-534: priors on standard deviations.
    Geweke (1989), Bayesian inference in econometric models using Monte Carlo
    integration, Econometrica 57, 1317-1339: importance sampling around the mode.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import brentq, minimize
from scipy.special import ndtr
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hitl_sim.analysis.chance.interval import Bounded
from hitl_sim.array import FloatArray, some_of

NUM_DRAWS = 300
"""Draws of the standard deviations."""
_DF = 5.0
"""Degrees of freedom of the proposal."""
_STEP = 0.1
"""Step of the second differences, in log standard deviation."""
_LEAST, _MOST = -7.0, 3.0
"""Ends of log standard deviation that are searched: .001 to 20."""
_TINY = 1e-10


@dataclass(frozen=True)
class Effect:
    """Intercepts, or slopes, that differ from group to group.

    Attributes:
        name: of it.
        group: `[n]` the group of each value.
        weight: `[n]` 1 for intercepts, a covariate for slopes.
        scale: of the half-normal prior of its standard deviation, in units of y.
    """

    name: str
    group: tuple[str, ...]
    weight: FloatArray
    scale: float

    def covariance(self, other: "Effect") -> FloatArray:
        """Return `[n, m]` covariance with values of the same effect, at deviation 1."""
        same = np.asarray(self.group)[:, None] == np.asarray(other.group)[None]
        return np.where(same, np.outer(self.weight, other.weight), 0.0)


@dataclass(frozen=True)
class _Solved:
    """The model at one draw of its standard deviations.

    Attributes:
        deviation: `[K + 1]` the draw, the residual's last.
        factor: Cholesky factor of the covariance of y.
        coefficient: `[p]` b, with its covariance `inverse` `[p, p]`.
        residual: `[n]` y - X b.
        log_likelihood: restricted, up to a constant.
    """

    deviation: FloatArray
    factor: Any
    coefficient: FloatArray
    inverse: FloatArray
    residual: FloatArray
    log_likelihood: float


@dataclass(frozen=True)
class Mixed:
    """The model given its data.

    Attributes:
        design: `[n, p]` X.
        effects: of groups.
        draws: `J` of them, solved.
        chance: `[J]` their weights, which sum to 1.
    """

    design: FloatArray
    effects: tuple[Effect, ...]
    draws: tuple[_Solved, ...]
    chance: FloatArray

    def coefficient(self, row: npt.ArrayLike, level: float) -> Bounded:
        """Estimate a sum of coefficients, row'b, with its central interval."""
        x = np.asarray(row, np.float64)
        mean = np.array([x @ one.coefficient for one in self.draws])
        variance = np.array([x @ one.inverse @ x for one in self.draws])
        return _central(mean, variance, self.chance, level)

    def predict(
        self, row: npt.ArrayLike, effects: Sequence[Effect], error: float, level: float
    ) -> Bounded:
        """Predict one new value, its own standard error and the residual included.

        Args:
            row: `[p]` of the design.
            effects: as the model's, of one value each.
            error: standard error of the new value, >= 0.
            level: of the central interval, such as .9.
        """
        x = np.asarray(row, np.float64)
        pairs = zip(self.effects, effects, strict=True)
        shared = np.stack([old.covariance(new)[:, 0] for old, new in pairs])
        own = np.array([float(new.covariance(new)[0, 0]) for new in effects])
        with threadpool_limits(1):
            told = [self._told(one, x, shared, own) for one in self.draws]
        mean, variance = np.array(told).T
        return _central(mean, variance + error**2, self.chance, level)

    def _told(
        self, one: _Solved, x: FloatArray, shared: FloatArray, own: FloatArray
    ) -> tuple[float, float]:
        """Return mean and variance of a new value at one draw, but for its own error.

        Args:
            one: the draw.
            x: `[p]` of the design.
            shared: `[K, n]` covariance with the data at deviation 1.
            own: `[K]` variance at deviation 1.
        """
        spread = one.deviation**2
        with_data = spread[:-1] @ shared
        weight = cho_solve(one.factor, with_data)
        rest = x - self.design.T @ weight
        mean = x @ one.coefficient + weight @ one.residual
        known = with_data @ weight - rest @ one.inverse @ rest
        return float(mean), float(spread[:-1] @ own - known + spread[-1])


def fit_mixed(
    value: npt.ArrayLike,
    error: npt.ArrayLike,
    design: npt.ArrayLike,
    effects: Sequence[Effect],
    residual: float,
    seed: int,
) -> Mixed:
    """Fit the model.

    Args:
        value: `[n]` y, finite.
        error: `[n]` standard errors, >= 0.
        design: `[n, p]` X of full rank, p < n.
        effects: of groups.
        residual: scale of the prior of the residual's standard deviation, > 0.
        seed: of the draws; the same one always gives the same intervals.

    Raises:
        ValueError: shapes differ, a number is not finite, or columns of the design
            cannot be told apart.
    """
    y, s = np.asarray(value, np.float64), np.asarray(error, np.float64)
    x = np.asarray(design, np.float64)
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s >= 0.0).all()):
        raise ValueError(
            "`value` must be finite and `error` finite and >= 0, got"
            f" {some_of(y)} and {some_of(s)}."
        )
    is_told = len(x) > x.shape[1] == np.linalg.matrix_rank(x)
    if len(x) != len(y) or not is_told:
        raise ValueError(
            f"`design` must have more rows than columns, {len(y)} of them, and columns"
            f" that can be told apart, got shape {x.shape}."
        )
    scale = np.array([*(effect.scale for effect in effects), residual])
    kernels = np.stack(
        [*(effect.covariance(effect) for effect in effects), np.eye(len(y))]
    )

    def solve(sd: FloatArray) -> _Solved:
        return _solve(y, s, x, kernels, sd)

    def minus_log_posterior(log_sd: FloatArray) -> float:
        sd = np.exp(log_sd)
        # half-normal in the deviation, and the change to its logarithm
        prior = -0.5 * ((sd / scale) ** 2).sum() + log_sd.sum()
        return -solve(sd).log_likelihood - float(prior)

    start = np.log(0.3 * scale)
    bounds = [(_LEAST, _MOST)] * len(scale)
    # matrices this small take fifty times as long where threads wait for each other
    with threadpool_limits(1):
        mode = minimize(minus_log_posterior, start, method="L-BFGS-B", bounds=bounds).x
        deviation, chance = _draw(minus_log_posterior, mode, seed)
        return Mixed(x, tuple(effects), tuple(map(solve, deviation)), chance)


def _draw(minus_log: Any, mode: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw deviations from Student's t around the mode, and weigh them."""
    curvature = _second_differences(minus_log, mode)
    values, vectors = np.linalg.eigh(curvature)
    # a direction along which nothing is learned is as wide as a prior there
    root = vectors / np.sqrt(np.clip(values, 0.5, None))
    rng = np.random.default_rng(seed)
    size = len(mode)
    normal = rng.standard_normal((NUM_DRAWS, size))
    stretch = np.sqrt(_DF / rng.chisquare(_DF, NUM_DRAWS))
    away = normal * stretch[:, None]
    log_sd = np.clip(mode + away @ root.T, _LEAST - 3.0, _MOST)
    proposal = -0.5 * (_DF + size) * np.log1p((away**2).sum(axis=1) / _DF)
    target = np.array([-minus_log(one) for one in log_sd])
    weight = target - proposal
    weight = np.exp(weight - weight.max())
    # truncated, so that no single draw is all there is (Ionides 2008)
    weight = np.minimum(weight, weight.mean() * math.sqrt(NUM_DRAWS))
    return np.exp(log_sd), weight / weight.sum()


def _second_differences(function: Any, at: FloatArray) -> FloatArray:
    size = len(at)
    steps = np.eye(size) * _STEP
    centre = function(at)
    up = np.array([function(at + step) for step in steps])
    down = np.array([function(at - step) for step in steps])
    found = np.diag((up + down - 2.0 * centre) / (_STEP) ** 2)
    for i in range(size):
        for j in range(i):
            both = function(at + steps[i] + steps[j])
            other = function(at - steps[i] - steps[j])
            mixed = both + other - up[i] - up[j] - down[i] - down[j] + 2.0 * centre
            found[i, j] = found[j, i] = mixed / (2.0 * (_STEP) ** 2)
    return found


def _solve(
    y: FloatArray, s: FloatArray, x: FloatArray, kernels: FloatArray, sd: FloatArray
) -> _Solved:
    """Solve for the coefficients at given standard deviations."""
    covariance = np.tensordot(sd**2, kernels, 1)
    covariance[np.diag_indices_from(covariance)] += s**2 + _TINY
    factor = cho_factor(covariance, lower=True)
    white = solve_triangular(factor[0], x, lower=True)
    told = solve_triangular(factor[0], y, lower=True)
    information = white.T @ white
    inverse = np.linalg.inv(information)
    coefficient = inverse @ (white.T @ told)
    left = told - white @ coefficient
    likelihood = (
        -np.log(np.diag(factor[0])).sum()
        - 0.5 * np.linalg.slogdet(information)[1]
        - 0.5 * left @ left
    )
    residual = y - x @ coefficient
    return _Solved(sd, factor, coefficient, inverse, residual, float(likelihood))


def _central(
    mean: FloatArray, variance: FloatArray, chance: FloatArray, level: float
) -> Bounded:
    """Return mean and central interval of a mixture of normals."""
    spread = np.sqrt(np.maximum(variance, _TINY))
    least, most = (mean - 40 * spread).min(), (mean + 40 * spread).max()

    def quantile(share: float) -> float:
        return float(
            brentq(lambda at: chance @ ndtr((at - mean) / spread) - share, least, most)
        )

    tail = 0.5 * (1.0 - level)
    return Bounded(float(chance @ mean), quantile(tail), quantile(1.0 - tail))
