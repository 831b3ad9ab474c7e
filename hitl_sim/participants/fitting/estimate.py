"""Maxima of a posterior, how far people are shrunk, and the numbers that are told.

References:
    Liu, Nocedal (1989), On the limited memory BFGS method for large scale optimization,
    Mathematical Programming 45, 503-528.
    MacKay (1992), Bayesian interpolation, Neural Computation 4(3), 415-447: the fixed
    point for the spread of a trait over people.
    Louis (1982), Finding the observed information matrix when using the EM algorithm,
    JRSS B 44(2), 226-233.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, SupportsFloat

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike
from scipy import optimize

from hitl_sim.participants.record import Floats

Loss = Callable[..., Array]


def minimise(loss: Loss, start: Any, num_steps: int, *arguments: Any) -> Any:
    """Take L-BFGS steps with a line search, and return the params of the last.

    Args:
        loss: `loss(params, *arguments)`, a scalar; one function object per program.
        start: params to start from, float32.
        num_steps: most steps.
        *arguments: what else the loss takes.
    """
    leaves, tree = jax.tree.flatten(start)
    shapes = [np.shape(leaf) for leaf in leaves]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def unpack(flat: Floats) -> Any:
        parts = zip(np.split(flat, ends), shapes, strict=True)
        laid = [np.float32(part).reshape(shape) for part, shape in parts]
        return jax.tree.unflatten(tree, laid)

    def value_and_slope(flat: Floats) -> tuple[float, Floats]:
        value, slope = _value_and_slope(loss, unpack(flat), *arguments)
        return float(value), lay_flat(slope)

    found = optimize.minimize(
        value_and_slope,
        lay_flat(start),
        method="L-BFGS-B",
        jac=True,
        options={"maxiter": num_steps},
    )
    return jax.tree.map(jnp.asarray, unpack(found.x))


@partial(jax.jit, static_argnums=0)
def _value_and_slope(loss: Loss, params: Any, *arguments: Any) -> tuple[Array, Any]:
    return jax.value_and_grad(loss)(params, *arguments)


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


def respread(prior: Prior, spread: Array, u: Array, h: Array) -> Array:
    """Take MacKay's step for the spread of a trait over people.

    `u` are standardised deviations of people, `h` curvatures of the log posterior in
    them; the prior is of the spread's log.
    """
    squares = float(jnp.sum(jnp.square(spread * u)))
    freedom = float(jnp.sum(1.0 - 1.0 / h))
    return jnp.asarray(solve_spread(prior, squares, freedom), jnp.float32)


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
