"""Symmetric int8 numbers, by qwix.

A number x is kept as q = round(x / s), half to even, from -127 to 127, with one float32
scale s = max|x| / 127 per row, per column or per array.

References:
    Jacob et al. (2018), Quantization and training of neural networks for efficient
    integer-arithmetic-only inference, CVPR (int8 products with int32 sums).
    Wu et al. (2020), Integer quantization for deep learning inference: principles and
    empirical evaluation, arXiv 2004.09602, section 3.1.2 (the range without -128).
    Qwix: a JAX quantization library (google/qwix).
"""

import functools
import importlib
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Granularity = Literal["channel", "tensor"]
"""One scale per row of the input and column of the weights, or one per array."""


_CALIBRATION = f"absmax,{127.5 / 127}"
"""Qwix spreads max|x| to 127.5, where the largest number of a row stands on the edge of
saturation and the last bit of its scale decides whether it becomes -127 or -128. So the
range is widened until it stands at 127.
"""


class MissingQwixError(RuntimeError):
    """Qwix is not installed."""


@functools.cache
def load_qwix() -> Any:
    """Import qwix.

    Raises:
        MissingQwixError: it is not there; the message says how to get it.
    """
    try:
        return importlib.import_module("qwix")
    except ImportError as error:
        raise MissingQwixError(
            "int8 and approximate arithmetic need qwix: pip install 'hitl-sim[int8]'."
        ) from error


def quantise_rows(
    x: Float[Array, "items width"], granularity: Granularity = "channel"
) -> Any:
    """Quantise the inputs of a product.

    Each row has its own scale, so that what an item becomes does not depend on its
    batch. With granularity `tensor` it does.

    Returns:
        A qwix `QArray`: `qvalue` `[N, D]` int8, `scale` `[N, 1]` or `[1, 1]`.
    """
    axes = (0,) if granularity == "channel" else ()
    return _quantise(x, axes)


def quantise_kernel(
    kernel: Float[Array, "width out"], granularity: Granularity = "channel"
) -> Any:
    """Quantise weights, one scale per output or one for all.

    Returns:
        A qwix `QArray`: `qvalue` `[D, O]` int8, `scale` `[1, O]` or `[1, 1]`.
    """
    axes = (1,) if granularity == "channel" else ()
    return _quantise(kernel, axes)


def fake_quantise(x: Float[Array, "..."], axis: int | None = None) -> jax.Array:
    """Round to numbers that int8 can hold, and let gradients straight through.

    Args:
        x: any array.
        axis: axis with a scale for each of its places; one scale for all if None.

    References:
        Bengio, Léonard and Courville (2013), Estimating or propagating gradients
        through stochastic neurons, section 4 (the straight-through estimator).
    """
    axes = () if axis is None else (axis % x.ndim,)
    moved = load_qwix().dequantize(_quantise(x, axes)) - x
    rounded: jax.Array = x + jax.lax.stop_gradient(moved)
    return rounded


def _quantise(x: jax.Array, axes: tuple[int, ...]) -> Any:
    return load_qwix().quantize(
        x, jnp.int8, channelwise_axes=axes, calibration_method=_CALIBRATION
    )
