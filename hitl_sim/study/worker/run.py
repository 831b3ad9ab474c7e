"""Computing chunks: one record file each, or an error in its place."""

import faulthandler
import os
import platform
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from hitl_sim.learn import Trace
from hitl_sim.output import DiskFullError
from hitl_sim.study.executor import give_back_memory
from hitl_sim.study.plan import Chunk
from hitl_sim.study.program import run_config
from hitl_sim.study.store import (
    clear_error,
    record_file,
    stuck_file,
    write_error,
    write_json,
    write_records,
)
from hitl_sim.study.worker.group import arguments_of, forget_groups, group_of
from hitl_sim.study.worker.leaves import data_of
from hitl_sim.study.worker.process import compiler_options, peak_mib
from hitl_sim.study.worker.rows import rows_of
from hitl_sim.study.worker.sweep import build_sweep


class ChunkReport(NamedTuple):
    """What a worker tells its parent of a chunk.

    Attributes:
        chunk_id: its name.
        num_runs: its runs.
        is_ok: whether their records are there.
        message: why not.
        wall_s: time in all, s.
        setup_s: of it, time to build and compile the program, s.
        kernel_s: of it, time inside the compiled program, s.
    """

    chunk_id: str
    num_runs: int
    is_ok: bool
    message: str
    wall_s: float
    setup_s: float = 0.0
    kernel_s: float = 0.0


def time_vmap_sizes(chunk: Chunk, options: Sequence[int]) -> tuple[float, ...]:
    """Time a group's program with several numbers of runs mapped together.

    Args:
        chunk: of the group; its first runs, as many as the largest option, are timed.
        options: vmap size; each divides the dispatch_size.

    Returns:
        Time per run of each option, s: the shorter of two calls after a first.
    """
    spec = chunk.runs[0].condition.spec
    info, data = data_of(chunk.runs[0].condition)
    config = run_config(chunk.runs[0].condition, info, data)
    _, *arguments = arguments_of(chunk.runs, spec.dispatch_size)
    # padding repeats a run, so a short chunk takes as long as a full one
    num_runs = np.int32(max(options))
    found = []
    for vmap_size in options:
        sweep = build_sweep(config, spec.dispatch_size, vmap_size).lower(
            num_runs, *arguments
        )
        call = sweep.compile(compiler_options())
        _wait(call(num_runs, *arguments))
        seconds = []
        for _ in range(2):
            begin = time.perf_counter()
            _wait(call(num_runs, *arguments))
            seconds.append(time.perf_counter() - begin)
        found.append(min(seconds) / num_runs)
        give_back_memory()
    return tuple(float(per_run) for per_run in found)


def _wait(trace: Trace) -> None:
    """Wait until all of it is there."""
    jax.tree.map(np.asarray, trace)


_SHORT_S = 2.0
"""Time of a chunk below which what happens once in a process counts for much, s."""


class ProbeReport(NamedTuple):
    """Reports of a chunk or two, and what a worker takes to start again.

    Attributes:
        reports: of the first chunk, and of a second where one was taken.
        setup_s: time to set its program up anew, once it lies compiled on disk, s.
        begin_s: when the worker began, on the machine's monotonic clock, s.
        peak_mib: largest memory of this process, MiB.
    """

    reports: tuple[ChunkReport, ...]
    setup_s: float
    begin_s: float
    peak_mib: float


def probe_chunks(chunks: Sequence[Chunk], out: str, limit_s: float) -> ProbeReport:
    """Compute a chunk as `run_chunk` does, then set its program up once more.

    Args:
        chunks: of one program; a second is computed too where the first was short,
            for imports and first calls are then a large part of it.
        out: the results folder.
        limit_s: time after which the watchdog ends this process, s.
    """
    begin = time.monotonic()
    reports = [run_chunk(chunks[0], out, limit_s)]
    first = reports[0]
    if first.is_ok and first.wall_s - first.setup_s < _SHORT_S:
        reports += run_chunks(chunks[1:2], out, [limit_s] * len(chunks[1:2]))
    forget_groups()
    jax.clear_caches()  # type: ignore[no-untyped-call]
    again = time.monotonic()
    if first.is_ok:
        group_of(chunks[0], Path(out))
    setup_s = time.monotonic() - again
    return ProbeReport(tuple(reports), setup_s, begin, peak_mib())


@contextmanager
def watchdog(out: Path, chunk_id: str, limit_s: float) -> Iterator[None]:
    """End this process if the body takes too long, and leave word where it hung.

    XLA's thread pools have been seen to wait for each other for ever. The clock is a
    thread in C, which needs no interpreter lock to act.

    Args:
        out: results folder.
        chunk_id: the chunk in the body.
        limit_s: time that it may take, s; > 0.
    """
    path = stuck_file(out, chunk_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            path.unlink(missing_ok=True)


def run_chunks(
    chunks: Sequence[Chunk], out: str, limits_s: Sequence[float]
) -> list[ChunkReport]:
    """Compute chunks one after the other; see `run_chunk`."""
    return [
        run_chunk(chunk, out, limit_s)
        for chunk, limit_s in zip(chunks, limits_s, strict=True)
    ]


def run_chunk(chunk: Chunk, out: str, limit_s: float) -> ChunkReport:
    """Compute one chunk and write its records; a failure is written too.

    A chunk that another runner of the folder has finished meanwhile is left alone.

    Args:
        chunk: the runs.
        out: the results folder.
        limit_s: time after which the watchdog ends this process, s.

    Returns:
        What happened, for the parent's progress line.

    Raises:
        DiskFullError: no space is left, so that nothing can be kept of any chunk.
    """
    folder, start = Path(out), time.monotonic()
    if record_file(folder, chunk.id).exists():
        return ChunkReport(chunk.id, len(chunk.runs), True, "", 0.0)
    message, built, computed = "", start, start
    try:
        with watchdog(folder, chunk.id, limit_s):
            group = group_of(chunk, folder)
            built = computed = time.monotonic()
            size = chunk.runs[0].condition.spec.dispatch_size
            arguments = arguments_of(chunk.runs, size)
            found = jax.tree.map(np.asarray, group.sweep(*arguments))
            computed = time.monotonic()
            write_records(folder, chunk.id, rows_of(chunk, group, found))
    except DiskFullError:
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        keys = [run.key for run in chunk.runs]
        write_error(folder, chunk.id, keys, message, traceback.format_exc())
    else:
        clear_error(folder, chunk.id)
    times = (time.monotonic() - start, built - start, computed - built)
    report = ChunkReport(chunk.id, len(chunk.runs), not message, message, *times)
    told = report._asdict()
    told["chunk"] = told.pop("chunk_id")
    del told["message"]
    where = {"host": platform.node(), "pid": os.getpid(), "argv": sys.argv[:1]}
    path = folder / "sidecar" / f"{chunk.id}.json"
    write_json(path, told | {"group": chunk.group} | where)
    return report
