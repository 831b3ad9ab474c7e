"""People without any bias, and one-coin people of the literature."""

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from oracles.annotators import Annotators


def plain_annotators(num_annotators: int) -> Annotators:
    """Build people without any bias: no skill, no lapse, a second per question.

    Args:
        num_annotators: number of people A.

    Returns:
        The people, with ids from 0.
    """
    none, one = jnp.zeros(num_annotators), jnp.ones(num_annotators)
    return Annotators(
        id=jnp.arange(num_annotators, dtype=jnp.int32),
        skill=none,
        own=one,
        lapse=none,
        pace=none,
        practice=none,
        practice_power=one,
        conflict=none,
        length=none,
        drift=none,
        memory=none,
        spread=none,
        pause=none,
        band=none,
        criterion=none,
        shared=jnp.float32(1.0),
    )


def symmetric(accuracy: ArrayLike, num_options: int) -> Annotators:
    """Build one-coin people: right with p, else evenly wrong. Exact, for label.

    Args:
        accuracy: `[A]` p in [0, 1] of each person; 0 and 1 count as e^-60 from it.
        num_options: number of classes K >= 2.

    Raises:
        ValueError: an accuracy outside [0, 1].

    References:
        Natarajan, Dhillon, Ravikumar, Tewari (2013), Learning with noisy labels,
        NeurIPS 26.
    """
    right = np.asarray(accuracy, float)
    bad = ~((right >= 0.0) & (right <= 1.0))
    if bad.any():
        raise ValueError(f"`accuracy` must be in [0, 1], got {right[bad].flat[0]:g}.")
    floor = np.exp(-60.0)
    odds = np.log(np.maximum(right, floor)) - np.log(np.maximum(1.0 - right, floor))
    skill = jnp.asarray(odds + np.log(num_options - 1.0), jnp.float32)
    return plain_annotators(right.size)._replace(skill=skill)
