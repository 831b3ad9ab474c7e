"""From the [training] table of a study to the learner's config of it."""

from collections.abc import Mapping

from hitl_sim.learn import TrainConfig
from hitl_sim.learn.optimiser import OptimiserConfig
from hitl_sim.part import Part
from hitl_sim.study.spec import TargetSpec, TrainingSpec


def train_config(
    training: TrainingSpec,
    foreign: Mapping[str, Part] | None = None,
    target: TargetSpec | None = None,
) -> TrainConfig:
    """Turn the static part of a training's table into the learner's config.

    Args:
        training: the table.
        target: whose metric is measured; accuracy where left out.
        foreign: parts that the study brings, by name.

    Raises:
        ValueError: the optimiser does not take batches, or returns what is none.
    """
    options = tuple(training.all_options(foreign).items())
    target = target or TargetSpec()
    return TrainConfig(
        None if training.batch == "all" else training.batch,
        training.steps_per_checkpoint,
        training.checkpoints,
        OptimiserConfig(training.part(foreign), options),
        target.part(foreign),
        tuple(target.all_options(foreign).items()),
    )
