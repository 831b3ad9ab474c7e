"""Repeat work until its energy is known within a target, or a cap is reached."""

from __future__ import annotations

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
    has_failed: Callable[[], bool],
    max_relative_error: float,
    max_repeats: int,
    max_s: float,
) -> tuple[int, Stopped]:
    """Call work in growing rounds until the reading so far is good enough.

    `has_failed` is asked after each call; the calls end when it returns true. The rest
    is as for `Meter.repeat`.

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
            if num >= max_repeats:
                return num, _state(so_far(), max_relative_error) or "max_repeats"
        reading = so_far()
        seconds = float(reading.seconds.value or 0.0)
        stopped = _state(reading, max_relative_error)
        if stopped is not None or seconds >= max_s:
            return num, stopped or "max_s"
        room = int((max_s - seconds) * num / seconds) if seconds else num
        aim = num + max(1, min(int(num * (_GROWTH - 1)), room))


def _state(reading: Reading, most: float) -> Stopped | None:
    """Say whether a reading is good enough, and why, or `None` to go on."""
    known = [energy for energy in reading.gross if energy.is_known]
    if not known:
        could = [energy for energy in reading.gross if LONGER in energy.reason]
        return None if could else "nothing to read"
    if max(map(relative_half_width, known)) <= most:
        return "target"
    # the sensor misses the target and nothing else does
    is_sensor = all(
        sensor_half_width(energy) >= most and rest_half_width(energy) <= most
        for energy in known
    )
    return "sensor" if is_sensor else None
