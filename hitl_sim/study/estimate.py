"""What a study will take, before anything runs: rough, from its numbers alone."""

import itertools
import math
from statistics import NormalDist

from hitl_sim.study.grid import Condition
from hitl_sim.task import TaskInfo

FLOPS_PER_S = 1.5e10
"""Operations per second of one core on small dense networks; assumed."""
COMPILE_S = 5.0
"""Seconds to compile one program on one core; assumed."""
_LEVEL = 0.95


def run_flops(condition: Condition, info: TaskInfo) -> float:
    """Count the matrix operations of one run to the cap, without those of choosing.

    Args:
        condition: one cell of a study.
        info: its task.

    Returns:
        Operations: forward 2, backward 4 per weight and item, and 10 per weight and
        step for the optimiser.
    """
    widths = (info.num_features, *condition.network.hidden, info.num_classes)
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    training, task = condition.training, condition.task
    steps = training.checkpoints * training.steps_per_checkpoint
    held_out = training.checkpoints * (task.validation + task.test)
    return weights * (steps * (6.0 * training.batch + 10.0) + 2.0 * held_out)


def seconds_one_core(flops: float, programs: int) -> float:
    """Estimate the time of one core, s, compilation included."""
    return flops / FLOPS_PER_S + programs * COMPILE_S


def half_width(replicates: int) -> float:
    """Half width of a 95 % interval of a difference of two arms' means.

    Args:
        replicates: independent runs per arm.

    Returns:
        In standard deviations of one run, without what pairing saves.
    """
    quantile = NormalDist().inv_cdf(0.5 + _LEVEL / 2)
    return quantile * math.sqrt(2.0 / replicates)
