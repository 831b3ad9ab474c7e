"""Maxima of a posterior, how far people are shrunk, and the numbers that are told.

References:
    Liu, Nocedal (1989), On the limited memory BFGS method for large scale optimization,
    Mathematical Programming 45, 503-528.
    MacKay (1992), Bayesian interpolation, Neural Computation 4(3), 415-447: the fixed
    point for the spread of a trait over people.
    Louis (1982), Finding the observed information matrix when using the EM algorithm,
    JRSS B 44(2), 226-233.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, SupportsFloat

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike
from scipy import optimize
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hitl_sim.participants.fitting.padding import leaf
from hitl_sim.participants.record import Floats

Loss = Callable[..., Array]

# Step of a central difference in the largest param, on scales where 1 is wide: what a
# cubic bends there is some 1e-5 of the curvature; rounding of the slope is more.
_BEND_STEP = 0.01
# Reduction of the loss, as a share of it, that float32 can still tell.
_LEAST_GAIN = 1e-8


class Slope:
    """Value and slope of a loss at params laid flat, from one compiled program.

    Attributes:
        start: the params it was made from, flat.
    """

    def __init__(
        self,
        loss: Loss,
        start: Any,
        *arguments: Any,
        over: Sequence[Any] | None = None,
    ) -> None:
        """Prepare the slope.

        Args:
            loss: `loss(params, *arguments)`, a scalar or what sums to it: a sum in
                float64 tells steps apart that float32 does not. One function object
                per program.
            start: params, float32.
            *arguments: what else the loss takes.
            over: what the loss takes last, if given; it is averaged over these.
        """
        leaves, self._tree = jax.tree.flatten(start)
        self._shapes = [np.shape(leaf) for leaf in leaves]
        sizes = [int(np.prod(shape)) for shape in self._shapes]
        self._ends = np.cumsum(sizes)[:-1]
        self._loss, self._arguments = loss, arguments
        self._over = [()] if over is None else [(one,) for one in over]
        self.start = lay_flat(start)

    def unpack(self, flat: Floats) -> Any:
        """Return flat params as the tree they were."""
        parts = zip(np.split(flat, self._ends), self._shapes, strict=True)
        laid = [np.asarray(part, np.float32).reshape(shape) for part, shape in parts]
        return jax.tree.unflatten(self._tree, laid)

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        """Return value and slope."""
        at = self.unpack(flat)
        found = [
            _value_and_slope(self._loss, at, *self._arguments, *one)
            for one in self._over
        ]
        total = np.zeros(flat.size)
        value = 0.0
        for parts, slope in found:
            value += float(np.asarray(parts, float).sum())
            total += lay_flat(slope)
        return value / len(found), total / len(found)

    def bend(self, flat: Floats, direction: Floats) -> Floats:
        """Return how the slope changes along a direction, by a central difference."""
        largest = float(np.abs(direction).max())
        if not largest:
            return np.zeros(flat.size)
        step = _BEND_STEP / largest
        ahead, behind = (self(flat + way * step * direction)[1] for way in (1, -1))
        return (ahead - behind) / (2.0 * step)


def minimise(
    loss: Loss,
    start: Any,
    num_steps: int,
    *arguments: Any,
    over: Sequence[Any] | None = None,
) -> Any:
    """Take L-BFGS steps with a line search, and return the params of the last.

    Arguments are those of `Slope`, `num_steps` the most steps.
    """
    slope = Slope(loss, start, *arguments, over=over)
    # steps are short vectors: threads would only wait for each other
    with threadpool_limits(1, "blas"):
        found = optimize.minimize(
            slope,
            slope.start,
            method="L-BFGS-B",
            jac=True,
            options={"maxiter": num_steps, "ftol": _LEAST_GAIN},
        )
    return slope.unpack(found.x)


@partial(jax.jit, static_argnums=0)
def _value_and_slope(loss: Loss, params: Any, *arguments: Any) -> tuple[Array, Any]:
    def total(at: Any) -> tuple[Array, Array]:
        parts = loss(at, *arguments)
        return jnp.sum(parts), parts

    slope, parts = jax.grad(total, has_aux=True)(params)
    return parts, slope


def lay_flat(params: Any) -> Floats:
    """Lay the leaves of a tree out in one vector, float64."""
    leaves = [np.ravel(leaf) for leaf in jax.tree.leaves(params)]
    return np.concatenate(leaves).astype(float)


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
    """
    low, high = -6.0, 4.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        slope = squares * np.exp(-2.0 * middle) - freedom
        slope -= (middle - prior.mean) / prior.sd**2
        low, high = (middle, high) if slope > 0 else (low, middle)
    return float(np.exp(0.5 * (low + high)))


def respread(prior: Prior, spread: SupportsFloat, u: ArrayLike, h: ArrayLike) -> Any:
    """Take MacKay's step for the spread of a trait over people.

    `u` are standardised deviations of people, `h` curvatures of the log posterior in
    them; the prior is of the spread's log.
    """
    deviation, bent = np.asarray(u, float), np.asarray(h, float)
    squares = float(np.square(float(spread) * deviation).sum())
    freedom = float((1.0 - 1.0 / bent).sum())
    return leaf(solve_spread(prior, squares, freedom))


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


def spread_error(prior: Prior, u: ArrayLike, h: ArrayLike) -> float:
    """Return the standard error of the log of a spread, by the formula of Louis.

    `u` are standardised deviations of people, `h` curvatures in them.
    """
    m2, v = np.square(np.asarray(u, float)), 1.0 / np.asarray(h, float)
    known = float(np.sum(2.0 * (m2 + v) - (2.0 * v**2 + 4.0 * m2 * v)))
    return float(1.0 / np.sqrt(max(known, 0.0) + prior.sd**-2))


_Z = 1.959963984540054
# Less than half of the variance believed beforehand must be left.
_MOST_LEFT = 0.5


@dataclass(frozen=True)
class FittedNumber:
    """One number of a fitted crowd.

    Attributes:
        name: a parameter of `oracles.parameter`, or in words what no population has.
        value: the number; nan where it was not seen.
        low: lower end of the 95 % interval; nan where there is none.
        high: upper end.
        is_identified: whether the answers decide it.
        note: why not, or how.
        is_weak: whether they decide it from less than one would want.
    """

    name: str
    value: float
    low: float
    high: float
    is_identified: bool = True
    note: str = ""
    is_weak: bool = False


def from_scale(
    name: str,
    centre: SupportsFloat,
    sd: SupportsFloat,
    prior: Prior,
    scale: Callable[[float], float] | None = None,
) -> FittedNumber:
    """Turn an estimate on a scale without bounds into a number.

    Args:
        name: of the number.
        centre: estimate on the scale.
        sd: its standard error there.
        prior: what was believed on the scale.
        scale: turns the scale into the number; None where it is the number.
    """
    turn = scale if scale is not None else float
    middle, error = float(centre), float(sd)
    low, high = sorted(float(turn(middle + side * _Z * error)) for side in (-1, 1))
    left = (error / prior.sd) ** 2
    is_identified = left < _MOST_LEFT
    note = ""
    if not is_identified:
        note = f"{min(left, 1.0):.0%} of the variance believed beforehand is left"
    return FittedNumber(name, float(turn(middle)), low, high, is_identified, note)


def not_seen(name: str, why: str) -> FittedNumber:
    """Return a number that the answers say nothing of."""
    nothing = float("nan")
    return FittedNumber(name, nothing, nothing, nothing, False, why)
