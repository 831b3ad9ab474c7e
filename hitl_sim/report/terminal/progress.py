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
    SpinnerColumn,
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
def shown_progress(
    console: Console, *, is_verbose: bool = False
) -> Iterator[Callable[[Progress], None]]:
    """Follow a study's progress in one live line; in a log, by a line now and then.

    With `is_verbose` each program that is under way has a line of its own.
    """
    if not console.is_terminal:
        yield _Log(console, is_verbose=is_verbose).show
        return
    columns: list[ProgressColumn] = [
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TimeElapsedColumn(),
    ]
    with Bars(*columns, console=console, refresh_per_second=2) as bars:
        yield _Drawn(bars, is_verbose=is_verbose).show


def _time_left(state: Progress) -> str:
    """Say how long the rest takes, where anything is left and known."""
    if state.left_s is None or state.done + state.failed == state.total:
        return ""
    return f"{rough_time(state.left_s)} left"


class _Drawn:
    """A bar for the whole and, where it is asked for, one for each program."""

    def __init__(self, bars: Bars, *, is_verbose: bool) -> None:
        self._bars = bars
        self._is_verbose = is_verbose
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
        if not self._is_verbose or not 1 < len(state.groups) <= _MOST_BARS:
            return
        for group in state.groups:
            if group.name not in self._ids:
                bar = self._bars.add_task(escape(group.name), total=None, left="")
                self._ids[group.name] = bar
            bar = self._ids[group.name]
            self._bars.update(bar, total=group.total, completed=group.done)


class _Log:
    """A line of the whole now and then; where it is asked for, of programs too."""

    def __init__(self, console: Console, *, is_verbose: bool) -> None:
        self._console = console
        self._is_verbose = is_verbose
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
        is_told = self._is_verbose and len(state.groups) > 1
        for group in moved[:_MOST_BARS] if is_told else ():
            self._line(f"  {group.name}", group.done, group.total, "")
        self._seen = {group.name: group.done for group in state.groups}

    def _line(self, name: str, done: int, total: int, said: str) -> None:
        rest = f", {said}" if said else ""
        self._console.print(
            f"{name}: {done} of {total} runs{rest}", soft_wrap=True, markup=False
        )


Step = Callable[[str], None]
"""Called with what begins now."""


@contextmanager
def shown_steps(
    console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Step]:
    """Say what is being worked out after the last run, and for how long.

    A terminal shows each step with its time while it goes on. A log has a line for
    each step that took 10 s or more.
    """
    steps = _Steps(console, clock)
    if not console.is_terminal:
        yield steps.begin
        steps.end()
        return
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Bars(*columns, console=console, transient=True) as bars:
        steps.bars = bars
        yield steps.begin
        steps.end()


class _Steps:
    """Steps one after the other, each with its time."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self.bars: Bars | None = None
        self._console, self._clock = console, clock
        self._name, self._since = "", 0.0
        self._id: TaskID | None = None

    def begin(self, name: str) -> None:
        """End the step before, and show that this one goes on."""
        self.end()
        self._name, self._since = name, self._clock()
        if self.bars is not None:
            self._id = self.bars.add_task(escape(name), total=1)

    def end(self) -> None:
        """Say how long the step took, if that was long."""
        if not self._name:
            return
        took = self._clock() - self._since
        if self.bars is not None and self._id is not None:
            self.bars.update(self._id, completed=1)
        elif took >= _LOG_EVERY_S:
            text = f"{self._name}: {rough_time(took)}"
            self._console.print(text, soft_wrap=True, markup=False)
        self._name = ""


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
