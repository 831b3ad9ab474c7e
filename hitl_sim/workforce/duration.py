"""How long things take: a mean, a shape, and draws of both engines."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import gamma, ndtr

from hitl_sim.array import FloatArray

Shape = Literal["fixed", "exponential", "lognormal", "weibull"]
_BLOCK = 4_096


@dataclass(frozen=True)
class Duration:
    """A random time.

    Attributes:
        mean_s: its mean, s; >= 0.
        shape: "fixed", "exponential", "lognormal" or "weibull".
        spread: of a lognormal, the standard deviation of its logarithm; > 0. Of a
            Weibull, its shape: below 1 the hazard falls with time, at 1 it is
            exponential; > 0. Without meaning for the others.
    """

    mean_s: float
    shape: Shape = "exponential"
    spread: float = 1.0

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> FloatArray:
        """Draw times, s."""
        if self.shape == "fixed":
            return np.full(size, self.mean_s)
        if self.shape == "exponential":
            return rng.exponential(self.mean_s, size)
        if self.shape == "lognormal":
            middle = math.log(self.mean_s) - self.spread**2 / 2.0
            return np.exp(middle + self.spread * rng.standard_normal(size))
        return self._scale * rng.weibull(self.spread, size)

    def survival(self, time_s: FloatArray) -> FloatArray:
        """Return the probability that it takes longer than each time (s, >= 0)."""
        time_s = np.asarray(time_s, np.float64)
        if self.shape == "fixed":
            return np.where(time_s < self.mean_s, 1.0, 0.0)
        if self.shape == "exponential":
            return np.exp(-time_s / self.mean_s)
        if self.shape == "lognormal":
            middle = math.log(self.mean_s) - self.spread**2 / 2.0
            with np.errstate(divide="ignore"):
                return np.asarray(ndtr((middle - np.log(time_s)) / self.spread))
        return np.exp(-((time_s / self._scale) ** self.spread))

    @property
    def _scale(self) -> float:
        return float(self.mean_s / gamma(1.0 + 1.0 / self.spread))


def with_half_life(
    half_life_s: float, shape: Shape = "exponential", spread: float = 1.0
) -> Duration:
    """Return the exponential or Weibull time that half of all people stay longer than.

    Raises:
        ValueError: another shape, which is not what a half-life is told of.
    """
    if shape not in ("exponential", "weibull"):
        raise ValueError(
            "`shape` must be 'exponential' or 'weibull' for a half-life, got "
            f"{shape!r}."
        )
    power = 1.0 if shape == "exponential" else spread
    scale_s = half_life_s / math.log(2.0) ** (1.0 / power)
    return Duration(scale_s * float(gamma(1.0 + 1.0 / power)), shape, power)


def check_duration(name: str, duration: Duration) -> None:
    """Refuse a time that cannot be.

    Args:
        name: of the field that it stands in, for the message.
        duration: what it holds.

    Raises:
        ValueError: the mean or spread is out of range, or the shape is unknown.
    """
    least = duration.shape in ("fixed",)
    is_mean = 0 <= duration.mean_s < math.inf and (least or duration.mean_s > 0)
    if duration.shape not in get_args(Shape):
        raise ValueError(
            f"`{name}.shape` must be one of {', '.join(map(repr, get_args(Shape)))}, "
            f"got {duration.shape!r}."
        )
    if not is_mean:
        raise ValueError(
            f"`{name}.mean_s` must be finite and {'>=' if least else '>'} 0 s, got "
            f"{duration.mean_s!r}."
        )
    if not 0 < duration.spread < math.inf:
        raise ValueError(
            f"`{name}.spread` must be finite and > 0, got {duration.spread!r}."
        )


def stream_of(duration: Duration, rng: np.random.Generator) -> Iterator[float]:
    """Yield draws of one time without end, drawn in blocks."""
    while True:
        yield from duration.draw(rng, _BLOCK).tolist()


def uniforms(rng: np.random.Generator) -> Iterator[float]:
    """Yield numbers of [0, 1) without end, drawn in blocks."""
    while True:
        yield from rng.random(_BLOCK).tolist()
