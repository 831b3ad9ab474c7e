"""What a metric says of whoever knows how common the classes are, and nothing else."""

import math
from collections.abc import Sequence

import numpy as np


def guessed(metric: str, counts: Sequence[int], num_classes: int = 0) -> float:
    """Return the metric of naming the commonest class, or of the classes' shares.

    It is where the way to a plateau begins, and what a target has to be above.

    Args:
        metric: its name, as a study has it.
        counts: items of each class; empty where they are not known, which are then
            taken to be equally many.
        num_classes: K, where there are no counts; 0 where that is not known either.

    Returns:
        In [0, 1); 0 of numbers, whose metrics are 0 where the best single number is
        named, of a metric that is not the product's own, or where nothing is known.
    """
    known = np.asarray(counts if len(counts) else [1] * num_classes, float)
    if known.sum() <= 0.0:
        return 0.0
    share = known / known.sum()
    most, num = float(share.max()), len(share)
    if metric == "log_score":
        there = share[share > 0.0]
        entropy = -float((there * np.log(there)).sum())
        return max(0.0, 1.0 - entropy / math.log(num)) if num > 1 else 0.0
    return {
        "accuracy": most,
        "balanced_accuracy": 1.0 / num,
        # the F1 of the one class that is named, as one of all
        "f1": 2.0 * most / (1.0 + most) / num,
        "auroc": 0.5,
    }.get(metric, 0.0)
