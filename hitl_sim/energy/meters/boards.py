"""The boards of the NVIDIA driver: which there are, are seen, and what each tells."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hitl_sim.energy.meters.processor_time import PROC, family, program_root
from hitl_sim.energy.meters.sensor import counter_scope
from hitl_sim.energy.quantity import Scope
from hitl_sim.unit import J_PER_MILLIJOULE

Answer = TypeVar("Answer")

VARIABLE = "CUDA_VISIBLE_DEVICES"
_ORDER = "CUDA_DEVICE_ORDER"

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
        hidden: why the program does not see it; empty when it does.
        limits: what its counter cannot tell apart, such as MIG slices; may be empty.
        scope: what its counter covers: the board, or the module that it is part of.
    """

    driver: Any
    of: str
    handle: Any
    name: str
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
    shown = [board for board in boards if not board.hidden]
    hidden = [board for board in boards if board.hidden]
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
    boards = []
    for index, handle in enumerate(handles):
        is_seen = index in visible.boards
        boards.append(
            Board(
                driver,
                f"host/gpu{index}",
                handle,
                names[index],
                "" if is_seen else visible.reason or f"hidden by {VARIABLE}",
                _limits(driver, handle, index in visible.slices),
                counter_scope(names[index]),
            )
        )
    return boards, visible.reason


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


def read_power_w(board: Board) -> tuple[float | None, bool]:
    """Return the power of what the counter covers, W, and whether it is an average.

    It is that of this instant where the board tells it, else the usual reading, which
    newer boards average over a second; `None` where it tells neither.
    """
    is_module = board.scope is Scope.MODULE

    def field(number: int) -> float:
        wanted = [(number, MODULE_SCOPE if is_module else GPU_SCOPE)]
        (found,) = board.driver.nvmlDeviceGetFieldValues(board.handle, wanted)
        if found.nvmlReturn != 0:
            raise ValueError(f"`nvmlReturn` must be 0, got {found.nvmlReturn}.")
        return float(found.value.uiVal)

    milliwatts = asked(lambda: field(POWER_INSTANT_FIELD))
    is_average = milliwatts is None
    if is_average and is_module:
        milliwatts = asked(lambda: field(POWER_AVERAGE_FIELD))
    elif is_average:
        milliwatts = asked(lambda: board.driver.nvmlDeviceGetPowerUsage(board.handle))
    watts = None if milliwatts is None else float(milliwatts) * J_PER_MILLIJOULE
    return watts, is_average


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


@dataclass(frozen=True)
class Visible:
    """Boards that the program sees.

    Attributes:
        boards: the driver's numbers of them, in the program's order.
        slices: those of which the program sees only a MIG slice.
        reason: why nothing, or not everything listed, is seen; empty when all is.
    """

    boards: tuple[int, ...]
    slices: frozenset[int] = frozenset()
    reason: str = ""


def visible_boards(
    environ: Mapping[str, str],
    names: Sequence[str],
    uuid: Callable[[int], str],
    slice_parent: Callable[[str], int | None],
) -> Visible:
    """Read `CUDA_VISIBLE_DEVICES` as CUDA does.

    Entries are numbers, UUIDs (`GPU-...`) or unique beginnings of them, or UUIDs of MIG
    slices, separated by commas. Everything after the first entry that names no board is
    invisible too, so `-1` hides all; an empty text hides all; a board named twice is an
    error that hides all.

    Args:
        environ: environment of the program.
        names: model name of each board, in the driver's order.
        uuid: returns the UUID of a board.
        slice_parent: returns the board that a MIG slice lies on, by the slice's UUID.

    Returns:
        The boards. Numbers count boards from the fastest unless `CUDA_DEVICE_ORDER` is
        `PCI_BUS_ID`, and the driver does not know which those are: with boards of
        different models numbers are therefore not resolved.

    References:
        NVIDIA, CUDA C++ Programming Guide, section "CUDA Environment Variables".
    """
    text = environ.get(VARIABLE)
    if text is None:
        return Visible(tuple(range(len(names))))
    entries = [entry.strip() for entry in text.split(",")] if text.strip() else []
    if not entries:
        return Visible((), reason=f"{VARIABLE} is empty, which hides all boards")
    is_numbered = any(entry.isdigit() for entry in entries)
    if is_numbered and len(set(names)) > 1 and environ.get(_ORDER) != "PCI_BUS_ID":
        reason = (
            f"{VARIABLE}={text} numbers boards of different models, which CUDA counts"
            f" in an order of its own: set {_ORDER}=PCI_BUS_ID or list UUIDs"
        )
        return Visible((), reason=reason)
    found: list[int] = []
    slices: set[int] = set()
    for entry in entries:
        board = _find(entry, len(names), uuid, slice_parent)
        if board is None:
            reason = f"{VARIABLE}={text}: '{entry}' names no board; it ends the list"
            return Visible(tuple(found), frozenset(slices), reason)
        is_slice = entry.startswith("MIG-")
        if board in found and not (is_slice and board in slices):
            return Visible((), reason=f"{VARIABLE}={text} names a board twice")
        if is_slice:
            slices.add(board)
        if board not in found:
            found.append(board)
    return Visible(tuple(found), frozenset(slices))


def _find(
    entry: str,
    num_boards: int,
    uuid: Callable[[int], str],
    slice_parent: Callable[[str], int | None],
) -> int | None:
    """Return the board that one entry names, or `None`."""
    if entry.isdigit():
        return int(entry) if int(entry) < num_boards else None
    if entry.startswith("MIG-"):
        return slice_parent(entry)
    if not entry.startswith("GPU-"):
        return None
    matches = [i for i in range(num_boards) if uuid(i).startswith(entry)]
    return matches[0] if len(matches) == 1 else None
