"""The same records billed in each way that pretraining can be; of arms that have it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace as replace_prices

from hitl_sim.analysis.chance.estimate import Estimate
from hitl_sim.analysis.condition.finding import Finding, StudyResult
from hitl_sim.analysis.run.usage import PRETRAIN
from hitl_sim.cost import Prices

USES = 10
"""Trainings that share one pretraining in the middle of the three ways."""


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
