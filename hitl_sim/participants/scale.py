"""A statistic and the scale on which it is compared.

Rates are compared on the logit scale, times on the log scale, coefficients (kappa,
alpha, correlations, log differences) as they are.
"""

from typing import NamedTuple

import numpy as np

from hitl_sim.participants.record import Floats

RATE, TIME, PLAIN = "logit", "log", "plain"

# Rates are kept this far from 0 and 1, so that a quantile at the edge has a logit.
EDGE = 0.005
_FARTHEST = np.log((1.0 - EDGE) / EDGE) - 1e-9
MIN_ANSWERS = 10


class Statistic(NamedTuple):
    """A number and the scale on which it is compared."""

    scale: str
    value: float

    @property
    def place(self) -> float:
        """The number on its scale."""
        if self.scale == RATE:
            share = min(max(self.value, EDGE), 1.0 - EDGE)
            return float(np.log(share / (1.0 - share)))
        return float(np.log(self.value)) if self.scale == TIME else self.value

    @classmethod
    def from_place(cls, scale: str, place: float) -> "Statistic":
        """Return the statistic that lies at a place of its scale."""
        if scale == RATE and abs(place) >= _FARTHEST:
            return cls(scale, float(place > 0.0))
        if scale == RATE:
            return cls(scale, float(1.0 / (1.0 + np.exp(-place))))
        return cls(scale, float(np.exp(place)) if scale == TIME else place)


Table = dict[str, Statistic]


def quantiles(
    name: str, values: Floats, levels: tuple[int, ...], scale: str = RATE
) -> Table:
    """Return quantiles at levels in percent; none of fewer than ten values."""
    if values.size < MIN_ANSWERS:
        return {}
    found = np.percentile(values, levels)
    return {
        f"{name}, {level} %": Statistic(scale, float(value))
        for level, value in zip(levels, found, strict=True)
    }
