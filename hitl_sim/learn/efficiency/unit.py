"""Units of a network: hidden units, channels and filters, and how to take them away.

A unit is a column of one layer's kernel with its bias, and the rows of the next layer's
kernel that read it. Without these the network computes the same of the units that stay,
in smaller products.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.efficiency.layout import Layout
from hitl_sim.learn.network.base import UnitLayer, kept_units

Kept = tuple[Int[Array, "_"], ...]
"""Of each layer with units, the units that stay, in ascending order."""


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
