"""Which boards a program sees: `CUDA_VISIBLE_DEVICES` in the driver's own order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

VARIABLE = "CUDA_VISIBLE_DEVICES"
_ORDER = "CUDA_DEVICE_ORDER"


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
    return _resolve(text, entries, len(names), uuid, slice_parent)


def _resolve(
    text: str,
    entries: Sequence[str],
    num_boards: int,
    uuid: Callable[[int], str],
    slice_parent: Callable[[str], int | None],
) -> Visible:
    found: list[int] = []
    slices: set[int] = set()
    reason = ""
    for entry in entries:
        board = _find(entry, num_boards, uuid, slice_parent)
        if board is None:
            reason = f"{VARIABLE}={text}: '{entry}' names no board; it ends the list"
            break
        is_slice = entry.startswith("MIG-")
        if board in found and not (is_slice and board in slices):
            return Visible((), reason=f"{VARIABLE}={text} names a board twice")
        if is_slice:
            slices.add(board)
        if board not in found:
            found.append(board)
    return Visible(tuple(found), frozenset(slices), reason)


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
