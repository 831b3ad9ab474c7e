"""What a study will take, before anything runs: rough, from its numbers alone."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hitl_sim.learn.network.base import Size
from hitl_sim.study.grid import Condition
from hitl_sim.study.plan import Run
from hitl_sim.study.program import network_of
from hitl_sim.task import TaskInfo

FLOPS_PER_S = 6e10
"""Operations per second of one core on small dense networks. Seen in shipped studies on
two cores: 5e10 (quickstart) to 1e11 (relevance, methods)."""
COMPILE_S = 10.0
"""Seconds to trace and compile one program on one core. Seen: 10 (quickstart)."""
BASE_MIB, RUN_MIB = 500.0, 4.0
"""Memory of a worker, and of each run in one of its dispatches, MiB."""
COMPILE_MIB, COMPILE_LAYERS_MIB, COMPILE_PEOPLE_MIB = 110.0, 90.0, 270.0
"""Memory for compiling a program: any; more where its network is no dense one; more
where people are asked, MiB. All of these were seen on a processor by
`experiments/benchmarks/worker_memory.py`."""
_FLOAT_B, _B_PER_MIB = 4, 2.0**20
_COPIES = 2
"""Copies of a task's data in a worker: the host's and the device's."""
_BACKWARD = 2
"""A training step keeps what it made on the way forward until it comes back."""


def run_flops(condition: Condition, info: TaskInfo) -> float:
    """Count the matrix operations of one run to the cap, without those of choosing.

    Returns:
        Operations: forward 2, backward 4 per weight and item, and 10 per weight and
        step for the optimiser.
    """
    size = _size(condition, info)
    training, task = condition.training, condition.task
    steps = training.checkpoints * training.steps_per_checkpoint
    held_out = training.checkpoints * (task.validation + task.test)
    items = 6.0 * steps * items_per_step(condition) + 2.0 * held_out
    return size.products * items + 10.0 * size.weights * steps


def total_flops(runs: Iterable[Run], infos: Mapping[str, TaskInfo]) -> float:
    """Sum the matrix operations of runs; replicates of a condition are counted once.

    Args:
        runs: any of a study.
        infos: what is known of each task.
    """
    found = [run.condition for run in runs]
    times = Counter(map(id, found))
    return sum(
        times[key] * run_flops(c, infos[c.task_name])
        for key, c in {id(c): c for c in found}.items()
    )


def items_per_step(condition: Condition) -> float:
    """Mean number of items in one training step."""
    batch = condition.training.batch
    if batch != "all":
        return float(batch)
    return condition.arm.items_per_step(condition.task.pool)


def seconds_one_core(flops: float, programs: int) -> float:
    """Estimate the time of one core, s, compilation included."""
    return flops / FLOPS_PER_S + programs * COMPILE_S


def worker_mib(
    width: int, conditions: Iterable[Condition], infos: Mapping[str, TaskInfo]
) -> float:
    """Estimate the memory of one worker, MiB; it does not grow with replicates.

    Beside what every worker takes there are the data of the largest task, and either
    the largest compilation or, if that is more, the activations of the most items that
    any program sends through its network at once: all of the pool where it is scored or
    a step trains on all of it, else those that are evaluated.

    Args:
        width: runs of a dispatch.
        conditions: the cells of a study.
        infos: what is known of each task.
    """
    found = list(conditions)
    sizes = (infos[c.task_name] for c in found)
    data_b = max(i.num_items * i.num_features for i in sizes) * _FLOAT_B
    most = max(
        max(
            _compile_mib(c, infos[c.task_name]),
            _activation_b(c, infos[c.task_name]) / _B_PER_MIB,
        )
        for c in found
    )
    return BASE_MIB + RUN_MIB * width + _COPIES * data_b / _B_PER_MIB + most


def _compile_mib(condition: Condition, info: TaskInfo) -> float:
    is_dense = network_of(condition, info).takes_any_width
    asks = bool(condition.arm.asking)
    return COMPILE_MIB + COMPILE_LAYERS_MIB * (not is_dense) + COMPILE_PEOPLE_MIB * asks


def _activation_b(condition: Condition, info: TaskInfo) -> float:
    """Bytes that are alive while the most items go through the network."""
    task = condition.task
    stages = (*condition.arm.before, condition.arm)
    chosen_by = max(stage.items_at_once(task.pool) for stage in stages)
    items = float(max(task.validation, task.test, chosen_by))
    if condition.training.batch == "all":
        items = max(items, _BACKWARD * task.pool)
    return items * _size(condition, info).widest * _FLOAT_B


def _size(condition: Condition, info: TaskInfo) -> Size:
    network = network_of(condition, info)
    return network.size(info.num_features, info.num_classes)
