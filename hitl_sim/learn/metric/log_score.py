"""Logarithmic score: how much probability stands on the right class."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from oracles import part


@part.metric(version=1)
def log_score() -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Share of the log loss of even guessing that is gone: 1 - log loss / log K.

    0 is even guessing and 1 all probability on the right class; it is below 0 where a
    model is surely wrong. The log loss is scikit-learn's `log_loss`.

    References:
        Good (1952), Rational decisions, Journal of the Royal Statistical Society B
        14(1), 107-114.
    """

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        # what nobody labelled has no right class
        is_known = label >= 0
        each = optax.softmax_cross_entropy_with_integer_labels(
            logits, jnp.maximum(label, 0)
        )
        num = jnp.maximum(is_known.sum(dtype=jnp.float32), 1.0)
        loss = jnp.where(is_known, each, 0.0).sum() / num
        gone: jax.Array = 1.0 - loss / math.log(logits.shape[1])
        return gone

    return measure
