"""Times that several answers share: the mean of log-normal times, and what delays it.

Of a form nobody saw how long each answer took. They are taken to vary by themselves,
so that a form of many answers varies less than one of few.

References:
    Fenton (1960), The sum of log-normal probability distributions in scatter
    transmission systems, IRE Transactions on Communications Systems 8(1), 57-67: the
    log-normal law of the same mean and variance.
"""

import math

import jax.numpy as jnp
from jax import Array
from jax.nn import log_sigmoid

# Of log seconds; expm1 of more is too coarse in float32.
_MOST_VARIANCE = 16.0
_LOG_2_PI = math.log(2.0 * math.pi)


def mean_of_several(log_sd: Array, answers: Array) -> tuple[Array, Array]:
    """Return log spread and extra mean of the log of a mean of several times.

    Of n times whose logs have standard deviation s, the mean has the variance
    log(1 + (exp(s^2) - 1) / n) of logs, and their mean.
    """
    variance = jnp.minimum(jnp.exp(2.0 * log_sd), _MOST_VARIANCE)
    left = jnp.log1p(jnp.expm1(variance) / answers)
    return 0.5 * jnp.log(left), 0.5 * (variance - left)


def follows(log_sd: Array, answers: Array) -> Array:
    """Return how far the log spread of a mean follows that of one answer's time."""
    variance = jnp.minimum(jnp.exp(2.0 * log_sd), _MOST_VARIANCE)
    left = jnp.log1p(jnp.expm1(variance) / answers)
    return variance / left * jnp.exp(variance) / (answers - 1.0 + jnp.exp(variance))


def log_late(
    lead: Array, usual: Array, log_sd: Array, mean: Array, variance: Array
) -> Array:
    """Return the log density of the log of a mean time with a delay in it.

    Args:
        lead: log of the mean time over a typical time, in which all else is told.
        usual: what it is expected to be without the delay.
        log_sd: of the log without it.
        mean: of the delay, spread over the answers.
        variance: of that.
    """
    work = jnp.exp(usual + 0.5 * jnp.exp(2.0 * log_sd))
    total = work + mean
    spread = jnp.square(work) * jnp.expm1(jnp.exp(2.0 * log_sd)) + variance
    wide = jnp.log1p(spread / jnp.square(total))
    off = lead - (jnp.log(total) - 0.5 * wide)
    return -0.5 * (jnp.square(off) / wide + jnp.log(wide) + _LOG_2_PI)


def none_or_one(logit: Array, answers: Array) -> tuple[Array, Array]:
    """Return log probabilities that none of the answers was hit, and that one was."""
    never = log_sigmoid(-logit) * answers
    return never, jnp.log(-jnp.expm1(never))
