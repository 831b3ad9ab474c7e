"""What fixes the program of a lever: how training or use is made cheaper."""

from dataclasses import dataclass
from typing import Any

TRAINS = ("all", "last", "low_rank")
"""What is trained after pretraining: all weights, the last layer, or adapters."""
MASKS = ("masked", "gradual")
"""Ways to prune that set weights to zero and leave every shape as it is."""
CUTS = ("structured", "gated")
"""Ways to prune that take units away, so that shapes shrink."""


@dataclass(frozen=True)
class FineTuneConfig:
    """Start from weights that were trained on a related part of the task.

    That part is items of the source which are in neither pool, validation nor test, of
    the first classes only, with their true labels. The last layer starts afresh.

    Attributes:
        steps: training steps on that part.
        classes: how many classes it has.
        train: one of `TRAINS`.
        rank: of the adapters; read with "low_rank" only.
    """

    steps: int
    classes: int
    train: str = "all"
    rank: int = 4


@dataclass(frozen=True)
class PruneConfig:
    """Take weights or units away.

    Attributes:
        share: of the weights of each layer, or of its units, that goes; in (0, 1).
        form: "masked" sets the smallest weights to zero at once, "gradual" step by
            step; "structured" takes away the units of least weight, "gated" those that
            learned binary gates have closed.
        after: checkpoints that are trained before anything goes, or begins to.
        until: checkpoints after which all has gone; read with "gradual" only.
    """

    share: float
    form: str
    after: int
    until: int = 0

    @property
    def ready(self) -> int:
        """The first checkpoint, from 0, whose model is pruned in full."""
        return self.until if self.form == "gradual" else self.after

    @property
    def begin(self) -> int:
        """The first checkpoint, from 0, before whose steps anything goes."""
        return self.after + 1 if self.form == "gradual" else self.after

    def is_due(self, checkpoint: Any) -> Any:
        """Whether something goes before a checkpoint's steps; takes arrays too."""
        return (checkpoint >= self.begin) & (checkpoint <= self.ready)


@dataclass(frozen=True)
class QuantiseConfig:
    """Multiply 8-bit whole numbers, in use and maybe in training.

    Attributes:
        form: "post_training" trains in float32 and rounds what is used; "aware" rounds
            in every forward pass of training too, and lets gradients straight through;
            "approximate" does so with a multiplier that errs.
        multiplier: its design; read with "approximate" only.
    """

    form: str
    multiplier: str = "exact"


@dataclass(frozen=True)
class SplitConfig:
    """Cut the network in use in two, for a device and a server.

    Attributes:
        after: layers that the device runs; 0 sends the input.
        bits: of each feature that is sent.
    """

    after: int
    bits: int


@dataclass(frozen=True)
class LeverConfig:
    """The levers of an arm; None for each that it does not have."""

    fine_tune: FineTuneConfig | None = None
    prune: PruneConfig | None = None
    quantise: QuantiseConfig | None = None
    split: SplitConfig | None = None

    @property
    def cut(self) -> PruneConfig | None:
        """Pruning, where it takes units away."""
        return self.prune if self.prune and self.prune.form in CUTS else None

    @property
    def mask(self) -> PruneConfig | None:
        """Pruning, where it leaves every shape as it is."""
        return self.prune if self.prune and self.prune.form in MASKS else None

    @property
    def ready(self) -> int:
        """The first checkpoint, from 0, whose model has every lever in full."""
        return self.prune.ready if self.prune else 0


NO_LEVER = LeverConfig()
