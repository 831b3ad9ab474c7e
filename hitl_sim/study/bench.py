"""The child's side of a profile and an audit: time units of work, and whole runs.

This module is imported only in a worker, after the environment is set.
"""

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.analysis.run.usage import work_unit
from hitl_sim.energy import WorkUnit
from hitl_sim.energy.meters import Meter
from hitl_sim.energy.meters.processor_time import read_cpu_time
from hitl_sim.learn import build_run, build_simulation, describe_work
from hitl_sim.learn.work import Unit
from hitl_sim.purpose import MACHINE
from hitl_sim.study import worker
from hitl_sim.study.executor import KEPT_BYTES
from hitl_sim.study.grid import Condition
from hitl_sim.study.metered import Barrier, Bench, RunSample, TimingSample
from hitl_sim.study.plan import Run
from hitl_sim.study.recording import recording_of

LOOP_S, LONG_LOOP_S = 0.02, 1.0
"""How long one call of a loop should take, s: long beside the call's own 20 µs. Beyond
`KEPT_BYTES` of scratch memory the system hands out fresh pages at each call, which may
take 20 ms, and a run of many steps has them once: there it is the longer of the two."""
MAX_PASSES = 10_000
_FEW_CALLS, _SHORT_S = 4, 2e-3
"""Fewer or shorter calls than this, s, do not tell whether they take like times."""
_BARRIER_S = 120.0
_POLL_S = 1e-3


def list_units(conditions: Sequence[Condition]) -> Bench:
    """List the units of work of some conditions, each name once."""
    found: dict[str, tuple[WorkUnit, Condition]] = {}
    for condition in conditions:
        for name, unit in _units_of(condition).items():
            # a machine among the annotators answers elsewhere
            if name in found or unit.phase == MACHINE:
                continue
            found[name] = (work_unit(name, worker.count_unit(unit)), condition)
    device = jax.devices()[0]
    return Bench(device.platform, device.device_kind, tuple(found.values()))


def _units_of(condition: Condition) -> dict[str, Unit]:
    info, data = worker.data_of(condition)
    work = describe_work(worker.run_config(condition, info, data))
    return {line.unit.name: line.unit for line in work}


def time_unit(
    condition: Condition,
    name: str,
    unit_s: float,
    window_s: float,
    vmap_size: int = 1,
    barrier: Barrier | None = None,
) -> TimingSample:
    """Time one unit of work in a window.

    Args:
        condition: whose program holds the unit.
        name: of the unit.
        unit_s: how long one unit should take, roughly, s; only sizes the loop.
        window_s: how long to work, s.
        vmap_size: copies of the unit in one program.
        barrier: where to wait for other workers that do the same.
    """
    unit = _units_of(condition)[name]
    pass_s = max(unit_s * unit.items * vmap_size, LOOP_S / MAX_PASSES)
    passes = max(int(LOOP_S / pass_s), 1)
    loop = _loop_of(condition, name, passes, vmap_size)
    if loop.scratch_b > KEPT_BYTES:
        passes = max(int(LONG_LOOP_S / pass_s), 1)
        loop = _loop_of(condition, name, passes, vmap_size)
    call = loop.call
    if barrier is not None:
        _wait_at(barrier)
    sample = _window(f"unit {name}", unit.phase, call, window_s)
    done = sample.num_units * passes * unit.items * vmap_size
    return sample._replace(num_units=done)


class Loop(NamedTuple):
    """A compiled loop of passes.

    Attributes:
        call: runs it.
        scratch_b: memory that a call takes for itself, bytes.
    """

    call: Callable[[], Any]
    scratch_b: int


_loops: dict[tuple[str, int, int], Loop] = {}


def _loop_of(condition: Condition, name: str, passes: int, vmap_size: int) -> Loop:
    """Compile and warm a loop of passes, once in this process."""
    key = (name, passes, vmap_size)
    if key not in _loops:
        unit = _units_of(condition)[name]
        program, args = unit.program, example(unit.args, _texts_of(condition))
        if vmap_size > 1:
            program = jax.vmap(program)
            args = jax.tree.map(lambda a: jnp.repeat(a[None], vmap_size, axis=0), args)
        passing = partial(repeat_program, program, passes)
        loop = jax.jit(passing).lower(args).compile(worker.compiler_options())
        call = partial(loop, args)
        jax.block_until_ready(call())  # type: ignore[no-untyped-call]
        memory = loop.memory_analysis()
        _loops[key] = Loop(call, 0 if memory is None else memory.temp_size_in_bytes)
    return _loops[key]


def repeat_program(program: Callable[..., Any], passes: int, args: Any) -> Any:
    """Run a program over and over so that no pass can be left out or shared.

    A program whose result has the form of its first argument (a learner) is fed its own
    result, and another seed each time where it takes one (unsigned numbers). Otherwise
    the sum of all results is written into one element of the largest argument, in
    place: the compiler can neither move work out of the loop nor drop it.

    Args:
        program: of `args`.
        passes: how often to run it.
        args: its arguments.

    Returns:
        What the last pass leaves.
    """
    result = jax.eval_shape(program, *args)
    if _form(result) == _form(args[0]):

        def feed(state: Any, number: jax.Array) -> tuple[Any, None]:
            rest = (arg + number if _is_seed(arg) else arg for arg in args[1:])
            return program(state, *rest), None

        numbers = jnp.arange(passes, dtype=jnp.uint32)
        return jax.lax.scan(feed, args[0], numbers)[0]
    leaves, tree = jax.tree.flatten(args)
    largest = int(np.argmax([leaf.size for leaf in leaves]))

    def chain(carry: Any, _: None) -> tuple[Any, None]:
        array, seen = carry
        array = array.at[(0,) * array.ndim].set(seen.astype(array.dtype))
        fed = [*leaves[:largest], array, *leaves[largest + 1 :]]
        outputs = program(*jax.tree.unflatten(tree, fed))
        total = sum(
            jnp.sum(leaf, dtype=jnp.float32) for leaf in jax.tree.leaves(outputs)
        )
        # small, so that a network's inputs stay what they were
        return (array, total * jnp.float32(1e-9)), None

    start = (leaves[largest], jnp.float32(0.0))
    return jax.lax.scan(chain, start, None, length=passes)[0][1]


def _is_seed(arg: Any) -> bool:
    leaves = jax.tree.leaves(arg)
    return len(leaves) == 1 and bool(leaves[0].dtype == jnp.uint32)


def _form(tree: Any) -> Any:
    shapes = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(tree)]
    return jax.tree.structure(tree), shapes


def _texts_of(condition: Condition) -> np.ndarray | None:
    """Return a task's items where they are ids of words, `[M, D]`."""
    info, data = worker.data_of(condition)
    return None if info.vocabulary is None else np.asarray(data.features)


def example(args: Any, texts: np.ndarray | None) -> Any:
    """Make arguments: small random numbers, classes 0 and 1, a small learning rate.

    Items that are texts are those of the task: their words decide which rows of the
    embedding are read and written, and small numbers would all be the first word.

    Args:
        args: abstract arguments of a program; the first are weights or scores.
        texts: `[M, D]` ids of words; None where items are no texts.
    """
    rng = np.random.default_rng(0)

    def make(spec: Any) -> jax.Array:
        if texts is not None and spec.ndim == 2 and spec.shape[1] == texts.shape[1]:
            return jnp.asarray(np.resize(texts, spec.shape), spec.dtype)
        return make_number(spec)

    def make_number(spec: Any) -> jax.Array:
        if jnp.issubdtype(spec.dtype, jnp.floating):
            values: Any = rng.uniform(0.0, 0.1, spec.shape) if spec.shape else 1e-3
        else:
            values = rng.integers(0, 2, spec.shape) if spec.shape else 0
        return jnp.asarray(values, spec.dtype)

    return (jax.tree.map(make_number, args[0]), *jax.tree.map(make, tuple(args[1:])))


@cache
def _meter() -> Meter:
    return Meter()


def _window(
    name: str, phase: str, call: Callable[[], Any], window_s: float
) -> TimingSample:
    """Call until the time is up, under the meter."""
    taken: list[float] = []
    before, core_s = read_cpu_time(), time.process_time()
    with _meter().window(name, phase=phase) as window:
        now = time.monotonic()
        end = now + window_s
        while not taken or now < end:
            window.wait_on(call())
            taken.append(time.monotonic() - now)
            now += taken[-1]
    core_s, after = time.process_time() - core_s, read_cpu_time()
    seconds = window.seconds.value
    if not isinstance(seconds, float):
        raise TypeError(f"`seconds` must be one number, got {seconds}.")
    others_s = steal_s = 0.0
    if before is not None and after is not None:
        others_s = max(0.0, after.others_s - before.others_s)
        steal_s = max(0.0, after.steal_s - before.steal_s)
    uneven = sum(taken) / len(taken) / min(taken) - 1.0
    return TimingSample(
        len(taken),
        seconds,
        tuple(energy.to_json() for energy in window.joules),
        core_s / seconds,
        others_s / seconds,
        steal_s / seconds,
        uneven if len(taken) >= _FEW_CALLS and min(taken) >= _SHORT_S else 0.0,
    )


def _wait_at(barrier: Barrier) -> None:
    """Wait until all workers are there.

    Raises:
        TimeoutError: one did not come.
    """
    folder = Path(barrier.folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(barrier.rank)).touch()
    end = time.monotonic() + _BARRIER_S
    while len(list(folder.iterdir())) < barrier.size:
        if time.monotonic() > end:
            raise TimeoutError(
                f"`barrier` must see {barrier.size} workers within {_BARRIER_S:.0f} s,"
                f" got {len(list(folder.iterdir()))}."
            )
        time.sleep(_POLL_S)


def measure_idle(duration_s: float) -> tuple[dict[str, Any], ...]:
    """Wait without work, and return each device's idle power, W, as JSON."""
    return tuple(w.to_json() for w in _meter().measure_idle(duration_s).values())


def time_run(run: Run, window_s: float) -> RunSample:
    """Repeat one run of a study by itself, one lane, compilation apart.

    Args:
        run: which.
        window_s: how long to work on it, s; the run is repeated until then.
    """
    condition = run.condition
    info, data = worker.data_of(condition)
    config = worker.run_config(condition, info, data)
    seeds, hyper = worker.seeds_of(run), worker.hyper_of(condition, info)
    key = str(sorted(condition.static(info.content_hash).items()))
    if key not in _runs:
        compiled = partial(jax.jit, compiler_options=worker.compiler_options())
        _runs[key] = compiled(build_run(config)), compiled(build_simulation(config))
    args = (seeds, hyper, data, recording_of(condition, info))
    whole, aside = (partial(program, *args) for program in _runs[key])
    # programs return before they end: the window would hold what is left of these calls
    trace, _ = jax.block_until_ready((whole(), aside()))  # type: ignore[no-untyped-call]
    return RunSample(
        _window("run", "train", whole, window_s),
        _window("simulation", "train", aside, window_s / 2),
        tuple(float(x) for x in np.asarray(trace.curve.validation)),
    )


_runs: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}
