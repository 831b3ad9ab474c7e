"""Pruning that sets weights to zero: every product keeps its size, and so its cost."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from hitl_sim.learn.lever.config import PruneConfig


def share_at(config: PruneConfig, checkpoint: Int[Array, ""]) -> Float[Array, ""]:
    """Return the share of weights that is gone before a checkpoint's steps, `[]`.

    "gradual" takes s (1 - (1 - (t - t0) / (t1 - t0))^3) at checkpoint t, from t0 =
    `after` to t1 = `until`; "masked" takes s at once.

    References:
        Zhu and Gupta (2018), To prune, or not to prune: exploring the efficacy of
        pruning for model compression, ICLR workshop, equation 1.
    """
    if config.form == "masked":
        return jnp.where(checkpoint >= config.after, config.share, 0.0)
    passed = (checkpoint - config.after) / (config.until - config.after)
    left = 1.0 - jnp.clip(passed, 0.0, 1.0)
    return config.share * (1.0 - left**3)


def keep_largest(
    kernels: Sequence[Float[Array, "..."]], share: Float[Array, ""]
) -> tuple[Float[Array, "..."], ...]:
    """Return masks, 1 where a weight stays: the largest ones of each kernel.

    Of n weights floor(share n) go.

    Args:
        kernels: weights of each layer.
        share: `[]`, in [0, 1).
    """

    def mask(kernel: jax.Array) -> jax.Array:
        size = jnp.abs(kernel)
        # the nudge keeps .29 * 100 from falling to 28 in float32
        gone = jnp.floor(share * kernel.size + 1e-3).astype(jnp.int32)
        least = jnp.sort(size.reshape(-1))[jnp.minimum(gone, kernel.size - 1)]
        return (size >= least).astype(kernel.dtype)

    return tuple(mask(kernel) for kernel in kernels)
