"""What the NVIDIA driver tells about clocks and power limits, and how it is set.

Reading changes nothing. Only `set_clock` and `set_limit` do, and nothing in this
package calls them but a sweep that was told to (`sweep.sweep_setting`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from hitl_sim.energy.meters.boards import Board, find_boards
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
    return tuple(_read(found.driver, board) for board in found.boards), found.reason


def _read(driver: Any, board: Board) -> BoardClocks:
    def told(name: str, *args: Any) -> Any:
        """Return what the driver says, or an `Answer` with its reason."""
        try:
            return getattr(driver, name)(board.handle, *args)
        except Exception as error:
            return Answer(None, f"the driver says: {error}")

    def number(found: Any, unit: float) -> Answer:
        return found if isinstance(found, Answer) else Answer(float(found) * unit)

    ends = told("nvmlDeviceGetPowerManagementLimitConstraints")
    lowest, highest = (ends, ends) if isinstance(ends, Answer) else ends
    memory = told("nvmlDeviceGetSupportedMemoryClocks")
    clocks: Any = ()
    if memory and not isinstance(memory, Answer):
        # those that go with the fastest memory clock
        clocks = told("nvmlDeviceGetSupportedGraphicsClocks", max(memory))
    choices = () if isinstance(clocks, Answer) else clocks
    return BoardClocks(
        board.of,
        board.name,
        number(told("nvmlDeviceGetClockInfo", _SM), HZ_PER_MHZ),
        number(told("nvmlDeviceGetMaxClockInfo", _SM), HZ_PER_MHZ),
        tuple(sorted((clock * HZ_PER_MHZ for clock in choices), reverse=True)),
        number(told("nvmlDeviceGetPowerManagementLimit"), J_PER_MILLIJOULE),
        number(lowest, J_PER_MILLIJOULE),
        number(highest, J_PER_MILLIJOULE),
        number(told("nvmlDeviceGetPowerManagementDefaultLimit"), J_PER_MILLIJOULE),
    )


def set_clock(
    driver: Any, board: Board, clock_hz: float
) -> AbstractContextManager[None]:
    """Lock a board's clock, and unlock it at the end whatever happens.

    Raises:
        ClockRefusedError: the driver refuses; most ask for root.
    """
    clock_mhz = round(clock_hz / HZ_PER_MHZ)
    return _held(
        f"clock of {board.of}",
        lambda: driver.nvmlDeviceSetGpuLockedClocks(board.handle, clock_mhz, clock_mhz),
        lambda _: driver.nvmlDeviceResetGpuLockedClocks(board.handle),
    )


def set_limit(
    driver: Any, board: Board, limit_w: float
) -> AbstractContextManager[None]:
    """Set a board's power limit, and set back the one it had whatever happens.

    Raises:
        ClockRefusedError: the driver refuses; most ask for root.
    """

    def begin() -> Any:
        before = driver.nvmlDeviceGetPowerManagementLimit(board.handle)
        limit_mw = round(limit_w / J_PER_MILLIJOULE)
        driver.nvmlDeviceSetPowerManagementLimit(board.handle, limit_mw)
        return before

    return _held(
        f"power limit of {board.of}",
        begin,
        lambda before: driver.nvmlDeviceSetPowerManagementLimit(board.handle, before),
    )


@contextmanager
def _held(
    what: str, begin: Callable[[], Any], end: Callable[[Any], Any]
) -> Iterator[None]:
    try:
        before = begin()
    except Exception as error:
        raise ClockRefusedError(
            f"the driver refuses to set the {what}: {error}."
        ) from error
    try:
        yield
    finally:
        end(before)
