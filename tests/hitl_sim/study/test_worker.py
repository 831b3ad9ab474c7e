import jax
import numpy as np
import pytest

from hitl_sim.study import worker
from hitl_sim.study.plan import build_plan, chunks_left
from hitl_sim.study.spec import convert


@pytest.fixture(scope="module")
def plan(tables_of_module):
    return build_plan(convert(tables_of_module))


@pytest.fixture(scope="module")
def tables_of_module():
    import tomllib  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    smoke = Path(__file__).parents[2] / "experiments" / "smoke.toml"
    return tomllib.loads(smoke.read_text())


def lanes(plan, chunk, width):
    """Run a chunk's first runs at a width of lanes, past them padding."""
    info, data = worker.data_of(chunk.runs[0].condition.task)
    config = worker.run_config(chunk.runs[0].condition, info, data)
    runs = chunk.runs[:2]
    sweep = worker.build_sweep(config, width)
    return sweep(
        np.int32(len(runs)),
        worker._pad([worker.seeds_of(run) for run in runs], width),
        worker._pad([worker.hyper_of(run.condition, info) for run in runs], width),
        data,
    )


def test_padding_changes_no_lane_and_stays_empty(plan):
    chunk = next(
        c for c in chunks_left(plan, set()) if c.runs[0].condition.arm.name == "control"
    )
    narrow, wide = lanes(plan, chunk, 2), lanes(plan, chunk, 3)
    for a, b in zip(jax.tree.leaves(narrow), jax.tree.leaves(wide), strict=True):
        np.testing.assert_array_equal(a, b[:2])
        assert not np.asarray(b[2]).any()


def test_a_worker_refuses_more_than_one_thread(monkeypatch):
    monkeypatch.setattr(worker, "xla_threads", lambda: 2)
    with pytest.raises(RuntimeError, match=r"must run on one thread .* got 2"):
        worker.environment(4)
