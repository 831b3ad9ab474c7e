"""Importance: rank these `K` groups of features, best first.

The utility of a group is skill times its reference importance, so the ranking is
Plackett-Luce: of two groups one standard deviation apart the better one stands first
with probability 1 / (1 + exp(-skill)). The conflict of a ranking is the mean over its
neighbouring pairs, and so is its confidence.
"""

import jax.numpy as jnp

from oracles.respond import Kind, ReadOut, Realised, clarity
from oracles.utility import rank, scaled_utility


def _read(seen: Realised) -> ReadOut:
    order, gaps = rank(seen.utility)
    conflict, confidence = clarity(gaps)
    return ReadOut(
        order,
        jnp.mean(conflict, axis=0),
        jnp.mean(confidence, axis=0),
        jnp.min(gaps, axis=0),
    )


KIND = Kind(
    words="how groups of features rank",
    space=3,
    systematic=scaled_utility,
    read=_read,
    options="groups",
    answer="ranking",
)
IMPORTANCE = KIND.oracle
