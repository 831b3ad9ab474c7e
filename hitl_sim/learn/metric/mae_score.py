"""MAE score: how much of the mean absolute error of one number is gone."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part


@part.metric(version=1, problems=("regression",))
def mae_score() -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Share of the MAE of the best single number that is gone: 1 - MAE / MAE of it.

    The best single number is the median of the labels that are looked at. 0 is as good
    as that, 1 is every number right, and it is below 0 where a model does worse. The
    MAE is scikit-learn's `mean_absolute_error`.

    References:
        Willmott, Matsuura (2005), Advantages of the mean absolute error over the root
        mean square error, Climate Research 30, 79-82.
    """

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        error = jnp.abs(logits[:, 0] - label).mean()
        trivial = jnp.maximum(jnp.abs(label - jnp.median(label)).mean(), 1e-6)
        gone: jax.Array = 1.0 - error / trivial
        return gone

    return measure
