"""The scripted teachers of B-Pref as people who state preferences.

B-Pref departs from a perfect teacher by one thing at a time. Which of them this model
holds exactly:

- `oracle`, `stochastic` (Boltzmann), `mistake`, `skip` and `myopic`: exactly.
- `equal`: exactly beside the perfect teacher, as it is published. A stochastic teacher
  that also ties is another model here: it ties where the difference that it *feels* is
  small (Rao and Kupper), B-Pref's where the true one is. With rationality 1 and a
  threshold of .5 on differences of standard deviation 1.41 it ties in 18 % of pairs
  against 28 %; of pairs that are truly close it ties 24 %, B-Pref's all.
- A teacher that errs and skips: B-Pref's skips whatever it would have answered, here
  whoever errs by a lapse does not skip: 2 epsilon of the pairs below the level.

References:
    Lee, Smith, Dragan, Abbeel (2021), B-Pref: benchmarking preference-based
    reinforcement learning, NeurIPS datasets and benchmarks, section 3 and algorithm 1.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.literature import plain_annotators

PERFECT = 1e4
"""Rationality that stands for an infinite one: a lead of .002 is overlooked e^-20."""


def preference_teacher(
    num_annotators: int,
    *,
    rationality: float = PERFECT,
    mistake: float = 0.0,
    equal: float = 0.0,
    skip: float | None = None,
) -> Annotators:
    """Build B-Pref's teachers, for preference.

    Worths come in `Query.utility`, discounted by `discounted_worth` for the myopic
    teacher; thresholds are in the same unit.

    Args:
        num_annotators: number of equal teachers A.
        rationality: beta of the Boltzmann choice; > 0.
        mistake: probability epsilon of the wrong answer, in [0, 1/2].
        equal: pairs that differ by less are called equal; >= 0.
        skip: pairs of which the better is worth less are not answered; None for never.

    Returns:
        The teachers.

    Raises:
        ValueError: a number out of its range.
    """
    if not rationality > 0.0:
        raise ValueError(f"`rationality` must be > 0, got {rationality}.")
    if not 0.0 <= mistake <= 0.5:
        raise ValueError(f"`mistake` must be in [0, 0.5], got {mistake}.")
    if not equal >= 0.0:
        raise ValueError(f"`equal` must be >= 0, got {equal}.")

    def all_of(value: float) -> Float[Array, "A"]:
        return jnp.full(num_annotators, value, dtype=jnp.float32)

    return plain_annotators(num_annotators)._replace(
        skill=all_of(rationality),
        # half of the guesses are right
        lapse=all_of(2.0 * mistake),
        band=all_of(rationality * equal),
        skip_level=None if skip is None else all_of(rationality * skip),
    )


def discounted_worth(
    rewards: Float[Array, "*pairs H"], discount: float
) -> Float[Array, "*pairs"]:
    """Add a segment's rewards up as the myopic teacher does: the last ones count most.

    Args:
        rewards: of each step of the segments.
        discount: gamma in (0, 1]; step t of H weighs gamma^(H - 1 - t).

    Returns:
        Worth of each segment.

    Raises:
        ValueError: a discount out of its range.
    """
    if not 0.0 < discount <= 1.0:
        raise ValueError(f"`discount` must be in (0, 1], got {discount}.")
    age = jnp.arange(rewards.shape[-1])[::-1]
    worth: Array = rewards @ (discount**age).astype(jnp.float32)
    return worth
