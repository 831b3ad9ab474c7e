"""How long a study will take, by one timed chunk of each of its programs."""

import heapq
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.plan import Chunk, build_plan, chunks_left
from hitl_sim.study.spec import StudySpec, validate
from hitl_sim.study.store import RecordError, check_folder, finished_keys, write_json
from hitl_sim.study.sweep import LEAST_LIMIT_S, group_names

_WORKER = "hitl_sim.study.worker"


@dataclass(frozen=True)
class GroupProbe:
    """What one program was seen to take.

    Attributes:
        name: tasks and arms that share it.
        compile_s: time to build and compile it for the first time, s.
        setup_s: the same once its compiled form lies on disk, s.
        run_s: time per run, records included, s.
        runs_left: its runs that are still to do.
    """

    name: str
    compile_s: float
    setup_s: float
    run_s: float
    runs_left: int


@dataclass(frozen=True)
class Probe:
    """What a study was seen to take, and will.

    Attributes:
        groups: its programs.
        seconds: wall time of what is left, s.
        peak_mib: largest memory of a worker so far, MiB.
        workers: processes.
    """

    groups: tuple[GroupProbe, ...]
    seconds: float
    peak_mib: float
    workers: int


def probe_study(spec: StudySpec, out: Path, workers: int) -> Probe:
    """Compute one chunk of each program, with all workers busy, and time it.

    The chunks' records are kept: they are part of the study.

    Args:
        spec: the study.
        out: results folder; made if missing.
        workers: processes that the study will have.

    Returns:
        Times, and what they say of the rest.

    Raises:
        SpecError: the study cannot be run as written.
        RecordError: the folder cannot be used, or a chunk failed.
    """
    spec = validate(spec)
    plan = build_plan(spec)
    check_folder(out)
    write_json(out / "study.json", msgspec.to_builtins(spec))
    left = chunks_left(plan, finished_keys(out))
    first: dict[str, Chunk] = {}
    for chunk in left:
        first.setdefault(chunk.group, chunk)
    drawn = list(first.values())
    ids = {chunk.id for chunk in drawn}
    # beside each other, as they will be: neighbours share caches and clocks
    drawn += [c for c in left if c.id not in ids][: max(workers - len(drawn), 0)]
    ids = {chunk.id for chunk in drawn}
    if not drawn:
        return Probe((), 0.0, 0.0, workers)
    begin = time.monotonic()
    with open_executor(Place(workers=workers), len(drawn), out) as executor:
        futures = [
            executor.submit(_WORKER, "probe_chunk", chunk, str(out), LEAST_LIMIT_S)
            for chunk in drawn
        ]
        seen = [future.result() for future in futures]
    for found in seen:
        if not found.report.is_ok:
            raise RecordError(f"A probed chunk must run, but: {found.report.message}")
    rest = [chunk for chunk in left if chunk.id not in ids]
    names = group_names(left)
    of_group = {c.group: s for c, s in zip(drawn, seen, strict=True)}
    groups = {
        group: GroupProbe(
            names[group],
            found.report.setup_s,
            found.setup_s,
            (found.report.wall_s - found.report.setup_s) / found.report.num_runs,
            sum(len(chunk.runs) for chunk in rest if chunk.group == group),
        )
        for group, found in of_group.items()
    }
    start_s = min(found.begin_s for found in seen) - begin
    seconds = schedule_s(rest, groups, workers, start_s) if rest else 0.0
    peak = max(found.peak_mib for found in seen)
    return Probe(tuple(groups.values()), seconds, peak, workers)


def schedule_s(
    chunks: Sequence[Chunk],
    groups: Mapping[str, GroupProbe],
    workers: int,
    start_s: float,
) -> float:
    """Let workers take chunks in their order, and say when the last one is done.

    Args:
        chunks: what is left, in the order of the sweep.
        groups: what each program takes.
        workers: processes.
        start_s: time until a fresh worker takes its first chunk, s.

    Returns:
        Wall time, s; a worker sets a program up when it first meets it.
    """
    free = [(start_s, rank) for rank in range(workers)]
    known: list[set[str]] = [set() for _ in range(workers)]
    for chunk in chunks:
        at, rank = heapq.heappop(free)
        group = groups[chunk.group]
        if chunk.group not in known[rank]:
            known[rank].add(chunk.group)
            at += group.setup_s
        heapq.heappush(free, (at + group.run_s * len(chunk.runs), rank))
    return max(at for at, _ in free)
