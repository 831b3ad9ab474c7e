"""Bytes that a stored model takes, and that a query of it moves, by number format.

Every product with weights reads its weights and one bias per output once per pass, and
per item M rows of D numbers, and writes M rows of O sums. With b bytes per number of a
floating format, L layers and B items in a pass, a query then moves

    weights      (b sum of D O + b kept) / B
    inputs       b sum of M D
    sums         b sum of M O

In int8, weights and rows of inputs are one byte per number, with a float32 scale for
each column of weights and each row of inputs; ranges are symmetric, so there are no
zero points. Sums are int32. Each row's range is found as it comes, so rounding reads a
row in float32 and writes it in 8 bits before the product reads that. Biases, vectors of
words, normalisation and attention stay float32. What lies between products is taken to
be done while their sums are written. Nothing is kept in a cache from one pass to the
next; one that held the model would take the weights out of what a query moves.

References:
    Jacob et al. (2018), Quantization and training of neural networks for efficient
    integer-arithmetic-only inference, CVPR (8-bit factors, 32-bit sums, scales).
    Williams, Waterman and Patterson (2009), Roofline, Communications of the ACM 52(4)
    (compulsory traffic: each operand once).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.array import FloatArray

PARTS = ("weights", "scales", "inputs", "rounding", "sums", "attention")
"""What a query moves, by name."""


class Format(NamedTuple):
    """How the numbers of a network are kept.

    Attributes:
        name: of the format.
        factor_b: bytes of a weight, and of an input of a product.
        other_b: bytes of any other number: biases, vectors of words, attention.
        sum_b: bytes of a sum of products.
        scale_b: bytes of a scale; 0 where there is none.
    """

    name: str
    factor_b: int
    other_b: int
    sum_b: int
    scale_b: int = 0


FORMATS = (
    Format("float64", 8, 8, 8),
    Format("float32", 4, 4, 4),
    Format("int8", 1, 4, 4, 4),
)


@dataclass(frozen=True)
class ModelShape:
    """Sizes of a network, for one item.

    Attributes:
        layers: `[L, 3]` of each product with weights, M rows, D inputs and O outputs.
            In int8 each column of weights and each row of inputs has its own scale.
        num_kept: other weights that every pass reads, such as biases.
        num_vectors: numbers in tables of word vectors.
        num_looked_up: numbers that one item reads from them.
        num_mixed: numbers that products without weights, those of attention, read and
            write.
        chunk: items of one pass; None where all of a batch go in one.

    Raises:
        ValueError: there is no layer, or a size is not positive.
    """

    layers: npt.NDArray[np.int64]
    num_kept: int = 0
    num_vectors: int = 0
    num_looked_up: int = 0
    num_mixed: int = 0
    chunk: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no network."""
        if self.layers.ndim != 2 or not self.layers.size or np.any(self.layers < 1):
            raise ValueError(
                "`layers` must be rows of three sizes >= 1, got"
                f" {self.layers.tolist()}."
            )

    @classmethod
    def from_json(cls, tables: Mapping[str, Any]) -> ModelShape:
        """Read sizes as plain numbers by the names of the attributes."""
        layers = np.asarray(tables["layers"], np.int64)
        return cls(**{**tables, "layers": layers})

    @property
    def num_weights(self) -> int:
        """Return the weights of all products."""
        _, num_in, num_out = self.layers.T
        return int(num_in @ num_out)


def stored_bytes(shape: ModelShape, kept: Format) -> int:
    """Return the bytes of a stored model, scales included."""
    own = kept.factor_b * shape.num_weights + kept.scale_b * int(
        shape.layers[:, 2].sum()
    )
    return own + kept.other_b * (shape.num_kept + shape.num_vectors)


def query_bytes(
    shape: ModelShape, kept: Format, batch: npt.ArrayLike
) -> dict[str, FloatArray]:
    """Return the bytes that one query moves, by part, in batches of several sizes.

    Args:
        shape: of the network.
        kept: format of its numbers.
        batch: `[N]` queries that are answered together; >= 1.

    Returns:
        `[N]` bytes of one query for each of `PARTS`.

    Raises:
        ValueError: a batch is below 1.
    """
    items = np.asarray(batch, np.float64)
    if np.any(items < 1.0):
        raise ValueError(f"`batch` must be >= 1, got {np.min(items):g}.")
    rows, num_in, num_out = shape.layers.T
    num_inputs = rows @ num_in
    passes = 1.0 if shape.chunk is None else np.ceil(items / shape.chunk)
    share = passes / items
    stay = np.ones_like(items)
    weights = kept.factor_b * shape.num_weights + kept.other_b * shape.num_kept
    rounding = kept.other_b + kept.factor_b if kept.scale_b > 0 else 0
    inputs = kept.factor_b * num_inputs + kept.other_b * shape.num_looked_up
    return {
        "weights": share * weights,
        "scales": kept.scale_b * (share * num_out.sum() + stay * rows.sum()),
        "inputs": stay * inputs,
        "rounding": stay * rounding * num_inputs,
        "sums": stay * kept.sum_b * (rows @ num_out),
        "attention": stay * kept.other_b * shape.num_mixed,
    }


def moved_bytes(shape: ModelShape, kept: Format, batch: npt.ArrayLike) -> FloatArray:
    """Return `[N]` bytes of all parts together; see `query_bytes`."""
    parts = query_bytes(shape, kept, batch)
    return np.asarray(sum(parts.values()))
