"""The [network] table of a study: which network, and the dials that its kind has."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hitl_sim.schema import Count

NetworkKind = Literal["linear", "mlp", "cnn", "text_cnn", "transformer"]

DIALS: Mapping[NetworkKind, Mapping[str, Any]] = {
    "linear": {},
    "mlp": {"hidden": (64,)},
    "cnn": {"hidden": (), "channels": (16, 32), "kernel": 3},
    "text_cnn": {"hidden": (), "embedding": 32, "filters": 32, "widths": (2, 3, 4)},
    "transformer": {"hidden": (), "embedding": 32, "heads": 4, "layers": 1},
}
"""Dials of each kind and their defaults: small enough for one core; assumed."""
TEXT_KINDS: tuple[NetworkKind, ...] = ("text_cnn", "transformer")
"""Kinds that read the ids of words."""
VECTOR_KINDS: tuple[NetworkKind, ...] = ("linear", "mlp")
"""Kinds that take features as they come, however many there are."""


class NetworkSpec(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The network that is trained; a dial left out takes its kind's default.

    Attributes:
        kind: "linear"; "mlp", dense layers; "cnn" for images; "text_cnn" or
            "transformer" for text as tokens. The last three are small, and end in dense
            layers.
        hidden: widths of the hidden dense layers; none for a linear read-out.
        channels: cnn: output channels of each convolution, all of stride 2.
        kernel: cnn: side of the filters, pixels.
        embedding: text_cnn and transformer: width of a word's vector.
        filters: text_cnn: filters of each width.
        widths: text_cnn: words that a filter spans.
        heads: transformer: attention heads, a divisor of `embedding`.
        layers: transformer: blocks.
        precision: "float32", or "bfloat16" for the factors of every product, whose sums
            stay in float32; units of work then carry it in their names.
    """

    kind: NetworkKind = "mlp"
    hidden: tuple[Count, ...] | None = None
    channels: Annotated[tuple[Count, ...], Meta(min_length=1)] | None = None
    kernel: Count | None = None
    embedding: Count | None = None
    filters: Count | None = None
    widths: Annotated[tuple[Count, ...], Meta(min_length=1)] | None = None
    heads: Count | None = None
    layers: Count | None = None
    precision: Literal["float32", "bfloat16"] = "float32"

    def resolved(self) -> dict[str, Any]:
        """Return the kind and all of its dials, by name; what fixes the network."""
        dials = {
            name: default if getattr(self, name) is None else getattr(self, name)
            for name, default in DIALS[self.kind].items()
        }
        # a network in float32 is what it was before there was a choice
        is_usual = self.precision == "float32"
        own = {} if is_usual else {"precision": self.precision}
        return {"kind": self.kind, **dials, **own}


def check_network(network: NetworkSpec) -> None:
    """Refuse dials that the kind does not have, and heads that do not divide.

    Raises:
        ValueError: the message names field, value and what is allowed.
    """
    dials = DIALS[network.kind]
    for name in NetworkSpec.__struct_fields__:
        value = getattr(network, name)
        is_dial = name not in ("kind", "precision")
        if is_dial and name not in dials and value is not None:
            has = f"has {', '.join(dials)}" if dials else "has no dials"
            raise ValueError(
                f"`network.{name}` must be left out where `network.kind` is "
                f"{network.kind!r}, which {has}, got {value!r}."
            )
    resolved = network.resolved()
    heads, embedding = resolved.get("heads", 1), resolved.get("embedding", 1)
    if embedding % heads:
        raise ValueError(
            f"`network.heads` must divide `network.embedding` ({embedding}), got "
            f"{heads}."
        )
