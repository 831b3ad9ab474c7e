"""AUROC: how well scores put items of a class before all others."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from oracles import part


@part.metric(version=1)
def auroc() -> Callable[[jax.Array, jax.Array, Any], jax.Array]:
    """Area under the receiver operating characteristic, one class against the rest.

    The mean over classes that have items and leave others out; .5 is chance. An item of
    the class and another of equal score count half. As scikit-learn's `roc_auc_score`
    with `multi_class="ovr"`, of two classes that of either.

    References:
        Hanley, McNeil (1982), The meaning and use of the area under a receiver
        operating characteristic (ROC) curve, Radiology 143(1), 29-36.
        Provost, Domingos (2000), Well-trained PETs, CeDER working paper 00-04: the mean
        over classes, there weighted by their shares.
    """

    def measure(logits: jax.Array, label: jax.Array, params: Any) -> jax.Array:
        del params
        score = jax.nn.softmax(logits)
        member = jax.nn.one_hot(label, logits.shape[1])
        inside = member.sum(axis=0)
        pairs = inside * (label.shape[0] - inside)
        # ranks from 1 on, of equal scores their mean
        rank = jax.vmap(_mean_rank, in_axes=1, out_axes=1)(score)
        least = inside * (inside + 1.0) / 2.0
        area = ((rank * member).sum(axis=0) - least) / jnp.maximum(pairs, 1.0)
        is_told = pairs > 0
        num = jnp.maximum(is_told.sum(dtype=jnp.float32), 1.0)
        mean: jax.Array = jnp.where(is_told, area, 0.0).sum() / num
        return mean

    return measure


def _mean_rank(score: jax.Array) -> jax.Array:
    ordered = jnp.sort(score)
    below = jnp.searchsorted(ordered, score, side="left")
    up_to = jnp.searchsorted(ordered, score, side="right")
    rank: jax.Array = (below + up_to + 1) / 2.0
    return rank
