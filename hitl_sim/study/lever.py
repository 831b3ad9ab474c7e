"""From the levers of an arm to what fixes the learner's program."""

from collections.abc import Sequence
from typing import assert_never

from hitl_sim.learn import (
    FineTuneConfig,
    LeverConfig,
    PruneConfig,
    QuantiseConfig,
    SplitConfig,
)
from hitl_sim.learn.lever.table import (
    RANK,
    FineTuneLever,
    LeverSpec,
    PruneLever,
    QuantiseLever,
    SplitLever,
    find_lever,
)


def lever_config(levers: Sequence[LeverSpec], num_classes: int) -> LeverConfig:
    """Give levers the sizes of the task that they act on."""
    for lever in levers:
        match lever:
            case FineTuneLever() | PruneLever() | QuantiseLever() | SplitLever():
                pass
            case _:
                assert_never(lever)
    tune, prune = find_lever(levers, FineTuneLever), find_lever(levers, PruneLever)
    quantise, split = find_lever(levers, QuantiseLever), find_lever(levers, SplitLever)
    return LeverConfig(
        None
        if tune is None
        else FineTuneConfig(
            tune.steps,
            related_classes(tune, num_classes),
            tune.train,
            tune.rank or RANK,
        ),
        None
        if prune is None
        else PruneConfig(prune.share, prune.form, prune.after, prune.until or 0),
        None
        if quantise is None
        else QuantiseConfig(quantise.form, quantise.multiplier or "exact"),
        None if split is None else SplitConfig(split.after, split.bits),
    )


def related_classes(tune: FineTuneLever, num_classes: int) -> int:
    """Count the classes of the related part: their share, and at least two."""
    # the nudge keeps .3 * 10 from falling to 2
    return max(int(tune.classes * num_classes + 1e-9), 2)
