"""What share of its pretraining a run is billed with: decided after it, by prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from hitl_sim.analysis.record import RunGroup, WorkLine
from hitl_sim.cost import Prices

PRETRAIN: Final = "pretrain"
"""Phase of the work that made the weights which training starts from."""


def share_pretraining(group: RunGroup, prices: Prices) -> RunGroup:
    """Bill the runs of a condition with their share of its pretraining.

    Args:
        group: the runs, with all of it in their counts.
        prices: say which share: none of it, one use's, or all.

    Returns:
        The same runs; those that start from nothing as they are.

    Raises:
        ValueError: there is pretraining, and the prices say nothing of it.
    """
    if not any(line.phase == PRETRAIN for line in group.work):
        return group
    if prices.pretraining is None:
        raise ValueError(
            "`prices.pretraining` must be one of 'sunk', 'shared', 'full' where an arm "
            f"starts from pretrained weights, got None with arm {group.arm!r}."
        )
    share = prices.pretraining_frac
    return replace(group, work=tuple(_shared(line, share) for line in group.work))


def _shared(line: WorkLine, share: float) -> WorkLine:
    if line.phase != PRETRAIN:
        return line
    return replace(line, count=np.asarray(line.count * share, np.float64))
