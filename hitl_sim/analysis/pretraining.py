"""What share of its pretraining a run is billed with: decided after it, by prices.

The same records are billed in each way that pretraining can be, for arms that have it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from msgspec.structs import replace as replace_prices

from hitl_sim.analysis.estimate import Estimate
from hitl_sim.analysis.finding import Finding, StudyResult
from hitl_sim.analysis.record import RunGroup
from hitl_sim.cost import Prices

PRETRAIN: Final = "pretrain"
"""Phase of the work that made the weights which training starts from."""
USES = 10
"""Trainings that share one pretraining in the middle of the three ways."""


def share_pretraining(group: RunGroup, prices: Prices) -> RunGroup:
    """Bill the runs of a condition with their share of its pretraining.

    The group's counts hold all of it; the prices say which share: none, one use's, or
    all.

    Raises:
        ValueError: there is pretraining, and the prices say nothing of it.
    """
    if not any(line.phase == PRETRAIN for line in group.work):
        return group
    if prices.pretraining_cost is None:
        raise ValueError(
            "`prices.pretraining_cost` must be one of 'sunk', 'shared', 'full' where "
            "an arm "
            f"starts from pretrained weights, got None with arm {group.arm!r}."
        )
    share = prices.pretraining_frac
    work = (
        replace(line, count=np.asarray(line.count * share, np.float64))
        if line.phase == PRETRAIN
        else line
        for line in group.work
    )
    return replace(group, work=tuple(work))


@dataclass(frozen=True)
class PretrainingCase:
    """An arm that starts from pretrained weights, and its rho by who pays for these.

    Attributes:
        sunk: rho where pretraining is there anyway.
        shared: rho where `USES` trainings share it.
        full: rho where this one training pays for it.
        least_uses: trainings from one pretraining on from which it saves at all; inf
            where it never does.
    """

    task: str
    arm: str
    sunk: Estimate
    shared: Estimate
    full: Estimate
    least_uses: float


def pretraining_cases(
    prices: Prices, analyse: Callable[[Prices], StudyResult]
) -> tuple[PretrainingCase, ...]:
    """Bill a study's pretraining in each way; nothing is trained again.

    `analyse` gives the study's result under other prices.
    """
    if prices.pretraining_cost is None:
        return ()
    ways = (("sunk", None), ("shared", USES), ("full", None))
    results = [
        analyse(replace_prices(prices, pretraining_cost=way, pretraining_uses=uses))
        for way, uses in ways
    ]
    rows = zip(*(_tuned(result) for result in results), strict=True)
    return tuple(
        PretrainingCase(
            task,
            sunk.arm,
            sunk.ratio,
            shared.ratio,
            full.ratio,
            _least_uses(sunk.ratio.value, full.ratio.value),
        )
        for (task, sunk), (_, shared), (_, full) in rows
    )


def _tuned(result: StudyResult) -> list[tuple[str, Finding]]:
    return [
        (task.label, finding)
        for task in result.tasks
        for finding in task.findings
        if any(line.phase == PRETRAIN for line in finding.usage.work)
    ]


def _least_uses(sunk: float, full: float) -> float:
    """Solve sunk + (full - sunk) / n = 1 for n."""
    if not sunk < 1.0:
        return math.inf
    return (full - sunk) / (1.0 - sunk)
