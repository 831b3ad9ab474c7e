"""GLAD: weigh people by ability and items by ease, which EM learns with the labels.

```
P(answer = truth) = sigma(ability_a * ease_i), errors even over the other options
ability_a ~ N(1, 1), log ease_i ~ N(1, 1)
```
The M-step has no closed form. It is solved by turns: given the eases every ability is
a problem of one dimension, and so is every log ease given the abilities. Both step
along their slope over the Fisher information, which is always positive, and no step is
longer than 1. Each EM step goes on from the last one's estimates.

References:
    Whitehill, Ruvolo, Wu, Bergsma, Movellan (2009), Whose vote should count more:
    optimal integration of labels from labelers of unknown expertise, NeurIPS 22:
    the model and its priors.
    Ustalov, Pavlichenko, Tseitlin (2024), Learning from crowds with Crowd-Kit, Journal
    of Open Source Software 9(96), 6227: K options, start at ability 1 and log ease 1.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from oracles import part
from oracles.aggregate.votes import Aggregate, by_posterior

_PRIOR_MEAN = 1.0
# Beyond this length the quadratic is no guide.
_LONGEST_STEP = 1.0


def fit_glad(
    answers: Int[Array, "N M"],
    annotator: Int[Array, "N M"],
    is_answered: Bool[Array, "N M"],
    num_options: int,
    num_annotators: int,
    num_steps: int,
    num_turns: int = 10,
) -> tuple[Float[Array, "N K"], Float[Array, "A"], Float[Array, "N"]]:
    """Estimate labels, abilities and log eases together by EM, at even class shares.

    Of `Votes`; options K >= 2, people A, steps (0 gives the posterior at the start) and
    the turns in each M-step are static. 10 turns leave less than 1e-3 of an estimate
    open at the sizes that were tried.

    A person without answers gets the prior's ability 1, an item without answers the
    prior's log ease 1 and a uniform posterior.
    """
    weight = is_answered.astype(jnp.float32)
    person = jnp.where(is_answered, annotator, 0)
    named = jnp.clip(answers, 0, num_options - 1)
    vote = jax.nn.one_hot(named, num_options, dtype=jnp.float32) * weight[:, :, None]

    def by_person(values: Float[Array, "N M"]) -> Float[Array, "A"]:
        return jax.ops.segment_sum(
            (weight * values).ravel(), person.ravel(), num_annotators
        )

    def expect(
        ability: Float[Array, "A"], log_ease: Float[Array, "N"]
    ) -> Float[Array, "N K"]:
        drive = ability[person] * jnp.exp(log_ease)[:, None]
        # log sigma(x) - log (sigma(-x) / (K - 1)) = x + log(K - 1)
        gain = drive + jnp.log(num_options - 1.0)
        return jax.nn.softmax(jnp.sum(vote * gain[:, :, None], axis=1), axis=1)

    def turn(
        right: Float[Array, "N M"],
        ability: Float[Array, "A"],
        log_ease: Float[Array, "N"],
    ) -> tuple[Float[Array, "A"], Float[Array, "N"]]:
        ease = jnp.exp(log_ease)[:, None]
        chance = jax.nn.sigmoid(ability[person] * ease)
        slope = by_person((right - chance) * ease) - (ability - _PRIOR_MEAN)
        ability = ability + _cut(
            slope / (by_person(chance * (1.0 - chance) * ease**2) + 1.0)
        )
        drive = ability[person] * ease
        chance = jax.nn.sigmoid(drive)
        climb = jnp.sum(weight * (right - chance) * drive, axis=1)
        climb = climb - (log_ease - _PRIOR_MEAN)
        curve = jnp.sum(weight * chance * (1.0 - chance) * drive**2, axis=1) + 1.0
        return ability, log_ease + _cut(climb / curve)

    def step(
        carry: tuple[Array, Array, Array], _: None
    ) -> tuple[tuple[Array, Array, Array], None]:
        posterior = expect(*carry[:2])
        right = jnp.sum(vote * posterior[:, None, :], axis=2)
        estimates = jax.lax.fori_loop(
            0, num_turns, lambda _, pair: turn(right, *pair), carry[:2]
        )
        return (*estimates, posterior), None

    ability = jnp.full(num_annotators, _PRIOR_MEAN, jnp.float32)
    log_ease = jnp.full(answers.shape[0], _PRIOR_MEAN, jnp.float32)
    start = (ability, log_ease, expect(ability, log_ease))
    (ability, log_ease, posterior), _ = jax.lax.scan(step, start, length=num_steps)
    return posterior, ability, log_ease


@part.aggregation()
def glad(
    num_classes: int, num_annotators: int, *, steps: int = 20, turns: int = 10
) -> Aggregate:
    """Weigh people by ability and items by ease, learned by EM with the labels.

    Args:
        num_classes: K.
        num_annotators: A.
        steps: of EM; crowd-kit's default is 100, 20 move no label that was tried.
        turns: Newton turns in each M-step.

    Raises:
        ValueError: `steps` or `turns` that is no whole number >= 1.
    """
    return by_posterior(fit_glad, num_classes, num_annotators, steps=steps, turns=turns)


def _cut(step: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    return jnp.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
