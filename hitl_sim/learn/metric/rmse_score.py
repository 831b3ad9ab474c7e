"""RMSE score: how much of the root mean squared error of one number is gone."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part


@part.metric(version=1, problems=("regression",))
def rmse_score() -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Share of the RMSE of the best single number that is gone: 1 - RMSE / RMSE of it.

    The best single number is the mean of the labels that are looked at, whose RMSE is
    their standard deviation. 0 is as good as that, 1 is every number right, and it is
    below 0 where a model does worse; so a share of the best score is that share of the
    way from the one to the best. The RMSE is scikit-learn's `root_mean_squared_error`.

    References:
        Murphy (1988), Skill scores based on the mean square error and their
        relationships to the correlation coefficient, Monthly Weather Review 116(12),
        2417-2424; here of its root.
    """

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        error = jnp.sqrt(jnp.square(logits[:, 0] - label).mean())
        # of labels that are all the same no number is better than another
        trivial = jnp.maximum(jnp.std(label), 1e-6)
        gone: jax.Array = 1.0 - error / trivial
        return gone

    return measure
