"""What a described training does, phase by phase: passes of items, and operations."""

import math
from dataclasses import dataclass
from typing import Literal

from hitl_sim.energy.workload.describe import (
    DataSpec,
    SelectionSpec,
    TrainingTable,
)
from hitl_sim.energy.workload.network import Counted

Step = Literal["train", "score"]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Phase:
    """One phase of a work.

    Attributes:
        name: of it.
        step: whether items pass forward and back, or forward alone.
        passes: of items; an item that is learned from in three epochs passes thrice.
        calls: fits or scorings that they are made of.
        is_shared: whether trainings that use what was chosen share it.
    """

    name: str
    step: Step
    passes: float
    calls: int
    is_shared: bool = False

    def flop(self, network: Counted) -> float:
        """Return its operations."""
        is_training = self.step == "train"
        return self.passes * (
            network.training_flop if is_training else network.forward_flop
        )


FIT, LOOP_FITS, SCORING, VALIDATION = "fit", "fits of the loop", "scoring", "validation"


def num_items(data: DataSpec, tokens_per_item: int) -> float:
    """Return how many items there are.

    Raises:
        ValueError: both items and tokens are given, or neither.
    """
    if (data.items is None) == (data.tokens is None):
        given = "both" if data.items is not None else "neither"
        raise ValueError(
            f"exactly one of `data.items` and `data.tokens` must be given, got {given}."
        )
    if data.items is not None:
        return data.items
    return (data.tokens or 0.0) / tokens_per_item


def check_training(training: TrainingTable, items: float) -> None:
    """Refuse steps without a batch, and steps that need more items than there are.

    Raises:
        ValueError: either; the message names the fields and what is allowed.
    """
    if training.steps is None:
        return
    if training.batch is None:
        raise ValueError(
            "`training.batch` must be given where `training.steps` is, got none."
        )
    most = items * (1.0 if training.epochs is None else training.epochs)
    # the last batch of an epoch may be filled up
    room = most + training.batch * math.ceil(training.epochs or 1.0)
    if training.steps * training.batch > room * (1 + _ROUNDING):
        epochs = "without `epochs`, in one" if training.epochs is None else "in all"
        raise ValueError(
            f"`training.steps` must be at most {most / training.batch:,.0f}, for there"
            f" are {most:,.0f} items {epochs}, and {training.batch} a step, got"
            f" {training.steps:,}."
            + (
                " Give `training.epochs` to pass them more than once."
                if training.epochs is None
                else ""
            )
        )


def plain_phases(
    data: DataSpec, training: TrainingTable, items: float
) -> tuple[Phase, ...]:
    """Return the phases of a training on all items.

    Raises:
        ValueError: see `check_training`.
    """
    check_training(training, items)
    fit = Phase(FIT, "train", _learned(training, items), 1)
    return (fit, *_validated(data, training, 1))


def selection_phases(
    selection: SelectionSpec, data: DataSpec, training: TrainingTable, items: float
) -> tuple[Phase, ...]:
    """Return the phases of a training on what rounds of choosing chose.

    Raises:
        ValueError: more is chosen or scored than there is, or training is told by
            steps, although a round's fit grows with what was chosen.
    """
    if training.steps is not None:
        raise ValueError(
            "`training.steps` must be left out where there is a `[selection]`, whose"
            f" fits are told by epochs, got {training.steps}."
        )
    rounds = range(selection.rounds)
    sizes = [selection.initial + r * selection.per_round for r in rounds]
    if sizes[-1] > items:
        raise ValueError(
            f"`selection.rounds` must choose at most the {items:,.0f} items that there"
            f" are, got {sizes[-1]:,}: {selection.initial:,} and"
            f" {selection.rounds - 1:,} times {selection.per_round:,}."
        )
    if isinstance(selection.scored, int) and selection.scored > items:
        raise ValueError(
            f"`selection.scored` must be at most the {items:,.0f} items that there are,"
            f" got {selection.scored:,}."
        )
    epochs = selection.epochs or training.epochs or 1.0
    learned = [
        epochs * (size if selection.start == "scratch" or not r else chosen)
        for r, (size, chosen) in enumerate(
            zip(sizes, [0, *([selection.per_round] * (len(sizes) - 1))], strict=True)
        )
    ]
    scored = sizes if selection.scored_after_last else sizes[:-1]
    passes = sum(_scored(selection, items, size) for size in scored)
    whole = [_learned(training, sizes[-1])] if selection.final else learned[-1:]
    before = learned if selection.final else learned[:-1]
    fits = len(before) + 1
    phases = [Phase(SCORING, "score", passes, len(scored), is_shared=True)]
    phases.append(Phase(LOOP_FITS, "train", sum(before), len(before), is_shared=True))
    phases.append(Phase(FIT, "train", whole[0], 1))
    phases += _validated(data, training, fits)
    return tuple(phase for phase in phases if phase.passes)


def _learned(training: TrainingTable, items: float) -> float:
    """Return passes of items in a fit from scratch."""
    if training.steps is not None and training.batch is not None:
        return float(training.steps * training.batch)
    return items * (training.epochs or 1.0)


def _scored(selection: SelectionSpec, items: float, chosen: int) -> float:
    """Return passes of a scoring that comes when some items are chosen."""
    if isinstance(selection.scored, int):
        return float(selection.scored * selection.passes)
    rest = chosen if selection.scored == "rest" else 0
    return (items - rest) * selection.passes


def _validated(data: DataSpec, training: TrainingTable, fits: int) -> tuple[Phase, ...]:
    if bool(data.validation) != bool(training.validations):
        raise ValueError(
            "`training.validations` must be given exactly where `data.validation` is,"
            f" got {training.validations} with {data.validation}."
        )
    calls = training.validations * fits
    passes = float(data.validation * calls)
    return (Phase(VALIDATION, "score", passes, calls),) if passes else ()
