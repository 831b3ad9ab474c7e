"""Majority: the option that most people named, or that most weight stands behind."""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray

# Sums of the same weights in another order differ by a few units in the last place.
_TIE = 1e-6


def majority(
    answers: Int[Array, "N M"],
    is_answered: Bool[Array, "N M"],
    num_options: int,
    key: PRNGKeyArray | None = None,
) -> tuple[Int[Array, "N"], Float[Array, "N K"]]:
    """Take the most frequent answer of each item.

    Args:
        answers: `[N, M]` option index of up to M answers per item.
        is_answered: `[N, M]` which of them exist.
        num_options: number of options K; static.
        key: breaks ties at random; None breaks them towards the lowest option.

    Returns:
        `[N]` label, -1 where nobody answered, and `[N, K]` share of the votes, zeros
        where nobody answered.
    """
    weight = jnp.ones(answers.shape, jnp.float32)
    return weighted_majority(answers, is_answered, weight, num_options, key)


def weighted_majority(
    answers: Int[Array, "N M"],
    is_answered: Bool[Array, "N M"],
    weight: Float[Array, "N M"],
    num_options: int,
    key: PRNGKeyArray | None = None,
) -> tuple[Int[Array, "N"], Float[Array, "N K"]]:
    """Take the answer of each item that has the most weight behind it.

    With the log odds log(p (K - 1) / (1 - p)) of one-coin people as weights this is
    the most probable label at even class shares (Nitzan and Paroush); a person worse
    than chance then weighs less than nothing.

    Args:
        answers: `[N, M]` option index of up to M answers per item.
        is_answered: `[N, M]` which of them exist.
        weight: `[N, M]` what each answer counts, any finite number.
        num_options: number of options K; static.
        key: breaks ties at random; None breaks them towards the lowest option.

    Returns:
        `[N]` label, -1 where no answer has any weight, and `[N, K]` share of the
        absolute weight; where no weight is negative they sum to 1.

    References:
        Nitzan, Paroush (1982), Optimal decision rules in uncertain dichotomous choice
        situations, International Economic Review 23(2), 289-297.
    """
    counted = jnp.where(is_answered, weight, 0.0)
    is_named = answers[:, :, None] == jnp.arange(num_options)[None, None, :]
    counts = jnp.sum(jnp.where(is_named, counted[:, :, None], 0.0), axis=1)
    total = jnp.sum(jnp.abs(counted), axis=1)
    share = counts / jnp.where(total > 0, total, 1.0)[:, None]
    is_top = share >= jnp.max(share, axis=1, keepdims=True) - _TIE
    lots = jnp.ones_like(share)
    if key is not None:
        lots = jax.random.uniform(key, share.shape)
    label = jnp.argmax(jnp.where(is_top, lots, -1.0), axis=1)
    return jnp.where(total > 0, label, -1), share
