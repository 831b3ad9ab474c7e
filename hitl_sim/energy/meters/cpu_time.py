"""Processor time of this program and of the whole machine (Linux)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_BUSY = (0, 1, 2, 5, 6, 7)
"""Columns user, nice, system, irq, softirq and steal; guests are inside user."""


@dataclass(frozen=True)
class CpuTime:
    """Processor seconds since some moment.

    Attributes:
        own_s: of this process and of its descendants, living or waited for, s.
        host_s: of everything on the machine, s.
    """

    own_s: float
    host_s: float


def read_cpu_time(proc: Path = PROC) -> CpuTime | None:
    """Return processor time so far, or `None` where the system does not tell."""
    try:
        tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
        columns = (proc / "stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        host = sum(int(columns[1 + column]) for column in _BUSY)
        own = sum(_ticks(proc, pid) for pid in family(os.getpid(), proc))
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return CpuTime(own * tick_s, host * tick_s)


def family(pid: int, proc: Path = PROC) -> Iterator[int]:
    """Yield a process and its living descendants."""
    yield pid
    for children in (proc / str(pid) / "task").glob("*/children"):
        try:
            found = children.read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in found:
            yield from family(int(child), proc)


def _ticks(proc: Path, pid: int) -> int:
    """Return the time of a process and of its children that were waited for."""
    try:
        text = (proc / str(pid) / "stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    after_name = text.rpartition(")")[2].split()
    return sum(int(field) for field in after_name[11:15])
