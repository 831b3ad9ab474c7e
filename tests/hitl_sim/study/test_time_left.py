import heapq
import io

import pytest
from rich.console import Console

from hitl_sim.report.terminal.progress import shown_progress
from hitl_sim.study.plan import Chunk
from hitl_sim.study.sweep import Progress
from hitl_sim.study.time_left import TimeLeft
from hitl_sim.study.worker import ChunkReport

FIRST_S, LATER_S = 12.0, 4.0
WORK_S = {"a": 0.5, "b": 1.0, "c": 2.0}


def study(num_chunks, groups="abc"):
    """Chunks in the order of a sweep: the first of every program first."""
    return [Chunk(f"{g}{i}", g, ()) for i in range(num_chunks) for g in groups]


def report(chunk, setup_s):
    work_s = WORK_S[chunk.group]
    return ChunkReport(chunk.id, 1, True, "", setup_s + work_s, setup_s, work_s)


def play(chunks, num_workers):
    """Yield after each chunk the time that has passed and what is predicted."""
    left = TimeLeft(chunks, lambda chunk: 1e9 * WORK_S[chunk.group], num_workers)
    assert left.seconds is None
    free = [(0.0, rank) for rank in range(num_workers)]
    met, ends = {}, []
    for chunk in chunks:
        at, rank = heapq.heappop(free)
        ranks = met.setdefault(chunk.group, {})
        is_cached = bool(ranks) and min(ranks.values()) <= at
        setup_s = 0.0 if rank in ranks else LATER_S if is_cached else FIRST_S
        ranks.setdefault(rank, at + setup_s)
        end = at + setup_s + WORK_S[chunk.group]
        heapq.heappush(free, (end, rank))
        ends.append((end, chunk, setup_s))
    for end, chunk, setup_s in sorted(ends, key=lambda e: e[0]):
        left.take(chunk, report(chunk, setup_s), end)
        yield end, left.seconds


@pytest.mark.parametrize("num_workers", [1, 2, 4])
@pytest.mark.parametrize("num_chunks", [10, 30, 100])
def test_from_a_tenth_of_the_way_on_the_time_left_is_right_within_a_factor_of_two(
    num_chunks, num_workers
):
    told = list(play(study(num_chunks), num_workers))
    whole = told[-1][0]
    for passed, predicted in told:
        if 0.1 * whole <= passed <= 0.9 * whole:
            assert 1 / 2 < predicted / (whole - passed) < 2
    assert told[-1][1] == 0.0


def test_a_compilation_is_not_taken_for_the_pace_of_runs():
    chunks = study(100, "a")
    left = TimeLeft(chunks, lambda _: 1.0, 1)
    left.take(chunks[0], report(chunks[0], FIRST_S), 100.0)
    assert left.seconds == pytest.approx(99 * WORK_S["a"])


def test_programs_not_seen_yet_are_foretold_from_operations_and_set_up_once():
    chunks = study(1)
    left = TimeLeft(chunks, lambda chunk: 1e9 * WORK_S[chunk.group], 1)
    left.take(chunks[0], report(chunks[0], FIRST_S), 100.0)
    assert left.seconds == pytest.approx(2 * FIRST_S + WORK_S["b"] + WORK_S["c"])


def test_chunks_that_failed_or_were_lost_are_not_waited_for():
    chunks = study(2, "a")
    left = TimeLeft(chunks, lambda _: 1.0, 1)
    left.take(chunks[0], None, 1.0)
    assert left.seconds is None
    left.take(chunks[1], ChunkReport("a1", 1, False, "failed", 3.0), 4.0)
    assert left.seconds == 0.0


def test_a_log_says_what_is_left_without_compilation():
    out = io.StringIO()
    with shown_progress(Console(file=out, width=100)) as show:
        show(Progress(16, 1072, 0, 0, False, (), 170.0))
    assert out.getvalue() == "running: 16 of 1072 runs, 2.8 min left\n"
