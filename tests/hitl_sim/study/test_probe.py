import pytest

from hitl_sim.study.plan import Chunk
from hitl_sim.study.probe import GroupProbe, schedule_s


def group(setup_s, run_s):
    return GroupProbe("", 0.0, setup_s, run_s, 0)


def chunk(name, runs=10):
    return Chunk("", name, (None,) * runs)


@pytest.mark.parametrize(
    ("chunks", "workers", "seconds"),
    [
        ([chunk("a")] * 4, 1, 1.0 + 3.0 + 40.0),
        ([chunk("a")] * 4, 2, 1.0 + 3.0 + 20.0),
        ([chunk("a")] * 3, 2, 1.0 + 3.0 + 20.0),
        ([chunk("a"), chunk("b")], 2, 1.0 + 5.0 + 20.0),
        ([chunk("a"), chunk("b")], 1, 1.0 + 3.0 + 10.0 + 5.0 + 20.0),
        ([chunk("a"), chunk("a", 5)], 1, 1.0 + 3.0 + 15.0),
    ],
)
def test_workers_take_chunks_in_turn_and_set_up_what_they_first_meet(
    chunks, workers, seconds
):
    groups = {"a": group(3.0, 1.0), "b": group(5.0, 2.0)}
    assert schedule_s(chunks, groups, workers, 1.0) == pytest.approx(seconds)
