"""Run a job at several clocks or power limits, and read the model off what was seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import nnls

from hitl_sim.energy.clock.driver import set_clock, set_limit
from hitl_sim.energy.clock.model import Clocked, Job
from hitl_sim.energy.meters.boards import find_boards
from hitl_sim.energy.quantity import Quantity

Setting = Literal["clock_hz", "limit_w"]
_FEWEST = 3
"""Clocks without which no fit is made."""
_SETTERS = {"clock_hz": set_clock, "limit_w": set_limit}


@dataclass(frozen=True)
class Point:
    """A job at one setting.

    Attributes:
        level: the clock, Hz, or the power limit, W.
        seconds: how long it took, s.
        joules: what it took, J.
    """

    level: float
    seconds: float
    joules: Quantity


def sweep_setting(
    setting: Setting,
    levels: Sequence[float],
    run: Callable[[], tuple[float, Quantity]],
    *,
    allow_setting: bool = False,
    of: str = "host/gpu0",
    driver: Any = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Point, ...]:
    """Run a job at each level of a board's clock or power limit.

    The board is set back after each level, also where the job fails.

    Args:
        setting: what is changed.
        levels: its values, Hz or W; > 0.
        run: runs the job once and returns its seconds and joules.
        allow_setting: must be said: settings of a machine change while this runs.
        of: path of the board.
        driver: the `pynvml` module or one like it; imported if None.
        environ: environment of the program; default this process's.

    Raises:
        ValueError: setting was not allowed, a level is not positive, or there is no
            such board.
        ClockRefusedError: the driver refuses; nothing was changed.
    """
    if not allow_setting:
        raise ValueError(
            "`allow_setting` must be True, since a sweep changes the machine's"
            " settings, got False. `read_clocks` only reads."
        )
    if not levels or not all(0.0 < level < math.inf for level in levels):
        raise ValueError(f"`levels` must all be > 0, got {list(levels)}.")
    found = find_boards(driver, environ)
    boards = {board.of: board for board in found.boards}
    if of not in boards:
        names = ", ".join(map(repr, boards)) or f"none: {found.reason}"
        raise ValueError(f"`of` must be one of the boards ({names}), got {of!r}.")
    points = []
    for level in levels:
        with _SETTERS[setting](found.driver, boards[of], level):
            seconds, joules = run()
        points.append(Point(level, seconds, joules))
    return tuple(points)


def fit_sweep(points: Sequence[Point]) -> tuple[Job, Clocked]:
    """Fit the model of `model` to a sweep of clocks, its clock stopped while waiting.

    Times are a straight line over 1 / f, energies over T and f^2, both with terms >= 0
    (least squares of the relative errors).

    Args:
        points: at three clocks or more.

    Raises:
        ValueError: there are fewer clocks, an energy is unavailable, or the sweep does
            not show that a faster clock takes less time and more power.
    """
    clocks = np.array([point.level for point in points])
    times = np.array([point.seconds for point in points])
    if len(set(clocks.tolist())) < _FEWEST:
        raise ValueError(f"`points` must hold >= {_FEWEST} clocks, got {len(clocks)}.")
    if any(point.joules.value is None for point in points):
        raise ValueError("`points` must all have joules, got one that is unavailable.")
    joules = np.array([float(point.joules.value or 0.0) for point in points])
    (cycles, memory_s), _ = nnls(
        np.stack([1.0 / clocks, np.ones_like(clocks)], axis=1) / times[:, None],
        np.ones_like(times),
    )
    top = float(clocks.max())
    busy = (clocks / top) ** 3 * cycles / clocks
    (static_w, dynamic_w), _ = nnls(
        np.stack([times, busy], axis=1) / joules[:, None], np.ones_like(joules)
    )
    if not min(cycles, static_w, dynamic_w) > 0.0:
        raise ValueError(
            "`points` must show less time and more power at faster clocks, got"
            f" {cycles} cycles, {static_w} W static and {dynamic_w} W dynamic."
        )
    device = Clocked(float(clocks.min()), top, float(static_w), float(dynamic_w))
    return Job(float(cycles), float(memory_s)), device
