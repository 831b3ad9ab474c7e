"""Response times, and the vigor that time on task takes away.

```
ln T = pace + practice(trials) + conflict * c + length * ln(size) + r_t + spread * z
r_t  = memory * r_(t-1) + sqrt(1 - memory^2) * drift * z'
```
Where people have a skew `a`, `z` is `a g + sqrt(1 - a^2) z`, g a Gumbel variable of
variance 1 and median 0: people are rarely much quicker than they usually are, and often
much slower. `c` is the conflict of the read-out, log(1 + exp(-M)) for a choice of
margin M, so errors (small margins) come out slow without being told apart. A lapse
skips reading and weighing: no conflict, no length, a third of the time, or the share
of it that people have as `lapse_time`. A pause adds at
least ten times the person's typical seconds. A wait, where people have them, adds
exponentially more. Caution, where people have it, adds to log seconds.

Vigor is what time on task, rest and caution do to the strength of the signal:

```
signal = discrimination * (skill + learnt - difficulty) * vigor * exp(caution)
vigor  = 1 - fatigue * (1 - exp(-load / fatigue_s))
learnt = learning * log10((1 + trials) / 10)
```
Load grows by the person's typical seconds with every question, so it needs no scan and
a queue cut in two tires like the whole. People without
these parameters do not tire: in short paid sessions accuracy is flat.

References:
    van der Linden (2006), A lognormal model for response times on test items, Journal
    of Educational and Behavioral Statistics 31(2), 181-204.
    Newell, Rosenbloom (1981), Mechanisms of skill acquisition and the law of practice:
    a power law that approaches an asymptote.
    Mackworth (1948), The breakdown of vigilance during prolonged visual search,
    Quarterly Journal of Experimental Psychology 1, 6-21: decline towards a floor.
    Ratcliff, Rouder (1998), Modeling response times for two-choice decisions,
    Psychological Science 9(5), 347-356: caution as the width between boundaries, to
    which the log odds of a right answer are proportional.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray, UInt32

from oracles.annotators import Annotators, AnnotatorState
from oracles.contract import Query
from oracles.hashing import (
    Role,
    Words,
    draw_words,
    log,
    seed_streams,
    to_exponential,
    to_normal,
    to_uniform,
)

# Answers under a third of a person's median count as rushed, over ten times as paused:
# the cuts at which cifar10s (Collins, Bhatt, Weller 2022) and other recorded sets were
# counted. There pauses average 19.4 medians, as 10 * (1 + Exp(1)) does.
LAPSE_LOG_TIME = -math.log(3.0)
PAUSE_FACTOR = 10.0

# Typical times that a wait adds on average; assumed, between what is slow work and the
# cut at which a pause is counted.
WAIT_FACTOR = 4.0

GUMBEL_SD = math.pi / math.sqrt(6.0)
LOG_LOG_2 = math.log(math.log(2.0))

# Log seconds per log factor of caution: the people of Ratcliff and Rouder (1998), asked
# for speed and for accuracy, had boundaries of .65 to .81 against 1.6 to 1.95 and took
# .32 to .35 s against .52 to .81 s; log ratios of the middles are .66 over .89.
CAUTION_TIME = 0.74

# Questions after which a person is as skilled as the crowd's numbers say: about the
# middle, on a log scale, of the work of people in recorded sets.
LEARNING_TRIALS = 10.0


class Luck(NamedTuple):
    """Chance events of one question, each `[A, T]`.

    Attributes:
        is_lapse: whether the answer is a quick guess.
        noise: standard normal, the unexplained part of log seconds.
        innovation: standard normal, what is new in the slow part.
        is_pause: whether the person is interrupted.
        pause_length: standard exponential, length of the interruption.
        tail: Gumbel of variance 1 and median 0; None where nobody has a skew.
        wait: what a wait adds, typical times, 0 without; None where nobody waits.
    """

    is_lapse: Bool[Array, "A T"]
    noise: Float[Array, "A T"]
    innovation: Float[Array, "A T"]
    is_pause: Bool[Array, "A T"]
    pause_length: Float[Array, "A T"]
    tail: Float[Array, "A T"] | None = None
    wait: Float[Array, "A T"] | None = None


def draw_luck(key: PRNGKeyArray, space: int, params: Annotators, query: Query) -> Luck:
    """Draw the chance events of every question from its ids.

    All are independent.
    """
    occasion = 0 if query.occasion is None else query.occasion
    ids = (query.item, 0, params.id[:, None], occasion)
    trial, pause = (
        draw_words(stream, *ids)
        for stream in seed_streams(key, space, Role.TRIAL, Role.PAUSE)
    )
    return Luck(
        is_lapse=to_uniform(trial[0]) < params.lapse[:, None],
        noise=to_normal(trial[1]),
        innovation=to_normal(trial[2]),
        is_pause=to_uniform(pause[0]) < params.pause[:, None],
        pause_length=to_exponential(pause[1]),
        tail=_to_gumbel(trial[3]) if "skew" in params.extra else None,
        wait=_to_wait(params, pause) if "wait" in params.extra else None,
    )


def _to_wait(params: Annotators, words: Words) -> Float[Array, "A T"]:
    is_wait = to_uniform(words[2]) < params.extra["wait"][:, None]
    return jnp.where(is_wait, WAIT_FACTOR * to_exponential(words[3]), 0.0)


def _to_gumbel(word: UInt32[Array, "A T"]) -> Float[Array, "A T"]:
    """Map words to Gumbel variables of variance 1 and median 0."""
    return -(log(to_exponential(word)) - LOG_LOG_2) / GUMBEL_SD


def _noise(params: Annotators, luck: Luck) -> Float[Array, "A T"]:
    """Return the unexplained part of log seconds, of variance 1."""
    if luck.tail is None:
        return luck.noise
    skew = params.extra["skew"][:, None]
    return skew * luck.tail + jnp.sqrt(1.0 - skew**2) * luck.noise


def _log_lapse_time(params: Annotators) -> Float[Array, "A 1"] | float:
    if "lapse_time" not in params.extra:
        return LAPSE_LOG_TIME
    return log(params.extra["lapse_time"])[:, None]


def time_answers(
    params: Annotators,
    state: AnnotatorState,
    query: Query,
    luck: Luck,
    conflict: Float[Array, "A T"],
) -> tuple[Float[Array, "A"], Float[Array, "A T"]]:
    """Time a queue of answers.

    Luck is from `draw_luck`; conflict is log 2 at a tie and 0 when clear. The slow
    residual after the queue and seconds come back, 0 where not asked.
    """
    last_residual, residual = _drift(params, state, luck, query.is_asked)
    trials = state.trials[:, None] + count_before(query.is_asked)
    vanished = jnp.exp(-params.practice_power[:, None] * jnp.log1p(trials))
    length = jnp.log(jnp.where(query.is_asked, query.size, 1.0))
    weighing = (
        params.conflict[:, None] * conflict + params.length[:, None] * length + residual
    )
    if "caution" in params.extra:
        weighing = weighing + CAUTION_TIME * params.extra["caution"][:, None]
    log_seconds = (
        params.pace[:, None]
        + jnp.log1p(params.practice[:, None] * vanished)
        + jnp.where(luck.is_lapse, _log_lapse_time(params), weighing)
        + params.spread[:, None] * _noise(params, luck)
    )
    pause = PAUSE_FACTOR * (1.0 + luck.pause_length) * jnp.exp(params.pace)[:, None]
    seconds = jnp.exp(log_seconds) + jnp.where(luck.is_pause, pause, 0.0)
    if luck.wait is not None:
        seconds = seconds + luck.wait * jnp.exp(params.pace)[:, None]
    return last_residual, jnp.where(query.is_asked, seconds, 0.0)


def count_before(is_asked: Bool[Array, "A T"]) -> Int[Array, "A T"]:
    """Count the questions that each person was asked earlier in the queue.

    A scan costs a hundredth of what the logarithmic depth of `jnp.cumsum` does.
    """

    def step(count: Array, is_asked_now: Array) -> tuple[Array, Array]:
        return count + is_asked_now, count

    none_yet = jnp.zeros(is_asked.shape[:1], jnp.int32)
    return jax.lax.scan(step, none_yet, is_asked.T)[1].T


def _drift(
    params: Annotators, state: AnnotatorState, luck: Luck, is_asked: Bool[Array, "A T"]
) -> tuple[Float[Array, "A"], Float[Array, "A T"]]:
    """Run the AR(1) part of log seconds over the questions that are asked."""
    scale = jnp.sqrt(1.0 - params.memory**2) * params.drift

    def step(
        residual: Array, xs: tuple[Array, Array]
    ) -> tuple[Float[Array, "A"], Float[Array, "A"]]:
        is_asked_now, shock = xs
        moved = jnp.where(is_asked_now, params.memory * residual + shock, residual)
        return moved, moved

    shocks = scale[:, None] * luck.innovation
    queue = (is_asked.T, shocks.T)
    last, residual = jax.lax.scan(step, state.last_residual, queue)
    return last, residual.T


def move_signal(params: Annotators, state: AnnotatorState, query: Query) -> Query:
    """Move the signal of a queue of questions by learning, vigor and caution."""
    strength, extra = query.discrimination, params.extra
    if "learning" in extra:
        trials = state.trials[:, None] + count_before(query.is_asked)
        practised = jnp.log10((1.0 + trials) / LEARNING_TRIALS)
        gained = extra["learning"][:, None] * practised
        query = query._replace(difficulty=query.difficulty - gained)
    if "caution" in extra:
        strength = strength * jnp.exp(extra["caution"])[:, None]
    if "fatigue" in extra:
        before = jnp.exp(params.pace)[:, None] * count_before(query.is_asked)
        load = state.load_s[:, None] + before
        lost = -jnp.expm1(-load / extra["fatigue_s"][:, None])
        strength = strength * (1.0 - extra["fatigue"][:, None] * lost)
    return query._replace(discrimination=strength)
