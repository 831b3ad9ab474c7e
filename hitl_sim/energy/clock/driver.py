"""What the NVIDIA driver tells about clocks and power limits; nothing is set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hitl_sim.energy.meters.boards import Board, asked, find_boards
from hitl_sim.unit import HZ_PER_MHZ, J_PER_MILLIJOULE

_SM = 1
"""Number of the multiprocessors' clock in the driver's interface."""


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
