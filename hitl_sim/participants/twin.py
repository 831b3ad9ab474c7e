"""People and items drawn from a fit, to be asked by an oracle."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.ask import Items
from hitl_sim.participants.quality_model import (
    Quality,
    Shape,
    confusion_matrix,
    leanings,
)
from hitl_sim.participants.record import Floats
from oracles import Annotators
from oracles.literature import plain_annotators


def build_people(
    shape: Shape, quality: Quality, skill: Floats, lean: Floats, own: float = 1.0
) -> Annotators:
    """Build the people of an oracle from fitted numbers.

    Args:
        shape: of the data they were fitted to.
        quality: numbers of the crowd.
        skill: `[A]` skill of each.
        lean: `[A, J]` leanings of each.
        own: lambda_own.

    Returns:
        The people; their times are a second a question.
    """
    people = plain_annotators(skill.size)
    people = people._replace(
        skill=_leaf(skill),
        own=jnp.full(skill.size, own, jnp.float32),
        lapse=jnp.full(skill.size, jax.nn.sigmoid(quality.lapse)),
        shared=jax.nn.sigmoid(quality.shared),
    )
    if shape.kind != LABEL:
        return people
    by_all = confusion_matrix(shape, quality.confusion)[None]
    return people._replace(confusion=by_all + leanings(shape, lean)[:, None, :])


def draw_items(
    rng: np.random.Generator, shape: Shape, quality: Quality, num_items: int
) -> Items:
    """Draw the difficulty of items; what all see in them the oracle draws itself."""
    difficulty = np.zeros(num_items)
    if shape.has_difficulty:
        difficulty = np.exp(float(quality.difficulty)) * rng.standard_normal(num_items)
    return Items(
        difficulty=difficulty,
        discrimination=np.ones(num_items),
        utility=np.zeros((num_items, shape.num_options)),
    )


def _leaf(values: ArrayLike) -> Array:
    return jnp.asarray(values, jnp.float32)
