"""Difficulty: how hard is this item, on five levels from 0 easy to 4 hard?

Two options, 0 easy and 1 hard, and an ordered read-out of the difference of their
utilities. Its thresholds are the fifths of a normal variable with the variance that
signal and noise together have over items of standardised difficulty, so that a person
uses all levels about equally often whatever the skill, and a perfect one names the
fifth that an item belongs to.

Conflict is that between easy and hard: answers near the middle are the slow ones, as on
rating scales.

References:
    McCullagh (1980), Regression models for ordinal data, JRSS B 42(2), 109-142.
    Parducci (1965), Category judgment: a range-frequency model, Psychological Review
    72(6), 407-418: that raters use categories equally often.
    Akrami, Hedlund, Ekehammar (2007), Personality scale response latencies as
    self-schema indicators: the inverted-U effect revisited, Personality and Individual
    Differences 43(3), 611-618.
"""

import math

import jax.numpy as jnp

from oracles.respond import Kind, ReadOut, Realised, clarity
from oracles.utility import draw_signal, scaled_utility

NUM_LEVELS = 5

# Quantiles of the standard normal at 1/5 ... 4/5, and the variance of a logistic.
CUTS = (-0.8416212, -0.2533471, 0.2533471, 0.8416212)
"""Where the fifths of a standard normal variable begin."""
_NOISE_VARIANCE = math.pi**2 / 3.0


def _read(seen: Realised) -> ReadOut:
    lead = seen.utility[1] - seen.utility[0]
    signal = jnp.where(seen.is_lapse, 0.0, draw_signal(seen.params, seen.query))
    scale = jnp.sqrt(signal**2 + _NOISE_VARIANCE)
    cuts = scale[None] * jnp.asarray(CUTS)[:, None, None]
    level = jnp.sum(lead[None] > cuts, axis=0)
    return ReadOut(level, *clarity(jnp.abs(lead)), jnp.abs(lead))


KIND = Kind(
    words="how hard an item is",
    space=5,
    systematic=scaled_utility,
    read=_read,
    options="pair",
)
