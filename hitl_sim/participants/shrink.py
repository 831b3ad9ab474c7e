"""How far people are shrunk towards their crowd: the spread of a trait over people."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from hitl_sim.participants.record import Floats


class Prior(NamedTuple):
    """Mean and standard deviation of a normal prior."""

    mean: float
    sd: float


def solve_spread(prior: Prior, squares: float, freedom: float) -> float:
    """Solve squares / s^2 - freedom - (log s - mean) / sd^2 = 0, falling in log s.

    Args:
        prior: of log s.
        squares: sum of squared deviations of people.
        freedom: how many of them the answers, and not the prior, decide.

    Returns:
        The standard deviation s.

    References:
        MacKay (1992), Bayesian interpolation, Neural Computation 4(3), 415-447.
    """
    low, high = -6.0, 4.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        slope = squares * np.exp(-2.0 * middle) - freedom
        slope -= (middle - prior.mean) / prior.sd**2
        low, high = (middle, high) if slope > 0 else (low, middle)
    return float(np.exp(0.5 * (low + high)))


def inverse_curvature(curvature: Floats, priors: Iterable[Prior]) -> Floats:
    """Return the covariance of a crowd's numbers from the curvature of their posterior.

    Args:
        curvature: `[G, G]`, which rounding may have left unsymmetric.
        priors: of the numbers; nothing is known worse than twice as badly as they say.
    """
    value, vector = np.linalg.eigh((curvature + curvature.T) / 2.0)
    least = min(0.25 / prior.sd**2 for prior in priors)
    inverse: Floats = (vector / np.maximum(value, least)) @ vector.T
    return inverse


def spread_error(prior: Prior, u: Floats, h: Floats) -> float:
    """Return the standard error of the log of a spread, by the formula of Louis.

    Args:
        prior: of the log.
        u: standardised deviations of people.
        h: curvatures of the log posterior in them.
    """
    m2, v = np.square(u), 1.0 / h
    known = float(np.sum(2.0 * (m2 + v) - (2.0 * v**2 + 4.0 * m2 * v)))
    return float(1.0 / np.sqrt(max(known, 0.0) + prior.sd**-2))
