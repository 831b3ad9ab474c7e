"""Repeat work until its energy is known within a target, or a cap is reached."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hitl_sim.energy.meters.sensor import (
    LONGER,
    relative_half_width,
    rest_half_width,
    sensor_half_width,
)
from hitl_sim.energy.quantity import Quantity

if TYPE_CHECKING:
    from hitl_sim.energy.meters.meter import Reading

Stopped = Literal[
    "target", "sensor", "max_repeats", "max_s", "nothing to read", "failed"
]
_GROWTH = 1.5
"""After each round there are this many times the calls so far: few rounds are read."""


@dataclass(frozen=True)
class Goal:
    """When to stop repeating.

    Attributes:
        max_relative_error: wanted half-width of the interval over the energy; > 0.
        max_repeats: most calls; >= 1.
        max_s: no round starts after this time, and rounds are cut to fit it, s; > 0.

    Raises:
        ValueError: a number is out of range.
    """

    max_relative_error: float
    max_repeats: int
    max_s: float

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        if not 0 < self.max_relative_error < math.inf:
            raise ValueError(
                f"`max_relative_error` must be > 0, got {self.max_relative_error}."
            )
        if not self.max_repeats >= 1:
            raise ValueError(f"`max_repeats` must be >= 1, got {self.max_repeats}.")
        if not self.max_s > 0:
            raise ValueError(f"`max_s` must be > 0 s, got {self.max_s}.")

    def state(self, reading: Reading) -> Stopped | None:
        """Say whether a reading is good enough, and why, or `None` to go on."""
        known = [energy for energy in reading.gross if energy.is_known]
        if not known:
            could = [energy for energy in reading.gross if LONGER in energy.reason]
            return None if could else "nothing to read"
        most = self.max_relative_error
        if max(map(relative_half_width, known)) <= most:
            return "target"
        # the sensor misses the target and nothing else does
        if all(
            sensor_half_width(energy) >= most and rest_half_width(energy) <= most
            for energy in known
        ):
            return "sensor"
        return None


@dataclass(frozen=True)
class Repeated:
    """Work that was measured by repeating it.

    Attributes:
        reading: all calls together.
        num_repeats: calls.
        per_call: gross energy of one call on each device, J.
        marginal_per_call: the same less idle, J.
        seconds_per_call: elapsed time of one call, s.
        stopped: `target` when each device that could be read is known as well as was
            wanted; `sensor` when only the sensor's own error is above it;
            `max_repeats` or `max_s` for a cap; `nothing to read`; or `failed` when the
            work said so.
    """

    reading: Reading
    num_repeats: int
    per_call: tuple[Quantity, ...]
    marginal_per_call: tuple[Quantity, ...]
    seconds_per_call: Quantity
    stopped: Stopped


def lengthen(
    work: Callable[[], object],
    so_far: Callable[[], Reading],
    goal: Goal,
    has_failed: Callable[[], bool],
) -> tuple[int, Stopped]:
    """Call work in growing rounds until the reading so far meets a goal.

    `has_failed` is asked after each call; the calls end when it returns true.

    Returns:
        How often it was called, and why no more.
    """
    num, aim = 0, 1
    while True:
        while num < aim:
            work()
            num += 1
            if has_failed():
                return num, "failed"
            if num >= goal.max_repeats:
                return num, goal.state(so_far()) or "max_repeats"
        reading = so_far()
        seconds = float(reading.seconds.value or 0.0)
        stopped = goal.state(reading) or ("max_s" if seconds >= goal.max_s else None)
        if stopped is not None:
            return num, stopped
        room = int((goal.max_s - seconds) * num / seconds) if seconds else num
        aim = num + max(1, min(int(num * (_GROWTH - 1)), room))
