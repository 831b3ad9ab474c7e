"""What the best clock saves on a device of which only shares are known."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import msgspec
import numpy as np

from hitl_sim.energy.clock.model import Clocked, Job, best_clock, job_energy, job_time
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


def draw_shares(shares: ClockShares) -> list[tuple[float, float]]:
    """Draw pairs of the static and the memory share from their intervals."""
    constants = {"static_frac": shares.static_frac, "memory_frac": shares.memory_frac}
    draws = [
        np.clip(draw_source(f"clock.{name}", *constant.ends, NUM_DRAWS), 1e-6, 1 - 1e-6)
        for name, constant in constants.items()
    ]
    return [(float(s), float(m)) for s, m in zip(*draws, strict=True)]


def lowered_clock(
    shares: ClockShares | None = None, *, most_time: float = math.inf
) -> tuple[Quantity, Quantity]:
    """Return what the best clock leaves of the energy and makes of the time.

    Args:
        shares: of device and job; the shipped ones by default.
        most_time: how many times as long as at the top clock a job may take; >= 1.

    Returns:
        Energy at the best clock ÷ at the top clock, and the same of time; modelled from
        shares that are no better than assumed unless their own kind says so.

    Raises:
        ValueError: the time allowed is less than 1.
    """
    if not most_time >= 1.0:
        raise ValueError(f"`most_time` must be >= 1, got {most_time}.")
    shares = default_shares() if shares is None else shares
    pairs = draw_shares(shares)
    return (
        _quantity(shares, _energy_left, most_time, pairs),
        _quantity(shares, _time_taken, most_time, pairs),
    )


def _quantity(
    shares: ClockShares,
    function: Callable[[float, float, float], float],
    most_time: float,
    pairs: list[tuple[float, float]],
) -> Quantity:
    static, memory = shares.static_frac, shares.memory_frac
    value = function(static.value, memory.value, most_time)
    drawn = np.array([function(*pair, most_time) for pair in pairs])
    kind = min(Kind(static.kind), Kind(memory.kind), Kind.MODELLED_ANALYTIC)
    return Quantity(
        value,
        "1",
        kind,
        Scope.CONSTANT,
        draw_interval(value, drawn),
        f"clock model; static share: {static.source} memory share: {memory.source}",
    )


def build_shares(static: float, memory: float) -> tuple[Job, Clocked]:
    """Build a device whose top clock, time there and power there are all 1."""
    return Job(1.0 - memory, memory), Clocked(_LOWEST, 1.0, static, 1.0 - static)


def _energy_left(static: float, memory: float, most_time: float) -> float:
    job, device = build_shares(static, memory)
    clock = best_clock(job, device, most_time) or 1.0
    return float(job_energy(job, device, clock) / job_energy(job, device, 1.0))


def _time_taken(static: float, memory: float, most_time: float) -> float:
    job, device = build_shares(static, memory)
    return float(job_time(job, best_clock(job, device, most_time) or 1.0))
