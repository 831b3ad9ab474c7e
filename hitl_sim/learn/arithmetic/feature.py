"""Features in few bits, as they cross a link between device and server."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

RANGE_BYTES = 8
"""Bytes beside the features of an item: their least and largest, as float32."""
MAX_BITS = 16


class Encoded(NamedTuple):
    """Features as they are sent.

    Attributes:
        level: `[N, D]` whole numbers from 0 to 2^b - 1.
        least: `[N, 1]` least feature of each item.
        step: `[N, 1]` between two levels.
    """

    level: jax.Array
    least: jax.Array
    step: jax.Array


def encode_features(x: Float[Array, "items width"], bits: int) -> Encoded:
    """Round features to 2^b levels between each item's least and largest.

    An item then takes b D / 8 bytes and `RANGE_BYTES`, before any entropy coding.

    Args:
        x: `[N, D]` features.
        bits: b, bits per feature.

    Raises:
        ValueError: the bits are not in 1 to 16.
    """
    if not 1 <= bits <= MAX_BITS:
        raise ValueError(f"`bits` must be >= 1 and <= {MAX_BITS}, got {bits}.")
    least = x.min(axis=1, keepdims=True)
    span = x.max(axis=1, keepdims=True) - least
    step = jnp.where(span > 0, span, 1.0) / (2**bits - 1)
    return Encoded(jnp.round((x - least) / step), least, step)


def decode_features(encoded: Encoded) -> Float[Array, "items width"]:
    """Return the features that the far end of a link has."""
    return encoded.least + encoded.level * encoded.step


def quantise_features(
    x: Float[Array, "items width"], bits: int
) -> Float[Array, "items width"]:
    """Return what the far end of a link decodes.

    No feature moves by more than half a step, (largest - least) / (2^b - 1) / 2.

    Args:
        x: `[N, D]` features.
        bits: b, bits per feature.

    Raises:
        ValueError: the bits are not in 1 to 16.

    References:
        Li et al. (2018), JALAD: joint accuracy- and latency-aware deep structure
        decoupling for edge-cloud execution, ICPADS, section III (min-max steps).
    """
    return decode_features(encode_features(x, bits))
