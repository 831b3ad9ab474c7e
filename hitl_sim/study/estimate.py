"""What a study will take, before anything runs: rough, from its numbers alone."""

import itertools
import math
from statistics import NormalDist
from typing import NamedTuple

from hitl_sim.study.grid import Condition
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.spec import LabellingArm
from hitl_sim.task import TaskInfo

FLOPS_PER_S = 1.5e10
"""Operations per second of one core on small dense networks; assumed."""
COMPILE_S = 5.0
"""Seconds to compile one program on one core; assumed."""
BASE_MIB, RUN_MIB = 500.0, 4.0
"""Memory of a worker, and of each run in one of its dispatches, MiB.

Seen on a processor: 520 to 660 MiB with 2 to 64 runs of small networks in a dispatch.
"""
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
    size = network_size(condition.network, info)
    training, task = condition.training, condition.task
    steps = training.checkpoints * training.steps_per_checkpoint
    held_out = training.checkpoints * (task.validation + task.test)
    items = 6.0 * steps * items_per_step(condition) + 2.0 * held_out
    return size.products * items + 10.0 * size.weights * steps


def items_per_step(condition: Condition) -> float:
    """Mean number of items in one training step."""
    batch, arm = condition.training.batch, condition.arm
    if batch != "all":
        return float(batch)
    if not isinstance(arm, LabellingArm):
        return float(condition.task.pool)
    return arm.initial + arm.questions * (arm.rounds + (arm.initial == 0)) / 2


class NetworkSize(NamedTuple):
    """Products of a weight and a number per item, and weights, without biases."""

    products: int
    weights: int


def network_size(network: NetworkSpec, info: TaskInfo) -> NetworkSize:
    """Count a network's weights and how often each is used for one item.

    Args:
        network: its table.
        info: the task, which it suits.
    """
    dials, num_in = network.resolved(), info.num_features
    products = weights = 0
    if network.kind == "cnn" and info.shape is not None:
        height, width, num_in = info.shape
        for channels in dials["channels"]:
            height, width = -(-height // 2), -(-width // 2)
            filters = dials["kernel"] ** 2 * num_in * channels
            products, weights = products + height * width * filters, weights + filters
            num_in = channels
        num_in *= height * width
    if network.kind == "text_cnn":
        for span in dials["widths"]:
            filters = span * dials["embedding"] * dials["filters"]
            places = info.num_features - span + 1
            products, weights = products + places * filters, weights + filters
        num_in = len(dials["widths"]) * dials["filters"]
    if network.kind == "transformer":
        num_in, length = dials["embedding"], info.num_features
        # 3 + 1 widths squared in attention, 4 + 4 in the feed-forward layers
        block = 12 * num_in**2
        mixing = 2 * length**2 * num_in
        products = dials["layers"] * (length * block + mixing)
        weights = dials["layers"] * block + length * num_in
    weights += (info.vocabulary or 0) * dials.get("embedding", 0)
    widths = (num_in, *dials.get("hidden", ()), info.num_classes)
    dense = sum(a * b for a, b in itertools.pairwise(widths))
    return NetworkSize(products + dense, weights + dense)


def seconds_one_core(flops: float, programs: int) -> float:
    """Estimate the time of one core, s, compilation included."""
    return flops / FLOPS_PER_S + programs * COMPILE_S


def worker_mib(width: int) -> float:
    """Estimate the memory of one worker, MiB; it does not grow with a study."""
    return BASE_MIB + RUN_MIB * width


def half_width(replicates: int) -> float:
    """Half width of a 95 % interval of a difference of two arms' means.

    Args:
        replicates: independent runs per arm.

    Returns:
        In standard deviations of one run, without what pairing saves.
    """
    quantile = NormalDist().inv_cdf(0.5 + _LEVEL / 2)
    return quantile * math.sqrt(2.0 / replicates)
