"""How long a study will take, by a timed chunk or two of each of its programs."""

import heapq
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hitl_sim.record import RecordError
from hitl_sim.study.cluster import Place, open_executor
from hitl_sim.study.executor import WORKER
from hitl_sim.study.plan import Chunk, chunks_left, plan_study
from hitl_sim.study.runner import keep_plan
from hitl_sim.study.spec import StudySpec
from hitl_sim.study.store import check_folder, finished_keys
from hitl_sim.study.sweep import LEAST_LIMIT_S, group_names


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
    """Compute a chunk of each program, with all workers busy, and time it.

    Where it is short a second one is timed, without what happens once in a process.

    The chunks' records are kept: they are part of the study.

    Returns:
        Times, and what they say of the rest.

    Raises:
        SpecError: the study cannot be run as written.
        RecordError: the folder cannot be used, or a chunk failed.
    """
    plan = plan_study(spec)
    check_folder(out)
    finished = finished_keys(out)
    keep_plan(plan, out, len(finished))
    left = chunks_left(plan, finished)
    of_group: dict[str, list[Chunk]] = {}
    for chunk in left:
        of_group.setdefault(chunk.group, []).append(chunk)
    drawn = [tuple(chunks[:2]) for chunks in of_group.values()]
    ids = {chunk.id for pair in drawn for chunk in pair}
    # beside each other, as they will be: neighbours share caches and clocks
    others = [chunk for chunk in left if chunk.id not in ids]
    drawn += [(chunk,) for chunk in others[: max(workers - len(drawn), 0)]]
    if not drawn:
        return Probe((), 0.0, 0.0, workers)
    begin = time.monotonic()
    with open_executor(Place(workers=workers), len(drawn), out) as executor:
        futures = [
            executor.submit(WORKER, "probe_chunks", pair, str(out), LEAST_LIMIT_S)
            for pair in drawn
        ]
        seen = [future.result() for future in futures]
    reports = [report for found in seen for report in found.reports]
    for report in reports:
        if not report.is_ok:
            raise RecordError(f"A probed chunk must run, but: {report.message}")
    done = {report.chunk_id for report in reports}
    rest = [chunk for chunk in left if chunk.id not in done]
    names = group_names(left)
    groups = {
        group: GroupProbe(
            names[group],
            found.reports[0].setup_s,
            found.setup_s,
            # time per run of a chunk whose program was there
            (found.reports[-1].wall_s - found.reports[-1].setup_s)
            / found.reports[-1].num_runs,
            sum(len(chunk.runs) for chunk in rest if chunk.group == group),
        )
        for group, found in zip(of_group, seen, strict=False)
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
