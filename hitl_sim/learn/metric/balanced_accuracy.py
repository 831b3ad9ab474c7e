"""Balanced accuracy."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part


@part.metric(version=1)
def balanced_accuracy() -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Mean of the classes' shares that are recognised, of the classes that are there.

    References:
        Brodersen, Ong, Stephan, Buhmann (2010), The balanced accuracy and its posterior
        distribution, ICPR, section 2.
    """

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        member = jax.nn.one_hot(label, logits.shape[1])
        is_right = (logits.argmax(axis=1) == label).astype(jnp.float32)
        size = member.sum(axis=0)
        recall = is_right @ member / jnp.maximum(size, 1.0)
        mean: jax.Array = recall.sum() / (size > 0).sum(dtype=jnp.float32)
        return mean

    return measure
