"""The tables [training] and [target] of a study."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hitl_sim.schema import Count, Positive, Table


class TrainingSpec(Table, frozen=True):
    """Optimisation, and the grid of checkpoints up to the common cap.

    Attributes:
        learning_rate: of each step; "fixed_hessian" needs none and reads none.
        batch: items of each step, drawn by lot, or "all" items of the training set
            (arms whose set has a size that the program knows).
        optimiser: "adam"; "sgd" with momentum; or "fixed_hessian", which brings linear
            networks to the optimum of logistic regression in few steps on all items.
        l2: with "fixed_hessian", the weight of half the squared weights, biases apart,
            beside the summed cross-entropy: scikit-learn's 1 / C.
        steps_per_checkpoint: steps between two evaluations.
        checkpoints: evaluations until the common cap on steps.
    """

    learning_rate: Positive = 1e-3
    batch: Count | Literal["all"] = 32
    optimiser: Literal["adam", "sgd", "fixed_hessian"] = "adam"
    steps_per_checkpoint: Count = 10
    checkpoints: Annotated[int, Meta(ge=1, le=100_000)] = 60
    l2: Positive | None = None

    def resolved(self) -> dict[str, Any]:
        """Return what fixes the training, by name."""
        tables: dict[str, Any] = msgspec.to_builtins(self)
        # a training without it is what it was before there was any
        return {k: v for k, v in tables.items() if k != "l2" or v is not None}


class TargetSpec(Table, frozen=True):
    """The target: a fraction of the control's best smoothed validation accuracy.

    Attributes:
        fraction: of the best smoothed accuracy of the control's pilot run.
        smoothing: checkpoints in the trailing mean.
    """

    fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.95
    smoothing: Count = 5
