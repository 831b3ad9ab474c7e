"""What the features of an item tell people: errors that a network can learn, and pains.

Noise hashed from an item's id averages out in training. Errors that features predict do
not: people who take slanted sevens for ones do so on every slanted seven, and so does a
network that learns from them. `item_evidence` supplies such errors as the utility
`e[i, k]` of option k, a smooth function of the features of item i, redrawn with the
crowd; `margin_difficulty` makes hard for people what is hard for a model.

References:
    Rahimi, Recht (2007), Random features for large-scale kernel machines, NeurIPS 20:
    sums of random waves that are draws of a Gaussian process.
    Zhang, Zheng, Wu, Goswami, Chen (2021), Learning with feature-dependent label noise,
    ICLR: label noise as a function of a model's margin.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from oracles.hashing import Role, draw_words, seed_streams, to_normal
from oracles.population import Population
from oracles.respond import Kind

NUM_WAVES = 128
"""Waves in the sum: enough that it is near normal; assumed."""


class Perception(NamedTuple):
    """What people see in N items beside their classes; None where that is nothing.

    Attributes:
        utility: `[N, K]` what the features say for each option.
        difficulty: `[N]` what the items cost, utility.
    """

    utility: Float[Array, "N K"] | None = None
    difficulty: Float[Array, "N"] | None = None


def perceive(
    key: PRNGKeyArray,
    kind: Kind,
    population: Population,
    features: Float[Array, "N D"],
    truth: Int[Array, "N"],
    has_class: Bool[Array, "N"],
    num_classes: int,
) -> Perception:
    """Let a crowd look at items, where features or a model say anything to it.

    Nobody is right or wrong about an item without a class (`has_class`).
    """
    if not kind.is_of_class:
        return Perception()
    seen, num_options = Perception(), kind.num_options(num_classes, 0)
    # two options of a kind's own are there for every item
    is_counted = has_class if kind.options == "classes" else jnp.ones_like(has_class)
    if population.evidence is not None:
        drawn = item_evidence(key, kind.space, features, is_counted, num_options)
        seen = seen._replace(utility=jnp.asarray(population.evidence) * drawn)
    if population.model_difficulty is not None:
        hard = margin_difficulty(features, truth, is_counted, num_classes)
        cost = jnp.asarray(population.model_difficulty)
        seen = seen._replace(difficulty=cost * hard)
    return seen


def item_evidence(
    key: PRNGKeyArray,
    space: int,
    features: Float[Array, "N D"],
    is_counted: Bool[Array, "N"],
    num_options: int,
) -> Float[Array, "N K"]:
    """Draw what the features of each item say for each option.

    All people of a crowd see the same: the key is the crowd's. Over the counted items
    each option has mean 0 and standard deviation 1; options are independent.

    A draw of a Gaussian process with squared exponential kernel; its length is the root
    of the features' total variance, so that two items as far apart as items are on
    average correlate about e^-1. It does not depend on the features' scale or rotation.
    """
    (stream,) = seed_streams(key, space, Role.EVIDENCE)
    wave = jnp.arange(NUM_WAVES)[None, :]
    columns = jnp.arange(features.shape[1])[:, None]
    frequency = to_normal(draw_words(stream, columns, wave, 0, 0)[0])
    options = jnp.arange(num_options)[:, None]
    sine, cosine, *_ = draw_words(stream, options, wave, 0, 1)
    centred = features - _mean(features, is_counted)[None, :]
    variance = jnp.sum(_mean(jnp.square(centred), is_counted))
    phase = (centred / jnp.sqrt(jnp.maximum(variance, 1e-12))) @ frequency
    raw = jnp.sin(phase) @ to_normal(sine).T + jnp.cos(phase) @ to_normal(cosine).T
    lead = raw - _mean(raw, is_counted)[None, :]
    scale = jnp.sqrt(jnp.maximum(_mean(jnp.square(lead), is_counted), 1e-12))
    return lead / scale[None, :]


def margin_difficulty(
    features: Float[Array, "N D"],
    truth: Int[Array, "N"],
    is_counted: Bool[Array, "N"],
    num_classes: int,
) -> Float[Array, "N"]:
    """Say how hard each item is for a model of class means.

    The margin of an item is its squared distance to the nearest mean of another class
    less that to the mean of its own. Difficulty is minus its normal score, so that over
    the counted items it is standard normal whatever the features.
    """
    belongs = jax.nn.one_hot(truth, num_classes) * is_counted[:, None]
    size = jnp.maximum(jnp.sum(belongs, axis=0), 1.0)
    means = (belongs.T @ features) / size[:, None]
    distance = jnp.sum(jnp.square(means), axis=1)[None, :] - 2.0 * features @ means.T
    is_own = jax.nn.one_hot(truth, num_classes, dtype=bool)
    own = jnp.sum(jnp.where(is_own, distance, 0.0), axis=1)
    other = jnp.min(jnp.where(is_own, jnp.inf, distance), axis=1)
    return -_normal_scores(other - own, is_counted)


def _mean(values: Float[Array, "N D"], is_counted: Bool[Array, "N"]) -> Array:
    weight = is_counted.astype(values.dtype)
    return weight @ values / jnp.maximum(jnp.sum(weight), 1.0)


def _normal_scores(
    values: Float[Array, "N"], is_counted: Bool[Array, "N"]
) -> Float[Array, "N"]:
    """Replace values by the normal quantiles of their ranks among the counted."""
    order = jnp.argsort(jnp.where(is_counted, values, jnp.inf))
    rank = jnp.zeros(values.shape[0]).at[order].set(jnp.arange(values.shape[0]) + 0.5)
    share = rank / jnp.maximum(jnp.sum(is_counted), 1)
    return jnp.where(is_counted, jax.scipy.special.ndtri(share), 0.0)
