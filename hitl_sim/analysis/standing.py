"""Pretraining billed in each way that it can be, from the same records."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from hitl_sim.analysis.estimate import Estimate
from hitl_sim.analysis.finding import Finding, StudyResult
from hitl_sim.analysis.pretraining import PRETRAIN
from hitl_sim.cost import Prices

USES = 10
"""Trainings that share one pretraining in the middle of the three ways."""


@dataclass(frozen=True)
class Standing:
    """An arm that starts from pretrained weights.

    Attributes:
        task: its task, in words.
        arm: its name.
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


def find_standings(
    prices: Prices, analyse: Callable[[Prices], StudyResult]
) -> tuple[Standing, ...]:
    """Bill a study's pretraining in each way; nothing is trained again.

    Args:
        prices: the study's own.
        analyse: the study's result under other prices.
    """
    if prices.pretraining is None:
        return ()
    results = [analyse(other) for other in _ways(prices)]
    rows = zip(*(_tuned(result) for result in results), strict=True)
    return tuple(
        Standing(
            task,
            sunk.arm,
            sunk.ratio,
            shared.ratio,
            full.ratio,
            _least_uses(sunk.ratio.value, full.ratio.value),
        )
        for (task, sunk), (_, shared), (_, full) in rows
    )


def _ways(prices: Prices) -> Sequence[Prices]:
    replace = msgspec.structs.replace
    return (
        replace(prices, pretraining="sunk", pretraining_uses=None),
        replace(prices, pretraining="shared", pretraining_uses=USES),
        replace(prices, pretraining="full", pretraining_uses=None),
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
