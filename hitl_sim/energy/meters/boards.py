"""The boards of the NVIDIA driver: which there are, and what each can be asked."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hitl_sim.energy.meters.processor_time import PROC, family, program_root
from hitl_sim.energy.meters.sensor import counter_scope
from hitl_sim.energy.meters.visible import VARIABLE, Visible, visible_boards
from hitl_sim.energy.quantity import Scope
from hitl_sim.unit import J_PER_MILLIJOULE

Answer = TypeVar("Answer")

POWER_AVERAGE_FIELD, POWER_INSTANT_FIELD = 185, 186
"""Numbers of the fields `NVML_FI_DEV_POWER_AVERAGE` and `_INSTANT` of the driver."""

GPU_SCOPE, MODULE_SCOPE = 0, 1
"""What such a field covers: the driver's `NVML_POWER_SCOPE_GPU` and `_MODULE`."""

_GUEST, _HOST = 2, 3
"""Virtualization modes: a virtual GPU inside a guest; a board that hosts some."""

COUNTER_HELP = (
    "the energy counter needs a Volta or newer board that is neither a MIG slice nor"
    " a virtual GPU"
)
LOST_HELP = (
    "the board fell off the bus, as the kernel log will say: reset it or restart the"
    " machine"
)


@dataclass(frozen=True)
class Board:
    """One board.

    Attributes:
        driver: a module like `pynvml` that knows it.
        of: its path, `host/gpu0`, by the driver's own number.
        handle: what the driver calls it.
        name: its model.
        program_index: its number inside the program; `None` when it is hidden from it.
        hidden: why the program does not see it; empty when it does.
        limits: what its counter cannot tell apart, such as MIG slices; may be empty.
        scope: what its counter covers: the board, or the module that it is part of.
    """

    driver: Any
    of: str
    handle: Any
    name: str
    program_index: int | None
    hidden: str
    limits: str
    scope: Scope


class Found(NamedTuple):
    """What the driver shows.

    Attributes:
        boards: those that the program sees, in the driver's order.
        hidden: those that it does not see.
        reason: why it sees none; empty when it sees some.
    """

    boards: list[Board]
    hidden: list[Board]
    reason: str


def find_boards(driver: Any, environ: Mapping[str, str] | None) -> Found:
    """Start the driver's library and list its boards; it never raises.

    Args:
        driver: a module like `pynvml`; imported when `None`.
        environ: environment of the program; default this process's.
    """
    try:
        if driver is None:
            driver = importlib.import_module("pynvml")
        driver.nvmlInit()
    except ImportError:
        reason = "the Python package nvidia-ml-py is missing: pip install nvidia-ml-py"
        return Found([], [], reason)
    except Exception as error:
        reason = (
            f"the NVIDIA driver does not answer ({error}): no NVIDIA GPU here, or"
            " its driver is not installed or not visible in this container"
        )
        return Found([], [], reason)
    try:
        boards, remark = _list(driver, os.environ if environ is None else environ)
    except Exception as error:
        reason = f"the NVIDIA driver does not list its boards ({error})"
        return Found([], [], reason)
    shown = [board for board in boards if board.program_index is not None]
    hidden = [board for board in boards if board.program_index is None]
    reason = "" if shown else remark or "the NVIDIA driver sees no GPU"
    return Found(shown, hidden, reason)


def _list(driver: Any, environ: Mapping[str, str]) -> tuple[list[Board], str]:
    """List all boards, and a remark on `CUDA_VISIBLE_DEVICES`."""
    handles = [
        driver.nvmlDeviceGetHandleByIndex(index)
        for index in range(driver.nvmlDeviceGetCount())
    ]
    names = [_text(driver.nvmlDeviceGetName(handle)) for handle in handles]
    visible = visible_boards(
        environ,
        names,
        lambda index: _text(driver.nvmlDeviceGetUUID(handles[index])),
        lambda uuid: _slice_parent(driver, handles, uuid),
    )
    boards = [
        _board(driver, index, handle, names[index], visible)
        for index, handle in enumerate(handles)
    ]
    return boards, visible.reason


def _board(driver: Any, index: int, handle: Any, name: str, visible: Visible) -> Board:
    is_seen = index in visible.boards
    return Board(
        driver,
        f"host/gpu{index}",
        handle,
        name,
        visible.boards.index(index) if is_seen else None,
        "" if is_seen else visible.reason or f"hidden by {VARIABLE}",
        _limits(driver, handle, index in visible.slices),
        counter_scope(name),
    )


def _limits(driver: Any, handle: Any, is_slice: bool) -> str:
    """Say what the counter of a board cannot tell apart."""
    mode = asked(lambda: driver.nvmlDeviceGetVirtualizationMode(handle))
    if mode == _GUEST:
        return "a virtual GPU: energy of a guest is part of its board's and not told"
    if mode == _HOST:
        return "the board hosts virtual GPUs, whose energy its counter holds too"
    mig = asked(lambda: driver.nvmlDeviceGetMigMode(handle))
    if is_slice or (mig is not None and mig[0] == 1):
        return "MIG is on: the counter holds all slices of the board together"
    return ""


def _slice_parent(driver: Any, handles: list[Any], uuid: str) -> int | None:
    """Return the number of the board that a MIG slice lies on."""

    def find() -> int:
        child = driver.nvmlDeviceGetHandleByUUID(uuid)
        parent = driver.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(child)
        wanted = _text(driver.nvmlDeviceGetUUID(parent))
        return [_text(driver.nvmlDeviceGetUUID(h)) for h in handles].index(wanted)

    return asked(find)


def read_joules(board: Board) -> float:
    """Return the energy counter of a board, J."""
    counter = board.driver.nvmlDeviceGetTotalEnergyConsumption(board.handle)
    return float(counter) * J_PER_MILLIJOULE


def read_instant_w(board: Board) -> float | None:
    """Return the power of this instant, W; `None` where the board does not tell.

    It is that of what the board's counter covers.
    """
    return _read_field_w(board, POWER_INSTANT_FIELD)


def _read_field_w(board: Board, number: int) -> float | None:
    scope = MODULE_SCOPE if board.scope is Scope.MODULE else GPU_SCOPE

    def read() -> float:
        asked_for = [(number, scope)]
        (field,) = board.driver.nvmlDeviceGetFieldValues(board.handle, asked_for)
        if field.nvmlReturn != 0:
            raise ValueError(f"`nvmlReturn` must be 0, got {field.nvmlReturn}.")
        return float(field.value.uiVal) * J_PER_MILLIJOULE

    return asked(read)


def read_average_w(board: Board) -> float | None:
    """Return the usual power reading, W; newer boards average it over a second."""
    if board.scope is Scope.MODULE:
        return _read_field_w(board, POWER_AVERAGE_FIELD)
    usage = asked(lambda: board.driver.nvmlDeviceGetPowerUsage(board.handle))
    return None if usage is None else float(usage) * J_PER_MILLIJOULE


def other_programs(board: Board, proc: Path = PROC) -> str:
    """Say which other programs run on a board; empty when none is seen.

    Workers beside this one are no other programs. Inside a container the driver may
    give numbers that mean nothing there; one such number alone may be this program.
    """
    running = asked(
        lambda: board.driver.nvmlDeviceGetComputeRunningProcesses(board.handle)
    )
    pids = {process.pid for process in running or ()}
    ours = set(family(program_root(proc), proc))
    foreign = {pid for pid in pids if not (proc / str(pid)).exists()}
    if len(foreign) == 1 and not pids & ours:
        pids -= foreign
    others = sorted(pids - ours)
    return f"other programs run on it ({', '.join(map(str, others))})" if others else ""


def asked(question: Callable[[], Answer]) -> Answer | None:
    """Return the driver's answer, or `None` where it has none."""
    try:
        return question()
    except Exception:
        return None


def why(error: Exception) -> str:
    """Say why a board gave no number, and what helps."""
    is_lost = "lost" in str(error).lower()
    return f"{error}: {LOST_HELP if is_lost else COUNTER_HELP}"


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
