"""A model of a multiplier's error that runs as products of small matrices.

The error E(a, b) = T(a, b) - a b of every pair of int8 operands is a matrix of 256 by
256. Its singular value decomposition, cut at rank r, is the nearest matrix that is a
sum of r products u_k(a) v_k(b); so the summed error of a product of matrices becomes r
plain products. It is a model: `unexplained_frac` says what it leaves out. Where the
error has no more than r terms (DRUM has two, a truncated multiplier of v columns has v)
only rounding is left.

References:
    Eckart and Young (1936), The approximation of one matrix by another of lower rank,
    Psychometrika 1, 211-218.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from hitl_sim.learn.arithmetic.quantise import (
    Granularity,
    quantise_kernel,
    quantise_rows,
)
from hitl_sim.learn.arithmetic.table import OFFSET, SIZE, signed_table


class ErrorModel(NamedTuple):
    """A multiplier's error as a sum of r products.

    Attributes:
        left: `[256, r]` float32, u_k(a) in row a + 128.
        right: `[256, r]` float32, v_k(b) in row b + 128.
        unexplained_frac: root mean square of what is left out ÷ that of the error, over
            all pairs of int8 operands; 0 for a multiplier that never errs.
    """

    left: npt.NDArray[np.float32]
    right: npt.NDArray[np.float32]
    unexplained_frac: float


@functools.cache
def fit_error_model(multiplier: str, rank: int) -> ErrorModel:
    """Cut the error of a multiplier at some rank.

    Raises:
        ValueError: there is no multiplier of this name, or the rank is not in 1 to 256.
    """
    if not 1 <= rank <= SIZE:
        raise ValueError(f"`rank` must be >= 1 and <= {SIZE}, got {rank}.")
    value = np.arange(SIZE) - OFFSET
    error = (signed_table(multiplier) - value[:, None] * value[None, :]).astype(float)
    left, size, right = np.linalg.svd(error)
    root = np.sqrt(size[:rank])
    whole = float(np.square(size).sum())
    rest = float(np.square(size[rank:]).sum())
    return ErrorModel(
        (left[:, :rank] * root).astype(np.float32),
        (right[:rank].T * root).astype(np.float32),
        float(np.sqrt(rest / whole)) if whole else 0.0,
    )


def modelled_product(
    x: Float[Array, "items width"],
    kernel: Float[Array, "width out"],
    model: ErrorModel,
    granularity: Granularity = "channel",
) -> Float[Array, "items out"]:
    """Return x @ kernel on int8 operands, with the modelled error of a multiplier."""
    a, b = quantise_rows(x, granularity), quantise_kernel(kernel, granularity)
    left = jnp.asarray(model.left)[a.qvalue.astype(jnp.int32) + OFFSET]
    right = jnp.asarray(model.right)[b.qvalue.astype(jnp.int32) + OFFSET]
    error = jnp.einsum("ndr,dor->no", left, right)
    exact = a.qvalue.astype(x.dtype) @ b.qvalue.astype(x.dtype)
    scaled: jax.Array = (exact + error) * a.scale * b.scale
    return scaled
