"""Dawid-Skene: weigh people by confusion matrices that EM learns with the labels.

References:
    Dawid, Skene (1979), Maximum likelihood estimation of observer error-rates using the
    EM algorithm, Applied Statistics 28(1), 20-28.
    Ustalov, Pavlichenko, Tseitlin (2024), Learning from crowds with Crowd-Kit, Journal
    of Open Source Software 9(96), 6227: start at vote shares, floor 1e-10, order of the
    steps; the same numbers result at equal step counts.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from oracles import part
from oracles.aggregate.votes import (
    Aggregate,
    by_posterior,
    class_shares,
    count_votes,
    run_em,
)

_FLOOR = 1e-10


@partial(
    jax.jit, static_argnames=("num_options", "num_annotators", "num_steps"), inline=True
)
def fit_dawid_skene(
    answers: Int[Array, "N M"],
    annotator: Int[Array, "N M"],
    is_answered: Bool[Array, "N M"],
    num_options: int,
    num_annotators: int,
    num_steps: int,
) -> tuple[Float[Array, "N K"], Float[Array, "A K K"], Float[Array, "K"]]:
    """Estimate labels, confusions and class shares together by EM.

    Of `Votes`; options K, people A and the steps from the vote shares (>= 0) are
    static.

    Options that nobody ever named get posterior 0. A person without answers gets zero
    confusion rows; an item without answers gets the prior and does not move it.
    Without any answer at all the posterior is uniform.

    Returns:
        `[N, K]` posterior, `[A, K, K]` confusion P(answer | truth) as [annotator,
        truth, answer], and `[K]` prior.
    """
    _, share = count_votes(answers, is_answered, num_options)
    num_cells = num_annotators * num_options
    # what is not there points past the end: added nowhere, and read as log 1
    cell = jnp.where(is_answered, annotator * num_options + answers, num_cells)
    slots = cell.T
    is_used = jnp.zeros(num_cells, bool).at[cell].set(True, mode="drop")
    is_named = jnp.any(is_used.reshape(num_annotators, num_options), axis=0)
    is_named = is_named | ~jnp.any(is_named)
    has_answer = jnp.any(is_answered, axis=1).astype(jnp.float32)

    def maximise(
        posterior: Float[Array, "N K"],
    ) -> tuple[Float[Array, "A K K"], Float[Array, "K"]]:
        """Return errors [A, answer, truth] and prior."""

        def add(counts: Array, slot: Array) -> tuple[Array, None]:
            return counts.at[slot].add(posterior, mode="drop"), None

        counts, _ = jax.lax.scan(add, jnp.zeros((num_cells, num_options)), slots)
        counts = jnp.where(is_used[:, None], jnp.maximum(counts, _FLOOR), 0.0)
        counts = counts.reshape(num_annotators, num_options, num_options)
        errors = counts / jnp.maximum(jnp.sum(counts, axis=1, keepdims=True), _FLOOR)
        return errors, class_shares(posterior, has_answer)

    def expect(
        errors: Float[Array, "A K K"], prior: Float[Array, "K"]
    ) -> Float[Array, "N K"]:
        by_cell = errors.reshape(num_cells, num_options)
        log_errors = jnp.log(jnp.where(is_used[:, None], by_cell, 1.0))

        def add(evidence: Array, slot: Array) -> tuple[Array, None]:
            return evidence + log_errors.at[slot].get(mode="fill", fill_value=0.0), None

        evidence, _ = jax.lax.scan(add, jnp.zeros(share.shape), slots)
        log_prior = jnp.log(jnp.maximum(prior, _FLOOR))[None, :]
        return jax.nn.softmax(
            jnp.where(is_named[None, :], log_prior + evidence, -jnp.inf), axis=1
        )

    posterior, errors, prior = run_em(maximise, expect, share, num_steps)
    return posterior, jnp.swapaxes(errors, 1, 2), prior


@part.aggregation()
def dawid_skene(num_classes: int, num_annotators: int, *, steps: int = 20) -> Aggregate:
    """Weigh people by a confusion matrix each, learned by EM with the labels.

    Args:
        num_classes: K.
        num_annotators: A.
        steps: of EM; crowd-kit's default is 100, 20 converge on crowds of a few people.

    Raises:
        ValueError: `steps` that is no whole number >= 1.
    """
    return by_posterior(fit_dawid_skene, num_classes, num_annotators, steps=steps)
