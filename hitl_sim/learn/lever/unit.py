"""Units of a network: hidden units, channels and filters, and how to take them away.

A unit is a column of one layer's kernel with its bias, and the rows of the next layer's
kernel that read it. Without these the network computes the same of the units that stay,
in smaller products.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, assert_never

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.lever.layout import Layout
from hitl_sim.learn.network import (
    ConvolutionConfig,
    NetworkConfig,
    TextConvolutionConfig,
    TransformerConfig,
)
from hitl_sim.learn.network.convolution import STRIDE

Kept = tuple[Int[Array, "_"], ...]
"""Of each layer with units, the units that stay, in ascending order."""


class UnitLayer(NamedTuple):
    """One layer whose units can go.

    Attributes:
        path: of the layer, as "layers.0".
        num_units: units in it.
        reader: path of the layer that reads them.
        places: how often that layer reads each unit, one place after the other.
    """

    path: str
    num_units: int
    reader: str
    places: int = 1


def kept_units(num_units: int, share: float) -> int:
    """Count the units that stay when a share of them goes; at least 1."""
    # the nudge keeps .29 * 100 from falling to 28
    return max(num_units - int(share * num_units + 1e-9), 1)


def shrink_config(config: NetworkConfig, share: float) -> NetworkConfig:
    """Return the network that is left when a share of each layer's units goes."""
    encoder = config.encoder
    match encoder:
        case ConvolutionConfig():
            channels = tuple(kept_units(n, share) for n in encoder.channels)
            encoder = dataclasses.replace(encoder, channels=channels)
        case TextConvolutionConfig():
            filters = kept_units(encoder.filters, share)
            encoder = dataclasses.replace(encoder, filters=filters)
        case TransformerConfig() | None:
            pass
        case _:
            assert_never(encoder)
    hidden = tuple(kept_units(n, share) for n in config.hidden)
    return NetworkConfig(hidden, encoder)


def unit_layers(config: NetworkConfig) -> tuple[UnitLayer, ...]:
    """List the layers whose units can go, from the input on.

    A transformer's blocks have none: what they add to is as wide as a word's vector.
    """
    encoder = config.encoder
    prefix = "layers" if encoder is None else "head.layers"
    layers: list[UnitLayer] = []
    match encoder:
        case ConvolutionConfig():
            layers += _convolution_layers(encoder, f"{prefix}.0")
        case TextConvolutionConfig():
            layers += [
                UnitLayer(f"encoder.layers.{i}", encoder.filters, f"{prefix}.0")
                for i in range(len(encoder.widths))
            ]
        case TransformerConfig() | None:
            pass
        case _:
            assert_never(encoder)
    layers += [
        UnitLayer(f"{prefix}.{i}", num_units, f"{prefix}.{i + 1}")
        for i, num_units in enumerate(config.hidden)
    ]
    return tuple(layers)


def _convolution_layers(encoder: ConvolutionConfig, head: str) -> Iterator[UnitLayer]:
    """List the convolutions; the last one is read by the layer called `head`."""
    last, taps = len(encoder.channels) - 1, encoder.kernel**2
    height, width, _ = encoder.shape
    for i, num_units in enumerate(encoder.channels):
        height, width = -(-height // STRIDE), -(-width // STRIDE)
        reader = f"encoder.layers.{i + 1}" if i < last else head
        places = taps if i < last else height * width
        yield UnitLayer(f"encoder.layers.{i}", num_units, reader, places)


def weigh_units(
    layout: Layout, layers: Sequence[UnitLayer], leaves: Sequence[Any]
) -> tuple[Float[Array, "_"], ...]:
    """Return the sum of absolute weights into each unit, layer by layer.

    References:
        Li, Kadav, Durdanovic, Samet, Graf (2017), Pruning filters for efficient
        ConvNets, ICLR, section 3.1.
    """
    return tuple(
        jnp.abs(leaves[layout.at(f"{layer.path}.kernel")]).sum(axis=0)
        for layer in layers
    )


def best_units(scores: Sequence[jax.Array], share: float) -> Kept:
    """Choose the units of highest score in each layer, in ascending order."""
    kept = (jax.lax.top_k(s, kept_units(s.shape[0], share))[1] for s in scores)
    return tuple(jnp.sort(k) for k in kept)


def shrink(
    layout: Layout, layers: Sequence[UnitLayer], leaves: Sequence[Any], kept: Kept
) -> tuple[Any, ...]:
    """Take units away: their columns, their biases, and the rows that read them.

    Args:
        layout: of the whole network.
        layers: with units.
        leaves: the whole network's weights.
        kept: of each layer, the units that stay.

    Returns:
        The weights of the small network, in the same order.
    """
    small = list(leaves)
    for layer, stay in zip(layers, kept, strict=True):
        for name in ("kernel", "bias"):
            position = layout.at(f"{layer.path}.{name}")
            small[position] = small[position][..., stay]
    for reader, rows in _read_rows(layers, kept).items():
        position = layout.at(f"{reader}.kernel")
        small[position] = small[position][rows]
    return tuple(small)


def close_units(
    layout: Layout,
    layers: Sequence[UnitLayer],
    leaves: Sequence[Any],
    gates: Sequence[Float[Array, "_"]],
) -> tuple[Any, ...]:
    """Multiply what reads each unit by the unit's gate."""
    gated = list(leaves)
    factors: dict[str, list[jax.Array]] = {}
    for layer, gate in zip(layers, gates, strict=True):
        factors.setdefault(layer.reader, []).append(jnp.tile(gate, layer.places))
    for reader, parts in factors.items():
        position = layout.at(f"{reader}.kernel")
        gated[position] = gated[position] * jnp.concatenate(parts)[:, None]
    return tuple(gated)


def _read_rows(layers: Sequence[UnitLayer], kept: Kept) -> dict[str, jax.Array]:
    """Rows that stay of each layer that reads units."""
    rows: dict[str, list[jax.Array]] = {}
    begin: dict[str, int] = {}
    for layer, stay in zip(layers, kept, strict=True):
        offset = begin.get(layer.reader, 0)
        place = offset + layer.num_units * jnp.arange(layer.places)
        rows.setdefault(layer.reader, []).append(
            (place[:, None] + stay[None]).reshape(-1)
        )
        begin[layer.reader] = offset + layer.num_units * layer.places
    return {reader: jnp.concatenate(parts) for reader, parts in rows.items()}
