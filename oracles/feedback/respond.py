"""What every kind of feedback shares: noise, lapses, times and state.

A kind supplies two things: the systematic utilities of its options, and a read-out
that turns realised utilities into an answer. In a lapse the realised utilities are
fresh noise alone, and the read-out is told.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from oracles.annotators import (
    Annotators,
    AnnotatorState,
    check_annotators,
    init_annotators,
)
from oracles.contract import Oracle, Query, Response
from oracles.lesson import added_lessons, learn
from oracles.timing import draw_luck, time_answers
from oracles.utility import choose, draw_fresh, draw_noise
from oracles.vigor import added_load, tire


class ReadOut(NamedTuple):
    """An answer read from realised utilities.

    Attributes:
        answer: `[T, A]`, or `[T, A, K]` for a ranking or marks.
        conflict: `[T, A]` log 2 at a tie, towards 0 when the answer is clear.
        confidence: `[T, A]` stated probability of being right.
        margin: `[T, A]` change of utility that could turn the answer into another, >=
            0; of several choices the smallest.
    """

    answer: Int[Array, "T A"] | Int[Array, "T A K"]
    conflict: Float[Array, "T A"]
    confidence: Float[Array, "T A"]
    margin: Float[Array, "T A"]


Utilities = Callable[[Annotators, Query], Array]
Reader = Callable[[Annotators, Query, Array, Array], ReadOut]


def build_oracle(
    space: int, systematic: Utilities, read: Reader, *, has_habit: bool = False
) -> Oracle:
    """Build the oracle of one feedback kind.

    Args:
        space: option space id; kinds that share one share what people see in an item.
        systematic: utilities of the options without noise, `[T, A, K]`.
        read: read-out of realised utilities, from the crowd, the questions, the
            utilities and which answers are lapses.
        has_habit: whether the previous answer may gain utility; the answer of such a
            kind is its best option.

    Returns:
        The oracle; nothing swept is closed over.
    """

    def answer(
        key: PRNGKeyArray, params: Annotators, state: AnnotatorState, query: Query
    ) -> tuple[AnnotatorState, Response]:
        query = tire(params, state, learn(params, state, query))
        worth = systematic(params, query)
        luck = draw_luck(key, space, params, query)
        # The noise is that of the options a kind lays out, not of those it is given.
        laid_out = query._replace(utility=worth)
        fresh = draw_fresh(key, space, params, laid_out)
        judged = worth + draw_noise(key, space, params, laid_out, fresh)
        # A lapse answers without signal and without anything that persists.
        is_lapse = luck.is_lapse
        guess = jnp.zeros((1, 1, 1))
        if params.guess is not None:
            guess = jnp.log(params.guess)[None, :, :]
        realised = jnp.where(is_lapse[:, :, None], guess + fresh, judged)
        is_open = query.is_asked & ~_is_too_low(params, worth, is_lapse)
        if has_habit and params.habit is not None:
            realised = realised + _habit(params, state, realised, is_open, is_lapse)
        read_out = read(params, query, realised, is_lapse)
        is_given = is_open & ~_is_too_close(params, read_out.margin, is_lapse)
        residual, seconds = time_answers(params, state, query, luck, read_out.conflict)
        given = is_given if read_out.answer.ndim == 2 else is_given[:, :, None]
        response = Response(
            answer=jnp.where(given, read_out.answer, -1),
            is_answered=is_given,
            seconds=seconds,
            confidence=jnp.where(is_given, read_out.confidence, 0.0),
        )
        load = state.load_s + jnp.sum(added_load(params, query), axis=0)
        after = _advance(state, residual, query, response)
        return after._replace(load_s=load), response

    return Oracle(check=check_annotators, init=init_annotators, answer=answer)


def clarity(margin: Float[Array, "*shape"]) -> tuple[Array, Array]:
    """Turn margins into conflict and stated confidence.

    Confidence is the logistic of the margin, a softmax between the two best options. It
    is assumed; like people's it is too high at the top (in cifar10s a stated 100 % was
    right 95 % of the time), because the margin holds noise that the person cannot see.

    Args:
        margin: realised margins, >= 0.

    Returns:
        log(1 + exp(-margin)) and 1 / (1 + exp(-margin)).
    """
    return jax.nn.softplus(-margin), jax.nn.sigmoid(margin)


def _is_too_low(
    params: Annotators, worth: Float[Array, "T A K"], is_lapse: Bool[Array, "T A"]
) -> Bool[Array, "T A"]:
    """Say where no option is worth an answer; whoever guesses does not ask.

    References:
        Lee, Smith, Dragan, Abbeel (2021), B-Pref: benchmarking preference-based
        reinforcement learning, NeurIPS datasets and benchmarks: the skipping teacher.
    """
    if params.skip_level is None:
        return jnp.zeros_like(is_lapse)
    return (jnp.max(worth, axis=-1) < params.skip_level[None, :]) & ~is_lapse


def _is_too_close(
    params: Annotators, margin: Float[Array, "T A"], is_lapse: Bool[Array, "T A"]
) -> Bool[Array, "T A"]:
    """Say where an answer would stand by too little; whoever guesses does not ask.

    References:
        Chow (1970), On optimum recognition error and reject tradeoff, IEEE Transactions
        on Information Theory 16(1): reject where the best is not clear of the rest.
    """
    if params.skip_margin is None:
        return jnp.zeros_like(is_lapse)
    return (margin < params.skip_margin[None, :]) & ~is_lapse


def _habit(
    params: Annotators,
    state: AnnotatorState,
    utility: Float[Array, "T A K"],
    is_open: Bool[Array, "T A"],
    is_lapse: Bool[Array, "T A"],
) -> Float[Array, "T A K"]:
    """Return what every option gains from having been the previous answer."""
    options = jnp.arange(utility.shape[-1])[None, :]
    habit = jnp.zeros_like(params.skill) if params.habit is None else params.habit

    def gain(last: Array, is_guess: Array) -> Float[Array, "A K"]:
        is_last = (options == last[:, None]) & ~is_guess[:, None]
        return jnp.where(is_last, habit[:, None], 0.0)

    def step(last: Array, xs: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        utility_now, is_open_now, is_guess = xs
        gained = gain(last, is_guess)
        choice, margin = choose((utility_now + gained)[None])
        is_close = _is_too_close(params, margin, is_guess[None])[0]
        is_given = is_open_now & ~is_close
        return jnp.where(is_given, choice[0], last).astype(last.dtype), gained

    return jax.lax.scan(step, state.last_answer, (utility, is_open, is_lapse))[1]


def _advance(
    state: AnnotatorState,
    residual: Float[Array, "A"],
    query: Query,
    response: Response,
) -> AnnotatorState:
    is_done: Bool[Array, "T A"] = response.is_answered
    position = jnp.where(is_done, jnp.arange(is_done.shape[0])[:, None], -1)
    last = jnp.max(position, axis=0)
    answer = response.answer
    first = answer if answer.ndim == 2 else answer[:, :, 0]
    at_last = jnp.take_along_axis(first, jnp.maximum(last, 0)[None, :], axis=0)[0]
    return AnnotatorState(
        trials=state.trials + jnp.sum(query.is_asked, axis=0, dtype=state.trials.dtype),
        time_s=state.time_s + jnp.sum(response.seconds, axis=0),
        last_residual=residual,
        last_answer=jnp.where(last >= 0, at_last, state.last_answer),
        load_s=state.load_s,
        lessons=state.lessons + added_lessons(query),
    )
