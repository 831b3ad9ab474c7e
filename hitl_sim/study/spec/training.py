"""The tables [training], [target] and [reuse] of a study."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from hitl_sim.part import Part, PartError, find
from hitl_sim.schema import Count, Positive, Table
from hitl_sim.study.part_option import read_options


class TrainingSpec(Table, frozen=True):
    """Optimisation, and the grid of checkpoints up to the common cap.

    Attributes:
        learning_rate: of each step, where the optimiser has one; its own default when
            left out.
        batch: items of each step, drawn at random, or "all" items of the training set
            (arms whose set has a size that the program knows).
        optimiser: name of an optimiser: "adam"; "sgd" with momentum; "fixed_hessian",
            which brings linear networks to the optimum of logistic regression in few
            steps on all items; or a part that the study brings.
        l2: with "fixed_hessian", the weight of half the squared weights, biases apart,
            beside the summed cross-entropy: scikit-learn's 1 / C.
        options: other options of the optimiser, each of whose values is a program.
        params: other numbers of the optimiser, which are traced.
        steps_per_checkpoint: steps between two evaluations.
        checkpoints: evaluations until the common cap on steps.
    """

    learning_rate: Positive | None = None
    batch: Count | Literal["all"] = 32
    optimiser: str = "adam"
    steps_per_checkpoint: Count = 10
    checkpoints: Annotated[int, Meta(ge=1, le=100_000)] = 60
    l2: Positive | None = None
    options: dict[str, Any] = field(default_factory=dict)
    params: dict[str, float] = field(default_factory=dict)

    def part(self, foreign: Mapping[str, Part] | None = None) -> Part:
        """Look up its optimiser.

        Args:
            foreign: parts that the study brings, by name.

        Raises:
            ValueError: there is none of that name.
        """
        return find("optimiser", self.optimiser, foreign, "training.optimiser")

    def all_options(self, foreign: Mapping[str, Part] | None = None) -> dict[str, Any]:
        """Complete the optimiser's options by their defaults.

        Raises:
            ValueError: one is unknown, missing, or out of its range.
        """
        return read_options(
            self.part(foreign), self.options, "training.options", "training.optimiser"
        )

    def all_params(self, foreign: Mapping[str, Part] | None = None) -> dict[str, float]:
        """Complete the optimiser's numbers by their defaults.

        Raises:
            ValueError: one is unknown, or stands in two places.
        """
        part = self.part(foreign)
        # an optimiser without a learning rate reads none
        rate = self.learning_rate if "learning_rate" in part.params else None
        beside = {"learning_rate": rate, "l2": self.l2}
        given = {name: number for name, number in beside.items() if number is not None}
        for name in given:
            if name in self.params:
                raise ValueError(
                    f"`training.{name}` must be given once, got it in `training` and "
                    "in `training.params`."
                )
        try:
            return part.with_params(given | self.params)
        except PartError as error:
            raise ValueError(f"`training`: {error}") from error

    def resolved(self, foreign: Mapping[str, Part] | None = None) -> dict[str, Any]:
        """Return what fixes the training, by name; `params` alone is no program.

        Args:
            foreign: parts that the study brings, by name; planned ones will do.

        Raises:
            ValueError: an option or param does not fit.
        """
        return {
            "batch": self.batch,
            "steps_per_checkpoint": self.steps_per_checkpoint,
            "checkpoints": self.checkpoints,
            "optimiser": self.optimiser,
            "options": self.all_options(foreign),
            "params": self.all_params(foreign),
        }


class ReuseSpec(Table, frozen=True):
    """What is done once and serves more than one training.

    Attributes:
        trainings: how many trainings share what people and the choosing gave: seeds,
            networks and versions that learn from the same data. That each saves what
            those of the study do is assumed.
        retrain_every: queries of a model's life (`prices.life_queries`) after which
            each of them is trained anew on the items that were chosen, nothing being
            asked or chosen again; each is trained once when left out.
    """

    trainings: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1
    retrain_every: Annotated[float, Meta(ge=1.0)] | None = None


class TargetSpec(Table, frozen=True):
    """The target: a fraction of the control's best smoothed validation metric.

    Attributes:
        fraction: of the best smoothed metric of the control's pilot run.
        smoothing: checkpoints in the trailing mean.
        metric: what validation and test measure: "accuracy", "balanced_accuracy", "f1",
            "log_score", "auroc", of numbers "rmse_score" or "mae_score", or a part that
            the study brings. Columns of records are called after accuracy whatever it
            is.
        options: of the metric, each of whose values is a program.
    """

    fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.95
    smoothing: Count = 5
    metric: str = "accuracy"
    options: dict[str, Any] = field(default_factory=dict)

    def part(self, foreign: Mapping[str, Part] | None = None) -> Part:
        """Look up its metric.

        Args:
            foreign: parts that the study brings, by name.

        Raises:
            ValueError: there is none of that name.
        """
        return find("metric", self.metric, foreign, "target.metric")

    def named(self, foreign: Mapping[str, Part] | None = None) -> Any:
        """Return what fixes the metric: its name, with its options where it has any."""
        options = self.all_options(foreign)
        return {"kind": self.metric, **options} if options else self.metric

    def all_options(self, foreign: Mapping[str, Part] | None = None) -> dict[str, Any]:
        """Complete the metric's options by their defaults.

        Raises:
            ValueError: one is unknown, missing, or out of its range.
        """
        part = self.part(foreign)
        return read_options(part, self.options, "target.options", "target.metric")
