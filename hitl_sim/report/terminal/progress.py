"""Progress of long work: bars in a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress as Bars,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hitl_sim.report.number import rough_time

if TYPE_CHECKING:
    from hitl_sim.study.sweep import Progress

_MOST_BARS = 6
_LOG_EVERY_S = 10.0


@contextmanager
def shown_progress(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Draw bars that follow a study's progress; in a log, write a line now and then."""
    if not console.is_terminal:
        yield _Log(console).show
        return
    columns: list[ProgressColumn] = [
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    ]
    with Bars(*columns, console=console, refresh_per_second=2) as bars:
        yield _Drawn(bars).show


def _time_left(state: Progress) -> str:
    """Say how long the rest takes, where anything is left and known."""
    if state.left_s is None or state.done + state.failed == state.total:
        return ""
    return f"{rough_time(state.left_s)} left"


class _Drawn:
    """A bar for the whole, and one for each program that is under way."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._whole = bars.add_task("starting", total=None, left="")
        self._ids: dict[str, TaskID] = {}

    def show(self, state: Progress) -> None:
        text = "compiling" if state.is_compiling else "running"
        self._bars.update(
            self._whole,
            description=text,
            total=state.total,
            completed=state.done,
            left=_time_left(state),
        )
        if not 1 < len(state.groups) <= _MOST_BARS:
            return
        for group in state.groups:
            if group.name not in self._ids:
                bar = self._bars.add_task(escape(group.name), total=None, left="")
                self._ids[group.name] = bar
            bar = self._ids[group.name]
            self._bars.update(bar, total=group.total, completed=group.done)


class _Log:
    """A line of the whole, and one of each program that moved, now and then."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = -_LOG_EVERY_S
        self._seen: dict[str, int] = {}

    def show(self, state: Progress) -> None:
        is_over = state.done + state.failed == state.total
        now = time.monotonic()
        if now - self._last < _LOG_EVERY_S and not is_over:
            return
        self._last = now
        text = "compiling" if state.is_compiling else "running"
        self._line(text, state.done, state.total, _time_left(state))
        moved = [g for g in state.groups if self._seen.get(g.name, 0) != g.done]
        for group in moved[:_MOST_BARS] if len(state.groups) > 1 else ():
            self._line(f"  {group.name}", group.done, group.total, "")
        self._seen = {group.name: group.done for group in state.groups}

    def _line(self, name: str, done: int, total: int, said: str) -> None:
        rest = f", {said}" if said else ""
        self._console.print(
            f"{name}: {done} of {total} runs{rest}", soft_wrap=True, markup=False
        )


def timed_progress(console: Console) -> Bars:
    """Return bars of work that ends by time, or that nobody can predict."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    return Bars(*columns, console=console, refresh_per_second=2)


def counted_progress(console: Console) -> Bars:
    """Return bars of work that is counted in runs, with the time left."""
    return Bars(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        refresh_per_second=2,
    )
