"""Chunks through an executor: lost workers are replaced, hanging ones ended."""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any, NamedTuple

from hitl_sim.study.estimate import seconds_one_core, total_flops
from hitl_sim.study.executor import WORKER, Executor, WorkerLostError
from hitl_sim.study.plan import Chunk, Plan
from hitl_sim.study.store import stuck_file, write_error
from hitl_sim.study.time_left import TimeLeft

_QUEUED_PER_WORKER = 2
_TRIES = 2
LEAST_LIMIT_S = 900.0
"""Least time after which a chunk is taken to hang, s: long for any compilation."""
_PATIENCE = 50.0


class GroupProgress(NamedTuple):
    """How far the runs of one program are.

    Attributes:
        name: the arms that share it.
        done: finished runs, those found at the start included.
        total: its runs.
    """

    name: str
    done: int
    total: int


class Progress(NamedTuple):
    """How far a study is.

    Attributes:
        done: finished runs, those found at the start included.
        total: runs of the study.
        failed: runs whose chunk failed in this call.
        found: runs that were finished before this call.
        is_compiling: whether no chunk has come back yet.
        groups: the same of each program that has runs in this call.
        left_s: wall time of what is left, s; None before any chunk has come back.
    """

    done: int
    total: int
    failed: int
    found: int
    is_compiling: bool
    groups: tuple[GroupProgress, ...] = ()
    left_s: float | None = None


Job = tuple[Chunk, ...]


class Sweep:
    """The chunks of one call of `run_study`, on their way."""

    def __init__(
        self,
        plan: Plan,
        finished: Collection[str],
        chunks: Sequence[Chunk],
        limit_s: float | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        """Prepare."""
        self._plan = plan
        self._chunks = chunks
        self._limit_s = limit_s
        self._on_progress = on_progress
        keys = {run.key for run in plan.runs}
        self._total, self._found = len(keys), len(keys.intersection(finished))
        self._done, self._failed = 0, 0
        self._is_compiling = bool(chunks)
        self._done_of: Counter[str] = Counter()
        self._total_of: Counter[str] = Counter()
        for chunk in chunks:
            self._total_of[chunk.group] += len(chunk.runs)
        self._names = group_names(chunks)
        self._tries: Counter[str] = Counter()
        self._messages: list[str] = []
        self._time_left: TimeLeft | None = None

    def run(self, open_one: Callable[[], Executor], out: Path) -> list[str]:
        """Compute all chunks and return the messages of those that failed.

        Args:
            open_one: gives the executor, which stays open; called where there is work.
            out: results folder.

        Raises:
            DiskFullError: the folder's disk is full.
            ValueError: the place cannot be used.
        """
        self._show()
        if self._chunks:
            executor = open_one()
            waiting = list(reversed(share_out(self._chunks, executor)))
            running: dict[Future[Any], Job] = {}
            self._time_left = TimeLeft(
                self._chunks, self._flops_of, executor.num_workers
            )
            folder = os.path.abspath(out)
            most = _QUEUED_PER_WORKER * executor.num_workers
            while waiting or running:
                while waiting and len(running) < most:
                    job = waiting.pop()
                    limits = [self._limit_of(chunk) for chunk in job]
                    future = executor.submit(WORKER, "run_chunks", job, folder, limits)
                    running[future] = job
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    waiting.extend(self._take(future, running.pop(future), out))
                self._show()
        return self._messages

    def _limit_of(self, chunk: Chunk) -> float:
        """Time that was given, or that no healthy worker needs for a chunk, s."""
        seconds = seconds_one_core(self._flops_of(chunk), 1)
        return self._limit_s or max(LEAST_LIMIT_S, _PATIENCE * seconds)

    def _flops_of(self, chunk: Chunk) -> float:
        return total_flops(chunk.runs, self._plan.infos)

    def _take(self, future: "Future[Any]", job: Job, out: Path) -> list[Job]:
        """Count what has come back; return what must be tried again."""
        try:
            reports = future.result()
        except WorkerLostError as error:
            return self._after_loss(job, out, str(error))
        self._is_compiling = False
        for chunk, report in zip(job, reports, strict=True):
            if self._time_left is not None:
                self._time_left.take(chunk, report, time.monotonic())
            if report.is_ok:
                self._done += report.num_runs
                self._done_of[chunk.group] += report.num_runs
            else:
                self._failed += report.num_runs
                self._messages.append(report.message)
        return []

    def _after_loss(self, job: Job, out: Path, reason: str) -> list[Job]:
        """Try a lost worker's chunks once more, each by itself; store what hung."""
        again: list[Job] = []
        for chunk in job:
            stuck = stuck_file(out, chunk.id)
            stacks = stuck.read_text() if stuck.exists() else ""
            self._tries[chunk.id] += 1
            if not stacks and self._tries[chunk.id] < _TRIES:
                again.append((chunk,))
                continue
            message = reason
            if stacks:
                message = (
                    f"A chunk must be done within {self._limit_of(chunk):g} s, but it "
                    "still ran then and was ended by the watchdog. If that is what it "
                    "takes, give a longer `limit_s`."
                )
            keys = [run.key for run in chunk.runs]
            write_error(out, chunk.id, keys, message, stacks)
            if self._time_left is not None:
                self._time_left.take(chunk, None, time.monotonic())
            stuck.unlink(missing_ok=True)
            self._failed += len(chunk.runs)
            self._messages.append(message)
        return again

    def _show(self) -> None:
        groups = tuple(
            GroupProgress(self._names[group], self._done_of[group], total)
            for group, total in self._total_of.items()
        )
        done = self._found + self._done
        self._on_progress(
            Progress(
                done,
                self._total,
                self._failed,
                self._found,
                self._is_compiling,
                groups,
                self._time_left.seconds if self._time_left else None,
            )
        )


def share_out(chunks: Sequence[Chunk], executor: Executor) -> list[Job]:
    """Cut chunks into jobs: one each, or each worker's share where starting is dear."""
    if not executor.is_by_share:
        return [(chunk,) for chunk in chunks]
    # chunks of one program in one job, so that few jobs compile the same
    ordered = sorted(chunks, key=lambda chunk: chunk.group)
    size = -(-len(ordered) // executor.num_workers)
    return [tuple(ordered[i : i + size]) for i in range(0, len(ordered), size)]


def group_names(chunks: Sequence[Chunk]) -> dict[str, str]:
    """Name programs by the tasks and arms that share them."""
    found: dict[str, dict[str, None]] = {}
    for chunk in chunks:
        names = found.setdefault(chunk.group, {})
        for run in chunk.runs:
            names[f"{run.condition.task_name}/{run.condition.arm.name}"] = None
    return {group: ", ".join(names) for group, names in found.items()}
