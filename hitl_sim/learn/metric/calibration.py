"""Calibration: whether a model is right as often as it says."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part


@part.metric(version=1)
def calibration(
    bins: int = 15,
) -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """1 less the expected calibration error, over equally wide bins of confidence.

    The error is the mean over items of how far the accuracy of an item's bin is from
    the bin's mean confidence. A model that guesses by the shares of the classes is
    calibrated, so that this is a metric beside another and hardly one to stop at.

    References:
        Naeini, Cooper, Hauskrecht (2015), Obtaining well calibrated probabilities using
        Bayesian binning, AAAI; Guo, Pleiss, Sun, Weinberger (2017), On calibration of
        modern neural networks, ICML: 15 bins.
    """
    if bins < 1:
        raise ValueError(f"`bins` must be >= 1, got {bins}.")

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        sure = jax.nn.softmax(logits).max(axis=1)
        is_right = (logits.argmax(axis=1) == label).astype(jnp.float32)
        # a bin holds its upper end, and the first one 0 too
        place = jnp.clip(jnp.ceil(sure * bins) - 1, 0, bins - 1).astype(jnp.int32)
        member = jax.nn.one_hot(place, bins)
        apart: jax.Array = jnp.abs((is_right - sure) @ member).sum() / label.shape[0]
        return 1.0 - apart

    return measure
