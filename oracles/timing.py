"""Response times: how long a person takes over a question.

```
ln T = pace + practice(trials) + conflict * c + length * ln(size) + r_t + spread * z
r_t  = memory * r_(t-1) + sqrt(1 - memory^2) * drift * z'
```
`c` is the conflict of the read-out, log(1 + exp(-M)) for a choice of margin M, so
errors (small margins) come out slow without being told apart. A lapse skips reading
and weighing: no conflict, no length, a third of the time. A pause adds at least ten
times the person's typical seconds. Caution, where people have it, adds to log seconds.

References:
    van der Linden (2006), A lognormal model for response times on test items, Journal
    of Educational and Behavioral Statistics 31(2), 181-204.
    Newell, Rosenbloom (1981), Mechanisms of skill acquisition and the law of practice:
    a power law that approaches an asymptote.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, PRNGKeyArray

from oracles.annotators import Annotators, AnnotatorState
from oracles.contract import Query
from oracles.hashing import Role, draw_words, seed_stream, to_normal, to_uniform

# Answers under a third of a person's median count as rushed, over ten times as paused:
# the cuts at which cifar10s (Collins, Bhatt, Weller 2022) and other recorded sets were
# counted. There pauses average 19.4 medians, as 10 * (1 + Exp(1)) does.
LAPSE_LOG_TIME = -math.log(3.0)
PAUSE_FACTOR = 10.0

# Log seconds per log factor of caution: the people of Ratcliff and Rouder (1998), asked
# for speed and for accuracy, had boundaries of .65 to .81 against 1.6 to 1.95 and took
# .32 to .35 s against .52 to .81 s; log ratios of the middles are .66 over .89.
CAUTION_TIME = 0.74


class Luck(NamedTuple):
    """Chance events of one question, each `[T, A]`.

    Attributes:
        is_lapse: whether the answer is a quick guess.
        noise: standard normal, the unexplained part of log seconds.
        innovation: standard normal, what is new in the slow part.
        is_pause: whether the person is interrupted.
        pause_length: standard exponential, length of the interruption.
    """

    is_lapse: Bool[Array, "T A"]
    noise: Float[Array, "T A"]
    innovation: Float[Array, "T A"]
    is_pause: Bool[Array, "T A"]
    pause_length: Float[Array, "T A"]


def draw_luck(key: PRNGKeyArray, space: int, params: Annotators, query: Query) -> Luck:
    """Draw the chance events of every question from its ids.

    Args:
        key: the crowd's key.
        space: option space id.
        params: the crowd.
        query: the questions.

    Returns:
        The events, all independent.
    """
    ids = (query.item, 0, params.id[None, :], query.occasion)
    trial = draw_words(seed_stream(key, space, Role.TRIAL), *ids)
    pause = draw_words(seed_stream(key, space, Role.PAUSE), *ids)
    return Luck(
        is_lapse=to_uniform(trial[0]) < params.lapse[None, :],
        noise=to_normal(trial[1]),
        innovation=to_normal(trial[2]),
        is_pause=to_uniform(pause[0]) < params.pause[None, :],
        pause_length=-jnp.log(to_uniform(pause[1])),
    )


def time_answers(
    params: Annotators,
    state: AnnotatorState,
    query: Query,
    luck: Luck,
    conflict: Float[Array, "T A"],
) -> tuple[Float[Array, "A"], Float[Array, "T A"]]:
    """Time a queue of answers.

    Args:
        params: the crowd.
        state: where each person stands before the queue.
        query: the questions.
        luck: from `draw_luck`.
        conflict: `[T, A]` conflict of each answer, log 2 at a tie and 0 when clear.

    Returns:
        `[A]` slow residual after the queue, and `[T, A]` seconds, 0 where not asked.
    """
    last_residual, residual = _drift(params, state, luck, query.is_asked)
    asked = query.is_asked.astype(jnp.int32)
    trials = state.trials[None, :] + jnp.cumsum(asked, axis=0) - asked
    vanished = (1.0 + trials) ** -params.practice_power[None, :]
    length = jnp.log(jnp.where(query.is_asked, query.size, 1.0))
    weighing = (
        params.conflict[None, :] * conflict + params.length[None, :] * length + residual
    )
    if params.caution is not None:
        weighing = weighing + CAUTION_TIME * params.caution[None, :]
    log_seconds = (
        params.pace[None, :]
        + jnp.log1p(params.practice[None, :] * vanished)
        + jnp.where(luck.is_lapse, LAPSE_LOG_TIME, weighing)
        + params.spread[None, :] * luck.noise
    )
    pause = PAUSE_FACTOR * (1.0 + luck.pause_length) * jnp.exp(params.pace)[None, :]
    seconds = jnp.exp(log_seconds) + jnp.where(luck.is_pause, pause, 0.0)
    return last_residual, jnp.where(query.is_asked, seconds, 0.0)


def _drift(
    params: Annotators,
    state: AnnotatorState,
    luck: Luck,
    is_asked: Bool[Array, "T A"],
) -> tuple[Float[Array, "A"], Float[Array, "T A"]]:
    """Run the AR(1) part of log seconds over the questions that are asked."""
    scale = jnp.sqrt(1.0 - params.memory**2) * params.drift

    def step(
        residual: Array, xs: tuple[Array, Array]
    ) -> tuple[Float[Array, "A"], Float[Array, "A"]]:
        is_asked_now, shock = xs
        moved = jnp.where(is_asked_now, params.memory * residual + shock, residual)
        return moved, moved

    shocks = scale[None, :] * luck.innovation
    return jax.lax.scan(step, state.last_residual, (is_asked, shocks))
