import re
import tomllib
from pathlib import Path

import jax
import numpy as np
import pytest
from jax import export

from hitl_sim.learn import build_run, describe_work
from hitl_sim.learn.work import Unit, abstract
from hitl_sim.record import RecordError
from hitl_sim.study import worker
from hitl_sim.study.folder import merge_units
from hitl_sim.study.plan import build_plan, chunks_left
from hitl_sim.study.spec import convert, kinds_of, load_spec
from hitl_sim.study.worker import group as groups, process, run as computing
from hitl_sim.study.worker.group import arguments_of
from hitl_sim.study.worker.sweep import build_sweep

STUDIES = Path(__file__).parents[2] / "experiments"


@pytest.fixture(scope="module")
def plan(tables_of_module):
    return build_plan(convert(tables_of_module))


@pytest.fixture(scope="module")
def tables_of_module():
    return tomllib.loads((STUDIES / "smoke.toml").read_text())


def lanes(plan, chunk, width, together=1):
    """Run a chunk's first runs in a dispatch of some width, past them padding."""
    info, data = worker.data_of(chunk.runs[0].condition)
    config = worker.run_config(chunk.runs[0].condition, info, data)
    arguments = arguments_of(chunk.runs[:2], width)
    sweep = build_sweep(config, width, together).lower(*arguments)
    return sweep.compile(worker.compiler_options())(*arguments)


def test_padding_changes_no_lane_and_stays_empty(plan):
    chunk = next(
        c for c in chunks_left(plan, set()) if c.runs[0].condition.arm.name == "control"
    )
    narrow, wide = lanes(plan, chunk, 2), lanes(plan, chunk, 3)
    for a, b in zip(jax.tree.leaves(narrow), jax.tree.leaves(wide), strict=True):
        np.testing.assert_array_equal(a, b[:2])
        assert not np.asarray(b[2]).any()


def test_runs_that_are_mapped_together_are_the_runs_alone(plan):
    chunk = next(
        c for c in chunks_left(plan, set()) if c.runs[0].condition.arm.name != "control"
    )
    alone, together = lanes(plan, chunk, 2), lanes(plan, chunk, 6, 3)
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b[:2], rtol=1e-4, atol=1e-5)
        assert not np.asarray(b[2:]).any()


MOST_OPERATIONS = {
    "control": 550,
    "random_half": 600,
    "relevance": 2900,
    "margin_labels": 2800,
}
"""Of the smoke study's programs, constants apart: a few in a hundred above today's."""

HASHES = r"func\.func private @_(draw|split|fold_in).*?\n  }"
"""Functions of which each is one kernel, however many operations it is written in."""


def test_programs_stay_small(plan):
    """What people wait for first is compilation, which takes as long as there is code.

    Whoever grows a program on purpose raises its bound; the code for what is done once
    more, elsewhere in the run, is there twice.
    """
    found = {}
    for chunk in chunks_left(plan, set()):
        condition = chunk.runs[0].condition
        if condition.arm.name in MOST_OPERATIONS.keys() - found.keys():
            info, data = worker.data_of(condition)
            config = worker.run_config(condition, info, data)
            dispatch = condition.spec.dispatch_size
            program = build_sweep(config, dispatch, 1)
            text = program.lower(*arguments_of(chunk.runs, dispatch)).as_text()
            text = re.sub(HASHES, "", text, flags=re.DOTALL)
            operations = re.findall(r'= "?stablehlo\.(?!constant)', text)
            found[condition.arm.name] = len(operations)
    grown = {name: n for name, n in found.items() if n > MOST_OPERATIONS[name]}
    assert not grown, f"operations, of at most {MOST_OPERATIONS}"
    assert found.keys() == MOST_OPERATIONS.keys()


def test_a_cpu_maps_one_run_at_a_time_where_nothing_is_said():
    assert process.vmap_size_here(8, None) == 1
    assert process.vmap_size_here(8, 4) == 4


def test_a_worker_refuses_more_than_one_thread(monkeypatch):
    monkeypatch.setattr(process, "xla_threads", lambda: 2)
    with pytest.raises(RuntimeError, match=r"must run on one thread .* got 2"):
        worker.environment(4, None)


def test_a_thread_that_bears_the_pool_s_name_for_a_moment_is_none_of_it(monkeypatch):
    seen = iter((3, 2, 1))
    monkeypatch.setattr(process, "_pool_threads", lambda: next(seen))
    assert process.xla_threads() == 1
    monkeypatch.setattr(process, "_pool_threads", lambda: 2)
    monkeypatch.setattr(process, "_PAUSE_S", 0.0)
    assert process.xla_threads() == 2


def test_every_kind_of_arm_becomes_a_program_with_a_bill():
    """What the smoke study leaves out is in `arms.toml`."""
    kinds = set()
    for name in ("smoke.toml", "arms.toml"):
        plan = build_plan(load_spec(STUDIES / name))
        runs = {plan.group_of(run): run for run in plan.runs}
        for run in runs.values():
            condition = run.condition
            info, data = worker.data_of(condition)
            config = worker.run_config(condition, info, data)
            work = describe_work(config)
            assert {line.unit.phase for line in work} >= {"train", "evaluate"}
            shapes = jax.eval_shape(
                build_run(config),
                worker.seeds_of(run),
                worker.hyper_of(condition, info),
                data,
            )
            assert shapes.curve.validation.shape == (12,)
            kinds.add(condition.arm.__struct_config__.tag)
    assert kinds == set(kinds_of("intervention"))


def test_a_program_is_traced_once_for_all_processes(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(process, "xla_threads", lambda: 1)
    chunk = chunks_left(plan, set())[0]
    found, told = [], []
    for name in ("first", "second"):
        # as in a process that has just begun
        monkeypatch.setattr(groups, "_groups", {})
        built = groups.group_of(chunk, tmp_path / name)
        size = chunk.runs[0].condition.spec.dispatch_size
        found.append(built.sweep(*arguments_of(chunk.runs, size)))
        told.append(next((tmp_path / name / "groups").iterdir()).read_bytes())
        monkeypatch.setattr(groups, "describe_work", None)
        monkeypatch.setattr(groups, "build_sweep", None)
    jax.tree.map(np.testing.assert_array_equal, *found)
    assert told[0] == told[1]


def test_a_program_that_asks_people_is_lowered_for_a_gpu(plan):
    """Where no machine has one, nothing else would tell that it cannot be."""
    chunk = next(
        c for c in chunks_left(plan, set()) if c.runs[0].condition.arm.question
    )
    first = chunk.runs[0].condition
    config = worker.run_config(first, *worker.data_of(first))
    size = first.spec.dispatch_size
    sweep = build_sweep(config, size, size)
    arguments = arguments_of(chunk.runs, size)
    lowered = export.export(sweep, platforms=("cuda",))(*arguments)
    assert lowered.platforms == ("cuda",)


def test_a_unit_is_counted_per_item():
    """A product of 10 x 3 and 3 x 2 does 2 * 10 * 3 * 2 operations, for five items."""
    args = (abstract(10, 3), abstract(3, 2))
    counted = worker.count_unit(Unit("made up", "train", jax.numpy.matmul, args, 5))
    assert counted == {
        "phase": "train",
        "flops": {"float32": 24.0},
        "matrix_flops": {"float32 default": 24.0},
        "random_flops": 0.0,
        "bytes_moved": 4 * (30 + 6 + 20) / 5,
        "num_kernels": 1 / 5,
        "products": [
            {
                "size": [10, 2, 3],
                "operand_b": 4,
                "sum_b": 4,
                "dtype": "float32",
                "times": 1 / 5,
            }
        ],
    }


@pytest.mark.parametrize(("first_s", "num_timed"), [(0.5, 2), (5.0, 1)])
def test_a_probe_times_a_second_chunk_where_the_first_was_short(
    plan, tmp_path, monkeypatch, first_s, num_timed
):
    def run_chunk(chunk, out, limit_s):
        return worker.ChunkReport(chunk.id, len(chunk.runs), True, "", 9.0 + first_s, 9)

    monkeypatch.setattr(computing, "run_chunk", run_chunk)
    monkeypatch.setattr(computing, "group_of", lambda chunk, out: None)
    chunks = chunks_left(plan, set())
    found = worker.probe_chunks(chunks[:2], str(tmp_path), 100.0)
    assert [report.chunk_id for report in found.reports] == [
        chunk.id for chunk in chunks[:num_timed]
    ]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"units": {"train": 2}}, r"of one program, got other `units`: 'train'"),
        (
            {"environment": {"jax": 2}},
            r"of one program, got other `environment`: 'jax'",
        ),
    ],
)
def test_a_folder_s_program_is_not_replaced_by_another(tmp_path, part, message):
    group = {"static": {}, "environment": {"jax": 1}, "units": {"train": 1.5e-7}}
    file = tmp_path / "groups" / "one.json"
    groups.keep_group(file, group)
    before = file.read_bytes()
    groups.keep_group(file, group)
    with pytest.raises(RecordError, match=message):
        groups.keep_group(file, group | part)
    assert file.read_bytes() == before


def test_units_of_one_name_that_differ_are_never_billed_as_one():
    groups = [{"units": {"train": 1, "score": 2}}, {"units": {"train": 1}}]
    assert merge_units(groups) == {"train": 1, "score": 2}
    with pytest.raises(RecordError, match="unit 'train' must be one program"):
        merge_units([*groups, {"units": {"train": 3}}])
