"""What the clock model says of a device of which only shares are known.

It stands beside what was published of clocks and power caps. A figure that a constant
was chosen from is no test of the model: `is_fitted` tells.
"""

import functools
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hitl_sim.array import FloatArray
from hitl_sim.energy.clock.model import LOWEST_SHARE, Number
from hitl_sim.energy.monte_carlo import draw_interval, draw_source
from hitl_sim.energy.profile import Constant
from hitl_sim.energy.quantity import Kind, Quantity, Scope
from hitl_sim.energy.shipped import read_shipped

NUM_DRAWS = 4_000
_LOWEST = 1e-3
"""Lowest clock, as a share of the top one: low enough never to bind."""


class ClockConstant(Constant, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A constant of the clock model.

    Attributes:
        fitted_to: names of the published figures that it was chosen from; the model is
            calibrated to these and cannot be tested by them.
    """

    fitted_to: tuple[str, ...]


class ClockShares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares that the clock model needs, of a device and a job at its top clock.

    Attributes:
        static_frac: share of the power that does not follow the clock and ends with
            the job.
        memory_frac: share of the time that waits for memory.
    """

    static_frac: ClockConstant
    memory_frac: ClockConstant


@functools.cache
def default_shares() -> ClockShares:
    """Return the shipped shares, which are assumed."""
    return read_shipped("clocks.toml", ClockShares)


def draw_shares(shares: ClockShares) -> tuple[FloatArray, FloatArray]:
    """Draw the static and the memory share from their intervals, `[N]` each."""
    constants = {"static_frac": shares.static_frac, "memory_frac": shares.memory_frac}
    static, memory = (
        np.clip(draw_source(f"clock.{name}", *constant.ends, NUM_DRAWS), 1e-6, 1 - 1e-6)
        for name, constant in constants.items()
    )
    return static, memory


def lowered_clock(shares: ClockShares | None = None) -> tuple[Quantity, Quantity]:
    """Return what the best clock leaves of the energy and makes of the time.

    Returns:
        Energy at the best clock ÷ at the top clock, and the same of time; modelled from
        shares (the shipped ones by default) that are no better than assumed unless
        their own kind says so.
    """
    shares = default_shares() if shares is None else shares
    static, memory = shares.static_frac.value, shares.memory_frac.value
    centre = _at_clock(static, memory, _best_share(static))
    draws = draw_shares(shares)
    drawn = _at_clock(*draws, _best_share(draws[0]))
    energy, time = (
        share_quantity(shares, float(value), spread)
        for value, spread in zip(centre, drawn, strict=True)
    )
    return energy, time


def share_quantity(shares: ClockShares, value: float, drawn: npt.ArrayLike) -> Quantity:
    """Return what the model says, of a kind no better than that of its shares.

    Args:
        shares: of device and job.
        value: at the shares' own values.
        drawn: `[N]` at draws of them, as from `draw_shares`.
    """
    static, memory = shares.static_frac, shares.memory_frac
    return Quantity(
        value,
        "1",
        min(Kind(static.kind), Kind(memory.kind), Kind.MODELLED_ANALYTIC),
        Scope.CONSTANT,
        draw_interval(value, np.asarray(drawn)),
        f"clock model; static share: {static.source} memory share: {memory.source}",
    )


def _best_share(static: Number) -> Number:
    """Return the clock of least energy, beside the top one; see `clock.model`."""
    free: Number = np.cbrt(static / (2.0 * (1.0 - np.asarray(static))))
    return np.clip(free, _LOWEST, 1.0)


def _at_clock(static: Number, memory: Number, clock: Number) -> tuple[Number, Number]:
    """Return energy and time at a clock, all beside the top one."""
    computing = (1.0 - np.asarray(memory)) / clock
    time = computing + memory
    dynamic = 1.0 - np.asarray(static)
    energy = static * time + dynamic * np.power(clock, 3) * computing
    return energy / (static + dynamic * (1.0 - np.asarray(memory))), time


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
                "`caps` must be given exactly where `setting` is "
                f"'power_cap', got {self.caps} with {self.setting!r}."
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
    """Return what the model says of a figure, with shipped shares by default.

    Returns:
        The share that is saved or by which work takes longer, with the interval that
        the shares leave open, and the caps that were tried.
    """
    shares = default_shares() if shares is None else shares
    low, high = figure.caps or (1.0, 1.0)
    static, memory = shares.static_frac.value, shares.memory_frac.value
    value = _predicted(figure, static, memory, 0.5 * (low + high))
    caps = np.linspace(low, high, NUM_DRAWS)
    drawn = _predicted(figure, *draw_shares(shares), caps)
    return share_quantity(shares, float(value), drawn)


def _predicted(
    figure: Published, static: Number, memory: Number, cap: Number
) -> Number:
    """Return what the model says of a figure at some shares and some cap."""
    clock = _best_share(static)
    if figure.setting == "power_cap":
        free = np.cbrt((cap - np.asarray(static)) / (1.0 - np.asarray(static)))
        clock = np.clip(free, LOWEST_SHARE, 1.0)
    energy, time = _at_clock(static, memory, clock)
    return time - 1.0 if figure.measure == "slowed" else 1.0 - energy
