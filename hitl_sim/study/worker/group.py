"""A program that this process has compiled, and what the folder keeps of it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hitl_sim.learn import (
    RunConfig,
    StepCounts,
    WorkLine,
    describe_steps,
    describe_work,
)
from hitl_sim.learn.intervention import Intervention
from hitl_sim.learn.loop import guidance_of
from hitl_sim.record import RecordError
from hitl_sim.study.executor import give_back_memory
from hitl_sim.study.plan import Chunk
from hitl_sim.study.program import run_config
from hitl_sim.study.recording import recording_of
from hitl_sim.study.store import write_json
from hitl_sim.study.worker.count import count_units
from hitl_sim.study.worker.leaves import data_of, hyper_of, seeds_of
from hitl_sim.study.worker.process import environment, vmap_size_here
from hitl_sim.study.worker.sweep import build_sweep, pad_runs


class Group(NamedTuple):
    """What a worker keeps of a program: config, counts and compiled sweep."""

    config: RunConfig
    guidance: Intervention
    work: tuple[WorkLine, ...]
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
    dispatch_size = first.spec.dispatch_size
    info, data = data_of(first)
    config = run_config(first, info, data)
    work = describe_work(config)
    group = {
        "static": first.static(info.content_hash),
        "environment": environment(dispatch_size, first.spec.vmap_size),
        "units": count_units(config, work),
    }
    keep_group(out / "groups" / f"{chunk.group}.json", group)
    vmap_size = vmap_size_here(dispatch_size, first.spec.vmap_size)
    sweep = (
        build_sweep(config, dispatch_size, vmap_size)
        .lower(*arguments_of(chunk))
        .compile()
    )
    give_back_memory()
    steps, guidance = describe_steps(config), guidance_of(config)
    _groups[chunk.group] = Group(config, guidance, work, steps, sweep)
    return _groups[chunk.group]


def forget_groups() -> None:
    """Drop all programs that this process has compiled."""
    _groups.clear()


def arguments_of(chunk: Chunk) -> tuple[Any, ...]:
    """Gather what a group's program is called with for a chunk."""
    first = chunk.runs[0].condition
    dispatch_size = first.spec.dispatch_size
    info, data = data_of(first)
    seeds = [seeds_of(run) for run in chunk.runs]
    hypers = [hyper_of(run.condition, info) for run in chunk.runs]
    answers = recording_of(first, info)
    leaves = pad_runs(seeds, dispatch_size), pad_runs(hypers, dispatch_size)
    return np.int32(len(chunk.runs)), *leaves, data, answers
