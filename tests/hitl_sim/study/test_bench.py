"""The loops that are timed do all of their work, and are timed as a study runs them."""

import time
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.energy.meters.processor_time import CpuTime
from hitl_sim.study import bench
from hitl_sim.study.calibration import conditions_of, grid_specs
from hitl_sim.study.metered import Barrier
from hitl_sim.study.plan import build_plan


@pytest.fixture(scope="module")
def condition():
    (only,) = conditions_of(grid_specs(["8"], [16]))
    return only


def seconds(program, passes, args):
    """Take the least processor time of three calls, compilation apart."""
    call = jax.jit(lambda a: bench.repeat_program(program, passes, a))
    jax.block_until_ready(call(args))
    taken = []
    for _ in range(3):
        begin = time.process_time()
        jax.block_until_ready(call(args))
        taken.append(time.process_time() - begin)
    return min(taken)


def test_texts_are_timed_with_their_own_words():
    """One word for all would write one row of the embedding over and over."""
    texts = np.arange(12.0).reshape(4, 3)
    weights, items, labels = (
        jax.ShapeDtypeStruct(shape, dtype)
        for shape, dtype in (((5, 3), "float32"), ((6, 3), "float32"), ((6,), "int32"))
    )
    table, x, y = bench.example((weights, items, labels), texts)
    assert x.tolist() == [*texts.tolist(), *texts[:2].tolist()]
    assert float(table.max()) < 0.1
    assert set(y.tolist()) <= {0, 1}
    _, x, _ = bench.example((weights, items, labels), None)
    assert float(x.max()) < 0.1


@pytest.mark.parametrize(("kept", "loop_s"), [(2**60, 0.02), (-1, 1.0)])
def test_calls_that_take_fresh_memory_are_of_many_passes(
    condition, monkeypatch, kept, loop_s
):
    """Ten steps a call bore the pages of a large program that a run pays once."""
    monkeypatch.setattr(bench, "KEPT_BYTES", kept)
    name = next(n for n in bench._units_of(condition) if n.startswith("train"))
    unit_s = 1e-4
    sample = bench.time_unit(condition, name, unit_s, 1e-3)
    assert sample.num_units % round(loop_s / unit_s) == 0
    assert sample.num_units >= round(loop_s / unit_s)
    assert (sample.num_units < round(1.0 / unit_s)) is (loop_s < 1.0)


def test_a_learner_is_fed_its_own_result():
    out = bench.repeat_program(
        lambda w, x: w + x, 5, (jnp.float32(1.0), jnp.float32(2.0))
    )
    assert float(out) == 11.0


def test_each_pass_of_a_learner_has_a_seed_of_its_own():
    args = (jnp.zeros(4, jnp.uint32), jnp.uint32(7))

    def program(seen, seed):
        return jnp.concatenate([seen[1:], seed[None]])

    assert list(bench.repeat_program(program, 4, args)) == [7, 8, 9, 10]


def test_no_pass_of_a_scoring_loop_is_left_out_or_shared():
    """The result of each pass is read, and depends on the pass before it."""
    matrix = jnp.asarray(
        np.random.default_rng(0).uniform(0, 0.1, (256, 256)), "float32"
    )
    args = (matrix, jnp.ones((200, 256), jnp.float32))

    def score(w, x):
        return jnp.argmax(x @ w, axis=1)

    few, many = (seconds(score, passes, args) for passes in (20, 160))
    assert 5 < many / few < 12


def test_every_input_of_a_scoring_loop_stays_finite_over_many_passes():
    args = (jnp.ones((4, 4)), jnp.ones((3, 4)))
    last = bench.repeat_program(lambda w, x: jax.nn.softmax(x @ w), 1_000, args)
    assert bool(jnp.isfinite(last))


def test_units_are_listed_once_with_their_counts(condition):
    found = bench.list_units([condition, condition])
    names = [unit.name for unit, _ in found.units]
    assert len(names) == len(set(names)) == 3
    assert found.platform == "cpu"
    step = next(unit for unit, _ in found.units if unit.phase == "train")
    assert step.flops["float32"] > 16 * (4 * 64 * 8 + 6 * 8 * 10)


@pytest.mark.parametrize("vmap_size", [1, 3])
def test_a_window_counts_items_of_every_lane(condition, vmap_size):
    name = "evaluate:64-8-10:class:n297"
    unit_s = bench.LOOP_S / 20 / 297 / vmap_size * 0.99
    seen = bench.time_unit(condition, name, unit_s, 0.01, vmap_size)
    assert seen.num_units % (20 * 297 * vmap_size) == 0
    assert seen.seconds >= 0.01
    assert seen.core_frac > 0.0


class Late:
    """A result that is computed while its caller goes on."""

    curve = SimpleNamespace(validation=(0.5,))

    def __init__(self, pending):
        self.pending = pending
        pending.append(self)

    def block_until_ready(self):
        if self in self.pending:
            self.pending.remove(self)
        return self


class AnyRun:
    """Programs that are known for any run."""

    def __init__(self, pending):
        self.programs = (lambda *_: Late(pending), lambda *_: Late(pending))

    def __contains__(self, key):
        return True

    def __getitem__(self, key):
        return self.programs


def test_a_window_does_not_begin_before_the_call_that_warmed_it_has_ended(
    condition, monkeypatch
):
    pending, left = [], []

    def window(name, phase, call, window_s):
        left.append(len(pending))
        return name

    monkeypatch.setattr(bench, "_runs", AnyRun(pending))
    monkeypatch.setattr(bench, "_window", window)
    (spec,) = grid_specs(["8"], [16])
    seen = bench.time_run(build_plan(spec).runs[0], 0.1)
    assert left == [0, 0]
    assert seen.validation_accuracy == (0.5,)


def test_calls_of_unlike_length_and_other_programs_are_seen(monkeypatch):
    times = iter([CpuTime(1.0, 5.0, 2.0, 0.5), CpuTime(2.0, 8.0, 3.0, 0.7)])
    monkeypatch.setattr(bench, "read_cpu_time", lambda: next(times))
    pauses = iter([0.01, 0.01, 0.03, 0.01, 0.04])
    seen = bench._window("x", "train", lambda: time.sleep(next(pauses)), 0.09)
    assert seen.num_units == 5
    assert seen.other_cores == pytest.approx(2.0 / seen.seconds)
    assert seen.steal_frac == pytest.approx(0.2 / seen.seconds)
    assert 0.6 < seen.uneven_frac < 1.2
    times = iter([None] * 4)
    seen = bench._window("x", "train", lambda: time.sleep(0.02), 0.01)
    assert (seen.other_cores, seen.uneven_frac) == (0.0, 0.0)
    # a call of nothing is all jitter
    assert bench._window("x", "train", lambda: None, 0.01).uneven_frac == 0.0


def test_workers_wait_for_each_other_and_say_who_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "_BARRIER_S", 0.01)
    bench._wait_at(Barrier(str(tmp_path / "one"), 0, 1))
    with pytest.raises(TimeoutError, match="must see 2 workers"):
        bench._wait_at(Barrier(str(tmp_path / "two"), 0, 2))
