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

    Raises:
        ValueError: the optimiser does not take batches, or returns what is none.
    """
    options = tuple(training.all_options(foreign).items())
    return TrainConfig(
        None if training.batch == "all" else training.batch,
        training.steps_per_checkpoint,
        training.checkpoints,
        OptimiserConfig(training.part(foreign), options),
        (target or TargetSpec()).part(foreign),
    )
