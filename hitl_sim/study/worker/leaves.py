"""What the runs of one program differ in, as numbers on the host."""

from typing import Any

import jax
import msgspec
import numpy as np

from hitl_sim.learn import Hyper, Seeds
from hitl_sim.study.grid import Condition
from hitl_sim.study.parts import foreign_parts
from hitl_sim.study.plan import Run, load_data, population_of
from hitl_sim.study.spec import GOLD, in_study, machine_source
from hitl_sim.task import Corruption, TaskData, TaskInfo
from oracles.machine import Machine, build_machine

_loaded: dict[bytes, tuple[TaskInfo, TaskData]] = {}


def data_of(condition: Condition) -> tuple[TaskInfo, TaskData]:
    """Load a task's data, once in this process whatever its corrupted shares."""
    # what is drawn anew in every run must not load the same data twice
    plain = {"irrelevant": 0.0, "duplicate": 0.0, "wrong_label": 0.0}
    task, spec = condition.task, condition.spec
    task = msgspec.structs.replace(task, **plain, validation_by=GOLD)
    key = msgspec.json.encode((task, spec.part.get(task.source)))
    if key not in _loaded:
        _loaded[key] = load_data(spec, condition.task_name)
    return _loaded[key]


def hyper_of(condition: Condition, info: TaskInfo) -> Hyper:
    """Turn a condition's leaves into numbers, `[]` float32 on the host."""
    task = condition.task
    params: Any = dict(condition.arm.all_leaves)
    rates: Any = condition.training.all_params(foreign_parts(condition.spec))
    leaves = Hyper(
        optimiser=rates,
        params=params,
        corruption=Corruption(task.irrelevant, task.duplicate, task.wrong_label),
        population=population_of(condition, info),
        before=tuple(
            None if stage.question is None else population_of(condition, info, stage)
            for stage in condition.arm.before
        ),
        machines=machines_of(condition, info),
    )
    hyper: Hyper = jax.tree.map(np.float32, leaves)
    return hyper


def machines_of(condition: Condition, info: TaskInfo) -> dict[str, Machine]:
    """Build the machines that a condition's arm asks, for its task.

    Raises:
        SpecError: one was described for another number of classes.
    """
    found = {}
    for name in condition.arm.all_machines:
        source = machine_source(condition.spec.machine, name)
        with in_study(f"[machine.{name}] "):
            found[name] = build_machine(source, info.num_classes, info.class_names)
    return found


def seeds_of(run: Run) -> Seeds:
    """Name a run's random streams, `[]` int32 on the host."""
    numbers = (run.condition.spec.seed, run.replicate, run.condition.stream)
    return Seeds(*(np.int32(number) for number in numbers))  # type: ignore[arg-type]
