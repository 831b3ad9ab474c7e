"""One coin: weigh people by one accuracy each, which EM learns with the labels.

References:
    Dawid, Skene (1979), Maximum likelihood estimation of observer error-rates using the
    EM algorithm, Applied Statistics 28(1), 20-28, with the error rates of a person tied
    to one number; Zhang, Chen, Zhou, Jordan (2014), Spectral methods meet EM, NeurIPS,
    section 4: the one-coin model.
    Ustalov, Pavlichenko, Tseitlin (2024), Learning from crowds with Crowd-Kit, Journal
    of Open Source Software 9(96), 6227: start at vote shares, floor 1e-10, order of the
    steps; the same numbers result at equal step counts.
"""

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
# The largest float32 below 1 that leaves 1 - accuracy representable.
_CEILING = 1.0 - 2.0**-24


def fit_one_coin(
    answers: Int[Array, "N M"],
    annotator: Int[Array, "N M"],
    is_answered: Bool[Array, "N M"],
    num_options: int,
    num_annotators: int,
    num_steps: int,
) -> tuple[Float[Array, "N K"], Float[Array, "A"], Float[Array, "K"]]:
    """Estimate labels, accuracies and class shares together by EM.

    Of `Votes`; options K, people A and the steps from the vote shares (>= 0) are
    static.

    A person without answers gets accuracy 1 / K; an item without answers gets the
    prior and does not move it.
    """
    _, share = count_votes(answers, is_answered, num_options)
    weight = is_answered.astype(jnp.float32)
    person = jnp.where(is_answered, annotator, 0).ravel()
    named = jnp.clip(answers, 0, num_options - 1)
    vote = jax.nn.one_hot(named, num_options, dtype=jnp.float32) * weight[:, :, None]
    num_answers = jax.ops.segment_sum(weight.ravel(), person, num_annotators)
    has_answer = jnp.any(is_answered, axis=1).astype(jnp.float32)

    def maximise(
        posterior: Float[Array, "N K"],
    ) -> tuple[Float[Array, "A"], Float[Array, "K"]]:
        right = jnp.sum(vote * posterior[:, None, :], axis=2)
        total = jax.ops.segment_sum(right.ravel(), person, num_annotators)
        mean = total / jnp.maximum(num_answers, 1.0)
        accuracy = jnp.where(num_answers > 0, mean, 1.0 / num_options)
        prior = class_shares(posterior, has_answer)
        return accuracy, jnp.where(jnp.any(is_answered), prior, 1.0 / num_options)

    def expect(
        accuracy: Float[Array, "A"], prior: Float[Array, "K"]
    ) -> Float[Array, "N K"]:
        sure = jnp.clip(accuracy, _FLOOR, _CEILING)
        log_odds = jnp.log(sure) - jnp.log((1.0 - sure) / (num_options - 1))
        gain = log_odds[person].reshape(answers.shape)
        # What an answer says against every option alike cancels in the softmax.
        evidence = jnp.sum(vote * gain[:, :, None], axis=1)
        return jax.nn.softmax(
            jnp.log(jnp.maximum(prior, _FLOOR))[None, :] + evidence, axis=1
        )

    return run_em(maximise, expect, share, num_steps)


@part.aggregation()
def one_coin(num_classes: int, num_annotators: int, *, steps: int = 20) -> Aggregate:
    """Weigh people by one accuracy each, learned by EM with the labels.

    Args:
        num_classes: K.
        num_annotators: A.
        steps: of EM; crowd-kit's default is 10.

    Raises:
        ValueError: `steps` that is no whole number >= 1.
    """
    return by_posterior(fit_one_coin, num_classes, num_annotators, steps=steps)
