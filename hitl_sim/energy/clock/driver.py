"""What the NVIDIA driver tells about clocks and power limits, and how it is set.

Reading changes nothing. Only `sweep_setting` does, where it is told to.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from hitl_sim.energy.clock.model import Point
from hitl_sim.energy.meters.boards import Board, asked, find_boards
from hitl_sim.energy.quantity import Quantity
from hitl_sim.unit import HZ_PER_MHZ, J_PER_MILLIJOULE

_SM = 1
"""Number of the multiprocessors' clock in the driver's interface."""


class ClockRefusedError(RuntimeError):
    """The driver does not let this program set a clock or a power limit."""


@dataclass(frozen=True)
class Answer:
    """A number that the driver gave, or why it gave none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class BoardClocks:
    """Clocks and power limits of one board, as read.

    Attributes:
        of: its path, `host/gpu0`.
        name: its model.
        clock_hz: clock of the multiprocessors now, Hz.
        top_hz: the highest that it can have, Hz.
        choices_hz: clocks that can be asked for, falling, Hz; empty where the driver
            lists none.
        limit_w: power limit now, W.
        lowest_w: lowest limit that can be set, W.
        highest_w: highest limit that can be set, W.
        usual_w: limit after a reset, W.
    """

    of: str
    name: str
    clock_hz: Answer
    top_hz: Answer
    choices_hz: tuple[float, ...]
    limit_w: Answer
    lowest_w: Answer
    highest_w: Answer
    usual_w: Answer


def read_clocks(
    driver: Any = None, environ: Mapping[str, str] | None = None
) -> tuple[tuple[BoardClocks, ...], str]:
    """Read clocks and limits of the boards that this program sees; set nothing.

    Args:
        driver: the `pynvml` module or one like it; imported if None.
        environ: environment of the program; default this process's.

    Returns:
        The boards, and why there are none (empty when there are some).
    """
    found = find_boards(driver, environ)
    return tuple(_read(board) for board in found.boards), found.reason


def _read(board: Board) -> BoardClocks:
    driver, handle = board.driver, board.handle

    def told(read: Callable[[], float], unit: float) -> Answer:
        try:
            return Answer(float(read()) * unit)
        except Exception as error:
            return Answer(None, f"the driver says: {error}")

    def limits() -> Any:
        return driver.nvmlDeviceGetPowerManagementLimitConstraints(handle)

    memory: Any = asked(lambda: driver.nvmlDeviceGetSupportedMemoryClocks(handle))
    # those that go with the fastest memory clock
    clocks = asked(
        lambda: driver.nvmlDeviceGetSupportedGraphicsClocks(handle, max(memory))
    )
    return BoardClocks(
        board.of,
        board.name,
        told(lambda: driver.nvmlDeviceGetClockInfo(handle, _SM), HZ_PER_MHZ),
        told(lambda: driver.nvmlDeviceGetMaxClockInfo(handle, _SM), HZ_PER_MHZ),
        tuple(sorted((clock * HZ_PER_MHZ for clock in clocks or ()), reverse=True)),
        told(
            lambda: driver.nvmlDeviceGetPowerManagementLimit(handle), J_PER_MILLIJOULE
        ),
        told(lambda: limits()[0], J_PER_MILLIJOULE),
        told(lambda: limits()[1], J_PER_MILLIJOULE),
        told(
            lambda: driver.nvmlDeviceGetPowerManagementDefaultLimit(handle),
            J_PER_MILLIJOULE,
        ),
    )


_SETTINGS = {"clock_hz": "clock", "limit_w": "power limit"}
"""What a sweep can change, in words."""


@contextmanager
def held(
    board: Board, setting: Literal["clock_hz", "limit_w"], level: float
) -> Iterator[None]:
    """Set a board's clock or power limit, and set it back whatever happens.

    The clock is unlocked at the end, the power limit set to the one it was before.

    Raises:
        ClockRefusedError: the driver refuses; most ask for root.
    """
    driver, handle, before_mw = board.driver, board.handle, None
    try:
        if setting == "clock_hz":
            clock_mhz = round(level / HZ_PER_MHZ)
            driver.nvmlDeviceSetGpuLockedClocks(handle, clock_mhz, clock_mhz)
        else:
            before_mw = driver.nvmlDeviceGetPowerManagementLimit(handle)
            limit_mw = round(level / J_PER_MILLIJOULE)
            driver.nvmlDeviceSetPowerManagementLimit(handle, limit_mw)
    except Exception as error:
        what = f"{_SETTINGS[setting]} of {board.of}"
        raise ClockRefusedError(
            f"the driver refuses to set the {what}: {error}."
        ) from error
    try:
        yield
    finally:
        if setting == "clock_hz":
            driver.nvmlDeviceResetGpuLockedClocks(handle)
        else:
            driver.nvmlDeviceSetPowerManagementLimit(handle, before_mw)


def sweep_setting(
    setting: Literal["clock_hz", "limit_w"],
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
        with held(boards[of], setting, level):
            seconds, joules = run()
        points.append(Point(level, seconds, joules))
    return tuple(points)
