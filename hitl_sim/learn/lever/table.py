"""The levers of an arm: what makes training or use cheaper beside any guidance."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from hitl_sim.schema import Count, SomeShare, Table, kind_of

Between = Annotated[float, Meta(gt=0.0, lt=1.0)]
RANK = 4
"""Rank of adapters where a study says nothing; the smallest of Hu et al. 2022, table 6,
that matches full fine-tuning in every column."""


class _Lever(Table, frozen=True, tag_field="kind"): ...


class FineTuneLever(_Lever, frozen=True, tag="fine_tune"):
    """Start from weights trained on a related part of the task.

    That part is the items of the source that are in neither pool, validation nor test,
    as far as they belong to its first classes; they are clean and truly labelled. The
    last layer starts afresh. What this costs is billed as `prices.pretraining` says.

    Attributes:
        steps: training steps on that part.
        classes: share of the classes that it has, the first ones, at least two.
        train: "all" weights, the "last" layer alone, or "low_rank" adapters.
        rank: of the adapters; 4 when left out.
    """

    steps: Count
    classes: SomeShare = 0.5
    train: Literal["all", "last", "low_rank"] = "all"
    rank: Count | None = None


class PruneLever(_Lever, frozen=True, tag="prune"):
    """Take weights or units away from the network in training.

    A run counts as at its target only with all of them gone.

    Attributes:
        share: of the weights of each layer, or of its units, that goes.
        form: "masked" zeroes the smallest weights at once, "gradual" step by step;
            neither changes a shape, so neither saves an operation. "structured" takes
            away the units of least weight, "gated" those that learned binary gates have
            closed; shapes shrink.
        after: checkpoints that are trained before anything goes, or begins to.
        until: checkpoints after which all has gone; given exactly with "gradual".
    """

    share: Between
    form: Literal["masked", "gradual", "structured", "gated"]
    after: Count
    until: Count | None = None


class QuantiseLever(_Lever, frozen=True, tag="quantise"):
    """Multiply 8-bit whole numbers in place of float32, in use and maybe in training.

    Accuracy is that of the quantised network. Items that a model scores to choose among
    them are scored in float32, so an arm of kind `labelling` takes no other form than
    "post_training".

    Attributes:
        form: "post_training" rounds the trained network; "aware" rounds in the forward
            passes of training too; "approximate" does so with a multiplier that errs,
            which no device here has: joules that it saves are hypothetical.
        multiplier: its design; given exactly with "approximate".
    """

    form: Literal["post_training", "aware", "approximate"]
    multiplier: str | None = None


class SplitLever(_Lever, frozen=True, tag="split"):
    """Answer queries on a device and a server, with a network cut between two layers.

    Training is left alone; accuracy is that of the network that answers from rounded
    features. What runs the halves and what lies between is said when the study is
    priced, by `hitl-sim levers`.

    Attributes:
        after: layers that the device runs; 0 sends the input.
        bits: of each feature that is sent, between its item's least and largest.
    """

    after: Annotated[int, Meta(ge=0)]
    bits: Annotated[int, Meta(ge=1, le=16)]


LeverSpec = FineTuneLever | PruneLever | QuantiseLever | SplitLever


def find_lever(levers: Sequence[LeverSpec], kind: type[Any]) -> Any:
    """Return the lever of a kind, None where there is none."""
    return next((lever for lever in levers if isinstance(lever, kind)), None)


def check_levers(levers: Sequence[LeverSpec], stage_checkpoints: int) -> None:
    """Refuse levers that contradict themselves or each other.

    Args:
        levers: of one arm.
        stage_checkpoints: checkpoints of the arm's first fit.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    kinds = [kind_of(lever) for lever in levers]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"`arm.lever.kind` must be unique, got {kind!r} twice.")
    tune, prune = find_lever(levers, FineTuneLever), find_lever(levers, PruneLever)
    if tune is not None and tune.rank is not None and tune.train != "low_rank":
        raise ValueError(
            "`arm.lever.rank` must be left out unless `arm.lever.train` is 'low_rank', "
            f"got {tune.rank} with {tune.train!r}."
        )
    if prune is not None:
        _check_prune(prune, stage_checkpoints)
    quantise = find_lever(levers, QuantiseLever)
    if quantise is not None:
        _check_quantise(quantise, tune)
    if quantise is not None and find_lever(levers, SplitLever) is not None:
        raise ValueError(
            "`arm.lever.kind` must not be 'split' beside 'quantise', which rounds what "
            "each layer reads already, got both."
        )
    if tune is not None and prune is not None and tune.train == "low_rank":
        raise ValueError(
            "`arm.lever.train` must be 'all' or 'last' beside a lever of kind 'prune', "
            "for adapters fill what pruning empties, got 'low_rank'."
        )


def _check_quantise(quantise: QuantiseLever, tune: FineTuneLever | None) -> None:
    if (quantise.form == "approximate") != (quantise.multiplier is not None):
        raise ValueError(
            "`arm.lever.multiplier` must be given exactly where `arm.lever.form` is "
            f"'approximate', got {quantise.multiplier!r} with {quantise.form!r}."
        )
    is_low_rank = tune is not None and tune.train == "low_rank"
    if is_low_rank and quantise.form != "post_training":
        raise ValueError(
            "`arm.lever.form` must be 'post_training' beside low-rank adapters, whose "
            f"weights are whole only in use, got {quantise.form!r}."
        )


def _check_prune(prune: PruneLever, stage_checkpoints: int) -> None:
    if (prune.form == "gradual") != (prune.until is not None):
        raise ValueError(
            "`arm.lever.until` must be given exactly where `arm.lever.form` is "
            f"'gradual', got {prune.until} with {prune.form!r}."
        )
    if prune.until is not None and prune.until <= prune.after:
        raise ValueError(
            f"`arm.lever.until` must be > `arm.lever.after` ({prune.after}), got "
            f"{prune.until}."
        )
    last = prune.until or prune.after
    if last >= stage_checkpoints:
        name = "until" if prune.until else "after"
        raise ValueError(
            f"`arm.lever.{name}` must be < {stage_checkpoints}, the checkpoints of the "
            f"arm's first fit, got {last}."
        )
