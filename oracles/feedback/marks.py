"""Marks: mark those of these `K` groups (or words) that matter.

Every group is a choice of its own between two options, leave and mark; it is marked
when the difference of their utilities clears the person's criterion. The utility of
marking is skill times the group's reference importance, so a group one standard
deviation above the criterion is marked with probability 1 / (1 + exp(-skill)). A lapse
marks about as many groups as the person would, but any. Conflict and confidence are
means over the groups.

References:
    Green, Swets (1966), Signal detection theory and psychophysics: one criterion per
    observer on the scale of evidence.
"""

import math

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.respond import Kind, ReadOut, Realised, clarity
from oracles.utility import draw_signal, scaled_utility

_NOISE_VARIANCE = math.pi**2 / 3.0


def _systematic(params: Annotators, query: Query) -> Float[Array, "L A T"]:
    """Lay L = 2K options out: leave and mark of the first group, of the second ..."""
    worth = scaled_utility(params, query)
    pairs = jnp.stack([jnp.zeros_like(worth), worth], axis=1)
    return pairs.reshape(-1, *worth.shape[1:])


def _read(seen: Realised) -> ReadOut:
    signal = draw_signal(seen.params, seen.query)
    # A lapse has the noise but not the spread of importance to clear the bar with.
    lapsed = jnp.sqrt(_NOISE_VARIANCE / (_NOISE_VARIANCE + signal**2))
    bar = seen.params.criterion[:, None] * jnp.where(seen.is_lapse, lapsed, 1.0)
    lead = seen.utility[1::2] - seen.utility[0::2] - bar[None]
    conflict, confidence = clarity(jnp.abs(lead))
    return ReadOut(
        (lead > 0).astype(jnp.int32),
        jnp.mean(conflict, axis=0),
        jnp.mean(confidence, axis=0),
        jnp.min(jnp.abs(lead), axis=0),
    )


KIND = Kind(
    words="which groups of features matter",
    space=6,
    systematic=_systematic,
    read=_read,
    options="groups",
    answer="marks",
    recorded_as="marks",
)
