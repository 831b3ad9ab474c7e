"""Accuracy."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part


@part.metric(version=1)
def accuracy() -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Share of items whose largest logit is their class."""

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        share: jax.Array = (logits.argmax(axis=1) == label).mean(dtype=jnp.float32)
        return share

    return measure
