"""The child's side of a study: one program per group, one record file per chunk.

This module is imported only in a worker, after the environment is set.
"""

import json
import os
import platform
import resource
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from hitl_sim import __version__
from hitl_sim.energy import operations_in
from hitl_sim.energy.memory import products_in
from hitl_sim.learn import (
    Halves,
    Hyper,
    PanelConfig,
    RunConfig,
    Seeds,
    StepCounts,
    Trace,
    WorkLine,
    build_run,
    describe_halves,
    describe_steps,
    describe_work,
)
from hitl_sim.learn.crowd import NOBODY
from hitl_sim.learn.intervention import Intervention, Program, Shape
from hitl_sim.learn.loop import guidance_of
from hitl_sim.learn.work import Unit
from hitl_sim.output import DiskFullError
from hitl_sim.record import RecordError
from hitl_sim.study.annotator import annotator_of
from hitl_sim.study.executor import give_back_memory
from hitl_sim.study.grid import Condition
from hitl_sim.study.lever import lever_config
from hitl_sim.study.network import network_config
from hitl_sim.study.optimiser import train_config
from hitl_sim.study.parts import foreign_parts
from hitl_sim.study.plan import (
    Chunk,
    Run,
    load_data,
    population_of,
)
from hitl_sim.study.recording import recording_of
from hitl_sim.study.spec import CrewSpec, TaskSpec
from hitl_sim.study.store import (
    clear_error,
    record_file,
    write_error,
    write_json,
    write_records,
)
from hitl_sim.study.watchdog import watchdog
from hitl_sim.task import Corruption, TaskData, TaskInfo
from hitl_sim.unit import S_PER_H
from hitl_sim.workforce import Round, Timeline, crew_of, simulate_rounds
from oracles.replay import RecordedAnswers

STREAMS = {"control": 0, "arm": 0, "null": 1, "pilot": 2}
"""Random stream of initialisation and batches, by role."""


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


def xla_threads() -> int | None:
    """Threads of XLA's compute pool in this process, None where they cannot be seen."""
    jnp.zeros(1).block_until_ready()
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return None
    names = [(t / "comm").read_text().strip() for t in tasks.iterdir()]
    return sum(name == "tf_XLAEigen" for name in names)


def lanes_here(width: int, lanes: int | None) -> int:
    """Return how many runs this process maps together: as given, or by its device."""
    return lanes or (1 if jax.devices()[0].platform == "cpu" else width)


def environment(width: int, lanes: int | None) -> dict[str, Any]:
    """What fixes the bytes beside program and seed; see the manifest.

    Args:
        width: runs per dispatch.
        lanes: of them, runs that are mapped together; None leaves it to the device.

    Raises:
        RuntimeError: XLA runs on more than one CPU thread.
    """
    device = jax.devices()[0]
    threads = xla_threads() if device.platform == "cpu" else None
    if device.platform == "cpu" and threads not in (1, None):
        raise RuntimeError(
            f"XLA must run on one thread in a worker, got {threads}. The variable "
            "NPROC=1 must be set before the backend starts."
        )
    return {
        "hitl_sim": __version__,
        "jax": jax.__version__,
        "jaxlib": version("jaxlib"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device_kind": device.device_kind,
        "platform": device.platform,
        "xla_threads": 1 if threads is None else threads,
        "width": width,
        "lanes": lanes_here(width, lanes),
    }


@cache
def _load(task: TaskSpec) -> tuple[TaskInfo, TaskData]:
    return load_data(task)


def data_of(task: TaskSpec) -> tuple[TaskInfo, TaskData]:
    """Load a task's data, once in this process whatever its spoilt shares."""
    # shares are leaves: they must not load the same data twice
    plain = {"irrelevant": 0.0, "duplicate": 0.0, "wrong_label": 0.0}
    return _load(msgspec.structs.replace(task, **plain))


def _panel(condition: Condition) -> PanelConfig:
    arm, content = condition.arm, condition.content
    if arm.question is None:
        return NOBODY
    size = condition.spec.crew.size
    recording = content.recording if content else None
    if recording is not None:
        # the recording settles who is asked how much
        dealt = (0.0, recording.policy, recording.is_timed)
        return PanelConfig(size, arm.people, arm.asks, *dealt)
    spread = content.activity_spread if content else 0.0
    annotator, _ = annotator_of(condition.spec)
    return PanelConfig(size, arm.people, arm.asks, spread, annotator=annotator)


def run_config(condition: Condition, info: TaskInfo, data: TaskData) -> RunConfig:
    """Turn a condition's static part into the learner's config."""
    task = condition.task
    num_groups, group_size = data.groups.shape
    parts = foreign_parts(condition.spec)
    program = Program(
        Shape(task.pool, info.num_features, info.num_classes, num_groups, group_size),
        network_config(condition.network, info, parts),
        train_config(condition.training, parts, condition.spec.target),
        _panel(condition),
        parts,
    )
    lever = lever_config(condition.arm.lever, info.num_classes)
    left = info.num_items - task.pool - task.validation - task.test
    sizes = (task.validation, task.test)
    return RunConfig(program, condition.arm, *sizes, lever, left)


def hyper_of(condition: Condition, info: TaskInfo) -> Hyper:
    """Turn a condition's leaves into numbers, `[]` float32 on the host."""
    task = condition.task
    params: Any = dict(condition.arm.leaves)
    rates: Any = condition.training.all_params(foreign_parts(condition.spec))
    leaves = Hyper(
        optimiser=rates,
        params=params,
        corruption=Corruption(task.irrelevant, task.duplicate, task.wrong_label),
        population=population_of(condition, info),
    )
    hyper: Hyper = jax.tree.map(np.float32, leaves)
    return hyper


def seeds_of(run: Run) -> Seeds:
    """Name a run's random streams, `[]` int32 on the host."""
    numbers = (run.condition.spec.seed, run.replicate, STREAMS[run.condition.role])
    return Seeds(*(np.int32(number) for number in numbers))  # type: ignore[arg-type]


def build_sweep(config: RunConfig, width: int, lanes: int) -> Any:
    """Build the program of a group: `width` runs, `lanes` of them at a time.

    On a CPU a mapped program is often no faster per run than the plain one, and takes
    half as long again to compile; one of many small operations gains, and so does any
    on a GPU. Runs past `num_runs` are padding: a block of nothing else costs nothing.

    Args:
        config: what the runs share.
        width: runs of a dispatch.
        lanes: runs that are mapped together; divides `width`.

    Returns:
        `(num_runs [], Seeds [R], Hyper [R], TaskData, answers=None) -> Trace [R]`,
        compiled on first use; `answers` are those that all runs replay.
    """
    # traced once, for its shapes and for itself
    run = jax.jit(build_run(config), inline=True)

    def sweep(
        num_runs: Any,
        seeds: Seeds,
        hyper: Hyper,
        data: TaskData,
        answers: RecordedAnswers | None = None,
    ) -> Trace:
        trace = jax.eval_shape(run, *_first((seeds, hyper)), data, answers)

        def lane(index: jax.Array, one_seeds: Seeds, one_hyper: Hyper) -> Trace:
            # a block may end in padding
            out: Trace = jax.tree.map(
                lambda a: jnp.where(index < num_runs, a, jnp.zeros_like(a)),
                run(one_seeds, one_hyper, data, answers),
            )
            return out

        def block(args: tuple[jax.Array, Seeds, Hyper]) -> Trace:
            out: Trace = jax.lax.cond(
                args[0][0] < num_runs,
                lambda: jax.vmap(lane)(*args),
                lambda: jax.tree.map(
                    lambda a: jnp.zeros((lanes, *a.shape), a.dtype), trace
                ),
            )
            return out

        def plain(args: tuple[jax.Array, Seeds, Hyper]) -> Trace:
            out: Trace = jax.lax.cond(
                args[0] < num_runs,
                lambda: run(*args[1:], data, answers),
                lambda: jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), trace),
            )
            return out

        runs = (jnp.arange(width), seeds, hyper)
        if lanes == 1:
            alone: Trace = jax.lax.map(plain, runs)
            return alone
        cut = jax.tree.map(lambda a: a.reshape(-1, lanes, *a.shape[1:]), runs)
        together = jax.lax.map(block, cut)
        out: Trace = jax.tree.map(lambda a: a.reshape(width, *a.shape[2:]), together)
        return out

    return jax.jit(sweep)


def _first(tree: Any) -> Any:
    return jax.tree.map(lambda a: a[0], tree)


class _Group(NamedTuple):
    """What a worker keeps of a program: config, counts and compiled sweep."""

    config: RunConfig
    guidance: Intervention
    work: tuple[WorkLine, ...]
    steps: StepCounts
    sweep: Any


_groups: dict[str, _Group] = {}


def count_unit(unit: Unit) -> dict[str, Any]:
    """Count what one unit of work does, as the manifest keeps it."""
    program = jax.make_jaxpr(unit.program)(*unit.args)
    operations = operations_in(program)
    return {
        "phase": unit.phase,
        "flops": _per_item(operations.flops, unit.items),
        "matrix_flops": _per_item(operations.matrix_flops, unit.items),
        "random_flops": operations.random_flops / unit.items,
        "bytes_moved": operations.bytes_moved / unit.items,
        "num_kernels": operations.num_kernels / unit.items,
        "products": [
            product.to_json() | {"times": times / unit.items}
            for product, times in products_in(program).items()
        ],
    }


def _per_item(counts: Mapping[str, float], items: int) -> dict[str, float]:
    return {name: number / items for name, number in sorted(counts.items())}


def count_units(config: RunConfig, work: Sequence[WorkLine]) -> dict[str, Any]:
    """Count a run's units of work, and the halves of one that is split."""
    units = {line.unit.name: count_unit(line.unit) for line in work}
    halves = describe_halves(config)
    if halves is not None:
        units[halves.whole] |= count_halves(halves)
    return units


def count_halves(halves: Halves | None) -> dict[str, Any]:
    """Count what device and server do; nothing where the network is whole."""
    if halves is None:
        return {}
    return {
        "halves": {
            "device": count_unit(halves.device),
            "server": count_unit(halves.server),
            "num_inputs": halves.num_inputs,
            "num_features": halves.num_features,
            "beside_b": halves.beside_b,
        }
    }


def _pad(values: list[Any], width: int) -> Any:
    values = values + [values[-1]] * (width - len(values))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *values)


def _keep_group(file: Path, group: dict[str, Any]) -> None:
    """Write what a program is; or see that the folder's records are of this one.

    Raises:
        RecordError: it was traced otherwise, or elsewhere, when they were made.
    """
    if file.exists():
        there = json.loads(file.read_text())
        for part in ("environment", "units"):
            old, new = there[part], json.loads(json.dumps(group[part]))
            names = {*old, *new}
            other = sorted(name for name in names if old.get(name) != new.get(name))
            if other:
                raise RecordError(
                    f"Records beside {str(file)!r} must be of one program, got other "
                    f"`{part}`: {', '.join(map(repr, other))}. Run into another folder."
                )
    write_json(file, group)


def _group_of(chunk: Chunk, out: Path) -> _Group:
    if chunk.group in _groups:
        return _groups[chunk.group]
    first = chunk.runs[0].condition
    width = first.spec.width
    info, data = data_of(first.task)
    config = run_config(first, info, data)
    work = describe_work(config)
    group = {
        "static": first.static(info.content_hash),
        "environment": environment(width, first.spec.lanes),
        "units": count_units(config, work),
    }
    _keep_group(out / "groups" / f"{chunk.group}.json", group)
    lanes = lanes_here(width, first.spec.lanes)
    sweep = build_sweep(config, width, lanes).lower(*_arguments(chunk)).compile()
    give_back_memory()
    steps, guidance = describe_steps(config), guidance_of(config)
    _groups[chunk.group] = _Group(config, guidance, work, steps, sweep)
    return _groups[chunk.group]


def _arguments(chunk: Chunk) -> tuple[Any, ...]:
    first = chunk.runs[0].condition
    width = first.spec.width
    info, data = data_of(first.task)
    seeds = [seeds_of(run) for run in chunk.runs]
    hypers = [hyper_of(run.condition, info) for run in chunk.runs]
    answers = recording_of(first, info)
    lanes = _pad(seeds, width), _pad(hypers, width)
    return np.int32(len(chunk.runs)), *lanes, data, answers


def _compute(chunk: Chunk, group: _Group) -> Trace:
    host: Trace = jax.tree.map(np.asarray, group.sweep(*_arguments(chunk)))
    return host


def _timeline(crew: CrewSpec, labour: Any) -> Timeline:
    rounds = [
        Round(seconds, is_asked, is_answered)
        for seconds, is_asked, is_answered in zip(
            labour.seconds.astype(np.float64),
            labour.is_asked,
            labour.is_answered,
            strict=True,
        )
    ]
    return simulate_rounds(crew_of(msgspec.to_builtins(crew)), rounds)


def _people_columns(
    condition: Condition, guidance: Intervention, trace: Trace, num_checkpoints: int
) -> dict[str, Any]:
    if trace.labour is None:
        nothing, no_time = [0] * num_checkpoints, [0.0] * num_checkpoints
        return {
            "asked": nothing,
            "answered": nothing,
            "worked_s": no_time,
            "paid_s": no_time,
            "wait_s": no_time,
            "elapsed_s": no_time,
            "requester_s": 0.0,
            "answer_accuracy": None,
        }
    timeline = _timeline(condition.spec.crew, trace.labour)
    stages = guidance.num_stages
    # a stage before the first round has had no people yet
    none_yet = stages - len(timeline.asked)
    at = np.arange(num_checkpoints) // (num_checkpoints // stages)
    scored = float(trace.labour.num_scored.sum())
    right = float(trace.labour.num_correct.sum())
    names = ("asked", "answered", "worked_s", "paid_s", "wait_s", "elapsed_s")
    series = {name: getattr(timeline, name) for name in names}
    if none_yet:
        series = {name: np.pad(v, (none_yet, 0)) for name, v in series.items()}
    return {name: values[at].tolist() for name, values in series.items()} | {
        "requester_s": condition.spec.crew.requester_h * S_PER_H,
        "answer_accuracy": right / scored if scored else None,
    }


def _pool_labels(condition: Condition, guidance: Intervention) -> int:
    """Count the given labels of the pool that are used."""
    if guidance.given_labels is not None:
        return guidance.given_labels
    return condition.arm.pool_labels(condition.task.pool)


def _rows(chunk: Chunk, group: _Group, traces: Trace) -> list[dict[str, Any]]:
    config, guidance, work, steps, _ = group
    num_checkpoints = config.program.train.num_checkpoints
    shared = {
        "step": steps.all_fits.tolist(),
        "fit_step": steps.current_fit.tolist(),
        "work_unit": [line.unit.name for line in work],
        "work_phase": [line.unit.phase for line in work],
        "work_standing": [line.standing for line in work],
        "work_count": [line.counts.tolist() for line in work],
        "validation_labels": config.num_validation,
    }
    rows = []
    for lane, run in enumerate(chunk.runs):
        trace: Trace = jax.tree.map(lambda a, i=lane: a[i], traces)
        row = {
            "key": run.key,
            "replicate": run.replicate,
            "outcome": "ok" if bool(trace.curve.is_finite.all()) else "not_finite",
            "validation_accuracy": trace.curve.validation.tolist(),
            "test_accuracy": trace.curve.test.tolist(),
            "pool_labels": _pool_labels(run.condition, guidance),
            "kept_clean_frac": float(trace.kept_clean_frac),
            "train_items": int(trace.train_items),
            "label_accuracy": float(trace.label_accuracy),
        }
        people = _people_columns(run.condition, guidance, trace, num_checkpoints)
        rows.append(row | shared | people | _replay_columns(config, trace))
    return rows


def time_lanes(chunk: Chunk, options: Sequence[int]) -> tuple[float, ...]:
    """Time a group's program with several numbers of runs mapped together.

    Args:
        chunk: of the group; its first runs, as many as the largest option, are timed.
        options: numbers of lanes; each divides the width.

    Returns:
        Time per run of each option, s: the shorter of two calls after a first.
    """
    spec = chunk.runs[0].condition.spec
    info, data = data_of(chunk.runs[0].condition.task)
    config = run_config(chunk.runs[0].condition, info, data)
    _, *arguments = _arguments(chunk)
    # padding repeats a run, so a short chunk takes as long as a full one
    num_runs = np.int32(max(options))
    found = []
    for lanes in options:
        sweep = build_sweep(config, spec.width, lanes).lower(num_runs, *arguments)
        call = sweep.compile()
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


def _replay_columns(config: RunConfig, trace: Trace) -> dict[str, int]:
    """Count where answers came from; nothing where none were replayed.

    Raises:
        RuntimeError: a question went beyond a recording that was to answer all.
    """
    if trace.replay is None:
        return {}
    counts = {name: int(n) for name, n in trace.replay._asdict().items()}
    if config.program.panel.policy != "model" and counts["modelled"]:
        raise RuntimeError(
            f"{counts['modelled']} questions went beyond the recording, although the "
            "plan had found it complete."
        )
    return counts


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
    _groups.clear()
    jax.clear_caches()  # type: ignore[no-untyped-call]
    again = time.monotonic()
    if first.is_ok:
        _group_of(chunks[0], Path(out))
    setup_s = time.monotonic() - again
    return ProbeReport(tuple(reports), setup_s, begin, peak_mib())


def peak_mib() -> float:
    """Largest resident memory of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 if sys.platform != "darwin" else 1024.0**2)


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
            group = _group_of(chunk, folder)
            built = computed = time.monotonic()
            found = _compute(chunk, group)
            computed = time.monotonic()
            write_records(folder, chunk.id, _rows(chunk, group, found))
    except DiskFullError:
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        keys = [run.key for run in chunk.runs]
        trace = traceback.format_exc()
        tables = {"keys": keys, "error": message, "traceback": trace}
        write_error(folder, chunk.id, tables)
    else:
        clear_error(folder, chunk.id)
    wall_s = time.monotonic() - start
    write_json(
        folder / "sidecar" / f"{chunk.id}.json",
        {
            "chunk": chunk.id,
            "group": chunk.group,
            "num_runs": len(chunk.runs),
            "is_ok": not message,
            "wall_s": wall_s,
            "setup_s": built - start,
            "kernel_s": computed - built,
            "host": platform.node(),
            "pid": os.getpid(),
            "argv": sys.argv[:1],
        },
    )
    return ChunkReport(
        chunk.id,
        len(chunk.runs),
        not message,
        message,
        wall_s,
        built - start,
        computed - built,
    )
