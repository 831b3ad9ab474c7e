"""F1: how precision and recall of the classes go together."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part

AVERAGES = ("macro", "micro")


@part.metric(version=1)
def f1(average: str = "macro") -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Harmonic mean of precision and recall.

    "macro" is the mean over the classes that are there or are named, each as heavy as
    any other; "micro" counts items, and with one class per item equals accuracy. As
    scikit-learn's `f1_score` with `zero_division=0`.

    References:
        Opitz, Burst (2019), Macro F1 and macro F1, arXiv 1911.03347: the mean of the
        classes' F1, which is meant here.
    """
    if average not in AVERAGES:
        allowed = " or ".join(map(repr, AVERAGES))
        raise ValueError(f"`average` must be {allowed}, got {average!r}.")

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        named = jax.nn.one_hot(logits.argmax(axis=1), logits.shape[1])
        member = jax.nn.one_hot(label, logits.shape[1])
        right = (named * member).sum(axis=0)
        either = named.sum(axis=0) + member.sum(axis=0)
        if average == "micro":
            whole: jax.Array = 2.0 * right.sum() / either.sum()
            return whole
        each = 2.0 * right / jnp.maximum(either, 1.0)
        mean: jax.Array = each.sum() / (either > 0).sum(dtype=jnp.float32)
        return mean

    return measure
