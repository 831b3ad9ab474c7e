"""A training as it is described: tables `[model]`, `[data]`, `[training]` and so on.

Whatever is left out has a stated meaning or a default with a source; nothing is looked
up in data or weights.
"""

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Any, Literal

from msgspec import Meta

from hitl_sim.energy.workload.network import Counted, Residual, Transformer, dense
from hitl_sim.energy.workload.stated import Number
from hitl_sim.read_table import TableError, read_table
from hitl_sim.schema import Positive, SomeShare, Table, one_of

Natural = Annotated[int, Meta(ge=1)]
Whole = Annotated[int, Meta(ge=0)]
Precision = Literal["float32", "tf32", "bfloat16", "float16", "float8", "int8"]

_DATA = resources.files("hitl_sim.energy") / "data" / "architectures.toml"
WHOLE = "a workload"


class TransformerModel(Table, frozen=True, kw_only=True, tag="transformer"):
    """A transformer by its shape; fields are those of `Transformer`."""

    layers: Natural
    width: Natural
    heads: Natural
    sequence: Natural
    vocabulary: Whole = 0
    feedforward: Natural | None = None
    is_gated: bool = False
    key_value_heads: Natural | None = None
    output_frac: SomeShare = 1.0

    @property
    def shape(self) -> Transformer:
        """Return the shape, whose heads divide what they share."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return Transformer(**fields)

    def counted(self) -> Counted:
        """Count one sequence."""
        return self.shape.counted()


class ResidualModel(Table, frozen=True, kw_only=True, tag="resnet"):
    """A residual network of bottlenecks; fields are those of `Residual`."""

    blocks: Annotated[tuple[Natural, ...], Meta(min_length=1)]
    image: Natural
    classes: Natural
    width: Natural = 64

    def counted(self) -> Counted:
        """Count one image."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return Residual(**fields).counted()


class ParametersModel(Table, frozen=True, kw_only=True, tag="parameters"):
    """A network of which only the number of parameters is known.

    Attributes:
        parameters: N, each used once per token.
        sequence: tokens of an item.
    """

    parameters: Positive
    sequence: Natural = 1

    def counted(self) -> Counted:
        """Count one item by the 6ND rule."""
        return dense(self.parameters, tokens=self.sequence)


class NamedModel(Table, frozen=True, kw_only=True, tag="named"):
    """A published architecture.

    Attributes:
        name: one of `architecture_names()`.
        sequence: tokens of an item in the place of the published one's.
    """

    name: str
    sequence: Natural | None = None

    @property
    def model(self) -> "Model":
        """Return the architecture's own table.

        Raises:
            ValueError: there is none of that name, or it has no sequence to change.
        """
        entries = architectures()
        if self.name not in entries:
            raise ValueError(
                f"`model.name` must be {one_of(sorted(entries))}, got {self.name!r}."
            )
        table = dict(entries[self.name])
        if self.sequence is not None and "sequence" not in table:
            raise ValueError(
                f"`model.sequence` must be left out for {self.name}, which reads no"
                f" tokens, got {self.sequence}."
            )
        if self.sequence is not None:
            table["sequence"] = self.sequence
        return read_model(table)

    def counted(self) -> Counted:
        """Count one item."""
        model = self.model
        if isinstance(model, NetworkModel):
            return model.counted()
        found: Counted = model.counted()
        return found


class InputSpec(Table, frozen=True, kw_only=True):
    """What a module's call takes, without the batch.

    Attributes:
        shape: of one item.
        dtype: of its numbers.
    """

    shape: tuple[Natural, ...] = ()
    dtype: Literal["float32", "bfloat16", "float16", "int32", "bool"] = "float32"


class NetworkModel(Table, frozen=True, kw_only=True, tag="network"):
    """A flax module of one's own, counted by abstract evaluation: no weights are made.

    Attributes:
        source: where it stands, as "./net.py:build"; a function without arguments that
            returns a module of `flax.linen`, or of `flax.nnx`.
        inputs: of its call.
        sequence: tokens of an item, where it reads tokens.
    """

    source: str
    inputs: Annotated[tuple[InputSpec, ...], Meta(min_length=1)]
    sequence: Natural = 1

    def counted(self) -> Counted:
        """Refuse: what stands in a file is counted where files are loaded."""
        raise ValueError(
            "`model.kind` must be one that needs no code here, got 'network'. Use"
            " `hitl_sim.workload.bill`."
        )


Model = TransformerModel | ResidualModel | ParametersModel | NamedModel | NetworkModel
_KINDS: Mapping[str, type[Model]] = {
    "named": NamedModel,
    "transformer": TransformerModel,
    "resnet": ResidualModel,
    "parameters": ParametersModel,
    "network": NetworkModel,
}


class DataSpec(Table, frozen=True, kw_only=True):
    """What is learned from; exactly one of items and tokens.

    Attributes:
        items: images, texts or sequences of the training data.
        tokens: of it, in items of the model's sequence.
        validation: items that a validation scores.
    """

    items: Positive | None = None
    tokens: Positive | None = None
    validation: Whole = 0


class TrainingTable(Table, frozen=True, kw_only=True):
    """How long a fit lasts: epochs, or steps of a batch.

    Attributes:
        epochs: passes over the items of a fit; 1 where neither is given.
        steps: updates, with `batch` items each; without epochs they must not need more
            items than there are.
        batch: items of an update.
        precision: of the products.
        validations: how often the validation items are scored in a fit.
    """

    epochs: Positive | None = None
    steps: Natural | None = None
    batch: Natural | None = None
    precision: Precision | None = None
    validations: Whole = 0


class SelectionSpec(Table, frozen=True, kw_only=True):
    """Rounds of choosing: each fits a network, scores items by it and takes some more.

    Attributes:
        rounds: fits of the loop; the first learns from `initial` items, each later one
            from `per_round` more.
        initial: items of the first fit.
        per_round: items that each scoring adds.
        start: "scratch": each fit learns from all items chosen so far; "warm": each
            goes on from the last one, and learns from those that the last scoring
            added.
        scored: "rest": the items not chosen yet; "pool": all items; or how many.
        passes: forward passes per scored item, such as members of an ensemble.
        scored_after_last: whether the last fit is followed by a scoring, too.
        epochs: of the loop's fits; those of training where left out.
        final: whether a fit from scratch on all that was chosen comes after the loop;
            else the loop's last fit is the one in use.
    """

    rounds: Natural
    initial: Natural
    per_round: Natural
    start: Literal["scratch", "warm"] = "scratch"
    scored: Literal["rest", "pool"] | Natural = "rest"
    passes: Natural = 1
    scored_after_last: bool = False
    epochs: Positive | None = None
    final: bool = False


class DeviceSpec(Table, frozen=True, kw_only=True):
    """What it runs on, and how well that is used.

    Attributes:
        name: of a profile, or the path of one.
        count: devices that share the work.
        utilisation: share of the peak that operations reach: a number, a table with its
            interval, kind and source, or "roofline": by the profile's own rule for
            traffic, kernels and arithmetic. A default with a wide interval where
            neither this nor `hours` is given.
        hours: device-hours of all that is described, where somebody published them.
        watts: of a device while it computes; the profile's where left out.
    """

    name: str
    count: Annotated[float, Meta(gt=0)] = 1
    utilisation: Number | Literal["roofline"] | None = None
    hours: Number | None = None
    watts: Number | None = None


class LifeSpec(Table, frozen=True, kw_only=True):
    """What is made of the training afterwards.

    Attributes:
        trainings: that use what was chosen; what is done once is shared by them.
        queries: items that the model is asked about in its life.
    """

    trainings: Natural = 1
    queries: Positive | None = None


def read_model(table: Any, where: str = "model") -> Model:
    """Read a table `[model]` by its kind.

    Raises:
        TableError: there is no such kind, or a field does not fit.
        ValueError: heads do not divide what they share.
    """
    kind = table.get("kind") if isinstance(table, Mapping) else table
    if not isinstance(kind, str) or kind not in _KINDS:
        raise TableError(
            f"`{where}.kind` must be {one_of(list(_KINDS))}, got {kind!r}."
        )
    fields = {name: value for name, value in table.items() if name != "kind"}
    model = read_table(fields, _KINDS[kind], where, whole=WHOLE)
    if isinstance(model, TransformerModel):
        try:
            model.shape  # noqa: B018 - made to be checked
        except ValueError as error:
            raise TableError(str(error).replace("`", f"`{where}.", 1)) from error
    return model


@functools.cache
def architectures() -> Mapping[str, Mapping[str, Any]]:
    """Return the shipped architectures by name, without their sources."""
    entries = tomllib.loads(_DATA.read_text(encoding="utf-8"))["architecture"]
    return {
        entry["name"]: {k: v for k, v in entry.items() if k not in ("name", "source")}
        for entry in entries
    }
