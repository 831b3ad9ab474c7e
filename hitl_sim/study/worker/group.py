"""A program that this process has compiled, and what the folder keeps of it."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import export

from hitl_sim.cache import keep
from hitl_sim.learn import RunConfig, StepCounts, describe_steps, describe_work
from hitl_sim.learn.intervention import Intervention
from hitl_sim.learn.loop import guidance_of
from hitl_sim.record import RecordError
from hitl_sim.study.executor import give_back_memory
from hitl_sim.study.plan import Chunk, Run, judges_of
from hitl_sim.study.program import run_config
from hitl_sim.study.recording import recording_of
from hitl_sim.study.store import write_json
from hitl_sim.study.worker.count import count_units
from hitl_sim.study.worker.leaves import data_of, hyper_of, seeds_of
from hitl_sim.study.worker.process import compiler_options, environment
from hitl_sim.study.worker.sweep import build_sweep, draw_runs, pad_runs


class Traced(NamedTuple):
    """What tracing a program finds, and processes keep for each other.

    Attributes:
        units: of work, counted, as the manifest holds them.
        work: columns of a record that tell how much was done of each.
        sweep: the program as its `call`, lowered where it can be kept.
    """

    units: dict[str, Any]
    work: dict[str, list[Any]]
    sweep: Any


class Group(NamedTuple):
    """What a worker keeps of a program: config, counts and compiled sweep."""

    config: RunConfig
    guidance: Intervention
    work: Mapping[str, list[Any]]
    steps: StepCounts
    sweep: Any


_groups: dict[str, Group] = {}


def keep_group(file: Path, group: dict[str, Any]) -> None:
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


def group_of(chunk: Chunk, out: Path) -> Group:
    """Compile a chunk's program, once in this process, and write what it is.

    Raises:
        RecordError: the folder's records are of another program.
    """
    if chunk.group in _groups:
        return _groups[chunk.group]
    first = chunk.runs[0].condition
    info, data = data_of(first)
    config = run_config(first, info, data)
    arguments = arguments_of(chunk.runs, first.spec.dispatch_size)
    group = {
        "static": first.static(info.content_hash),
        "environment": environment(first.spec.dispatch_size, first.spec.vmap_size),
    }
    make = partial(_trace, config, group["environment"])
    # code of a study's own may read what no key of it tells, and hold what JAX exports
    # to no other process, such as a kernel written for a GPU
    traced = (
        make()
        if first.spec.part
        else keep("program", [group, _flags()], lambda: _lower(make(), arguments))
    )
    group["units"] = traced.units
    keep_group(out / "groups" / f"{chunk.group}.json", group)
    sweep = jax.jit(traced.sweep.call).lower(*arguments).compile(compiler_options())
    give_back_memory()
    steps, guidance = describe_steps(config), guidance_of(config)
    _groups[chunk.group] = Group(config, guidance, traced.work, steps, sweep)
    return _groups[chunk.group]


def describe_group(run: Run, name: str, out: Path) -> Group:
    """Say what a run's program is and write it, without the sweep, which it keeps None.

    Raises:
        RecordError: the folder's records are of another program.
    """
    info, data = data_of(run.condition)
    spec = run.condition.spec
    config = run_config(run.condition, info, data)
    there = environment(spec.dispatch_size, spec.vmap_size)
    traced = _trace(config, there)
    group = {
        "static": run.condition.static(info.content_hash),
        "environment": there,
        "units": traced.units,
    }
    keep_group(out / "groups" / f"{name}.json", group)
    steps, guidance = describe_steps(config), guidance_of(config)
    return Group(config, guidance, traced.work, steps, None)


def _trace(config: RunConfig, there: Mapping[str, Any]) -> Traced:
    """Build a program, and count the work of its runs."""
    work = describe_work(config)
    sweep = build_sweep(config, there["dispatch_size"], there["vmap_size"])
    columns = {
        "work_unit": [line.unit.name for line in work],
        "work_phase": [line.unit.phase for line in work],
        "work_purpose": [line.purpose for line in work],
        "work_count": [line.counts.tolist() for line in work],
    }
    return Traced(count_units(config, work), columns, SimpleNamespace(call=sweep))


def _lower(traced: Traced, arguments: tuple[Any, ...]) -> Traced:
    """Lower a program, so that another process need not trace it."""
    exported = export.export(traced.sweep.call)(*arguments)
    # nothing is differentiated through it, and how that is done cannot be pickled
    return traced._replace(sweep=dataclasses.replace(exported, _get_vjp=None))


def _flags() -> list[tuple[str, str]]:
    """List the variables by which a user may have set JAX to trace otherwise."""
    names = (n for n in os.environ if n.startswith("JAX_") and "CACHE" not in n)
    return [(name, os.environ[name]) for name in sorted(names)]


def forget_groups() -> None:
    """Drop all programs that this process has compiled."""
    _groups.clear()


def arguments_of(runs: Sequence[Run], dispatch_size: int) -> tuple[Any, ...]:
    """Gather what their group's program is called with for some runs."""
    first = runs[0].condition
    info, data = data_of(first)
    seeds = pad_runs([seeds_of(run) for run in runs], dispatch_size)
    hyper = pad_runs([hyper_of(run.condition, info) for run in runs], dispatch_size)
    sizes = (first.task.pool, first.task.validation, first.task.test)
    judges, judging = judges_of(first, info)
    draws = draw_runs(seeds, hyper.corruption, data, sizes, judges, judging)
    return np.int32(len(runs)), draws, hyper, data, recording_of(first, info)
