"""Processor time of this program and of the whole machine (Linux)."""

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_STEAL = 7
_BUSY = (0, 1, 2, 5, 6, _STEAL)
"""Columns user, nice, system, irq, softirq and steal; guests are inside user."""


@dataclass(frozen=True)
class CpuTime:
    """Processor seconds since some moment.

    Attributes:
        own_s: of this process and of its descendants, living or waited for, s.
        host_s: of everything on the machine, s.
        program_s: of the whole program, which holds the workers beside this one, s;
            `None` where this process is all of it.
        steal_s: of other guests of the same host, on a virtual machine, s; also part
            of `host_s`.
    """

    own_s: float
    host_s: float
    program_s: float | None = None
    steal_s: float = 0.0

    @property
    def others_s(self) -> float:
        """Return the processor seconds of other programs, s."""
        ours = self.own_s if self.program_s is None else self.program_s
        return self.host_s - ours


def tick_s() -> float:
    """Return the time by which processor time moves, s."""
    try:
        return 1.0 / os.sysconf("SC_CLK_TCK")
    except (AttributeError, ValueError):
        return 0.01


def read_cpu_time(proc: Path = PROC) -> CpuTime | None:
    """Return processor time so far, or `None` where the system does not tell."""
    try:
        columns = (proc / "stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        host = sum(int(columns[1 + column]) for column in _BUSY)
        steal = int(columns[1 + _STEAL])
        own = sum(_ticks(proc, pid) for pid in family(os.getpid(), proc))
        ours = sum(_ticks(proc, pid) for pid in family(program_root(proc), proc))
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return CpuTime(*(count * tick_s() for count in (own, host, ours, steal)))


def program_root(proc: Path = PROC) -> int:
    """Return the process that this program began as.

    A worker that `multiprocessing` started belongs to its parent's program, and so do
    its siblings: what they do is no other program's work.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None or not (proc / str(parent.pid)).exists():
        return os.getpid()
    return parent.pid


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
