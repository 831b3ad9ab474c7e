"""What was published of clocks and power caps, and what the model says of the same.

A figure that a constant was chosen from is no test of the model: `is_fitted` tells.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np

from hitl_sim.energy.clock.model import best_clock, job_energy, job_time
from hitl_sim.energy.clock.share import (
    ClockShares,
    build_shares,
    default_shares,
    draw_shares,
)
from hitl_sim.energy.clock.unit import LOWEST_SHARE, capped_share
from hitl_sim.energy.monte_carlo import draw_interval
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.energy.shipped import read_shipped


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that was measured somewhere else.

    Attributes:
        name: as `fitted_to` of a constant cites it.
        setting: whether the clock was the best, or power was capped.
        measure: share of energy that is saved, or by which work takes longer.
        work: what ran.
        low: lower end of what was found, share.
        high: upper end; 1 where only a bound from below was told.
        by: who found it, in short.
        source: document, with what was measured how.
        year: of the source.
        caps: least and highest cap beside the usual limit; given exactly with a cap.

    Raises:
        ValueError: ends are out of order, or caps and setting contradict each other.
    """

    name: str
    setting: Literal["best_clock", "power_cap"]
    measure: Literal["saved", "slowed"]
    work: Literal["training", "inference"]
    low: float
    high: float
    by: str
    source: str
    year: int
    caps: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse a figure that says nothing."""
        if not 0.0 <= self.low <= self.high <= 1.0:
            raise ValueError(
                "`low` and `high` must be >= 0 and <= 1 and in order, got"
                f" {self.low} and {self.high}."
            )
        if (self.setting == "power_cap") != (self.caps is not None):
            raise ValueError(
                "`caps` must be given exactly where `setting` is 'power_cap', got"
                f" {self.caps} with {self.setting!r}."
            )

    @property
    def words(self) -> str:
        """Return the range in words, such as `8.7 to 23.1 %`."""
        low, high = (f"{100 * end:.3g}" for end in self.span)
        if self.high == 1.0:
            return f"{low} % or more"
        return f"{low} %" if low == high else f"{low} to {high} %"

    @property
    def span(self) -> tuple[float, float]:
        """Return both ends."""
        return self.low, self.high

    def holds_cap(self, cap_frac: float) -> bool:
        """Return whether a cap is among those that were tried."""
        return self.caps is not None and self.caps[0] <= cap_frac <= self.caps[1]


@functools.cache
def published_figures() -> tuple[Published, ...]:
    """Return the shipped figures."""
    form = dict[str, tuple[Published, ...]]
    return read_shipped("clock_sweeps.toml", form)["published"]


def is_fitted(figure: Published, shares: ClockShares | None = None) -> bool:
    """Return whether a constant of the model was chosen from a figure."""
    shares = default_shares() if shares is None else shares
    constants = (shares.static_frac, shares.memory_frac)
    return any(figure.name in constant.fitted_to for constant in constants)


def predict(figure: Published, shares: ClockShares | None = None) -> Quantity:
    """Return what the model says of a figure.

    Args:
        figure: what was measured.
        shares: of device and job; the shipped ones by default.

    Returns:
        The share that is saved or by which work takes longer, with the interval that
        the shares leave open, and the caps that were tried.
    """
    shares = default_shares() if shares is None else shares
    static, memory = shares.static_frac, shares.memory_frac
    ask = _asked(figure)
    low, high = figure.caps or (1.0, 1.0)
    value = ask(static.value, memory.value, 0.5 * (low + high))
    draws = draw_shares(shares)
    caps = np.linspace(low, high, len(draws))
    drawn = np.array(
        [ask(*pair, cap) for pair, cap in zip(draws, caps.tolist(), strict=True)]
    )
    return Quantity(
        value,
        "1",
        min(Kind(static.kind), Kind(memory.kind), Kind.MODELLED_ANALYTIC),
        Scope.CONSTANT,
        draw_interval(value, drawn),
        f"clock model; static share: {static.source} memory share: {memory.source}",
    )


def _asked(figure: Published) -> Callable[[float, float, float], float]:
    def ask(static: float, memory: float, cap: float) -> float:
        job, device = build_shares(static, memory)
        if figure.setting == "power_cap":
            clock = capped_share(static, cap) or LOWEST_SHARE
        else:
            clock = best_clock(job, device) or device.top_hz
        if figure.measure == "slowed":
            return float(job_time(job, clock) / job_time(job, device.top_hz) - 1.0)
        top = job_energy(job, device, device.top_hz)
        return float(1.0 - job_energy(job, device, clock) / top)

    return ask
