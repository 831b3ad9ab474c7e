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
from oracles.timing import draw_luck, time_answers
from oracles.utility import draw_fresh, draw_noise


class ReadOut(NamedTuple):
    """An answer read from realised utilities.

    Attributes:
        answer: `[T, A]`, or `[T, A, K]` for a ranking or marks.
        conflict: `[T, A]` log 2 at a tie, towards 0 when the answer is clear.
        confidence: `[T, A]` stated probability of being right.
    """

    answer: Int[Array, "T A"] | Int[Array, "T A K"]
    conflict: Float[Array, "T A"]
    confidence: Float[Array, "T A"]


Utilities = Callable[[Annotators, Query], Array]
Reader = Callable[[Annotators, Query, Array, Array], ReadOut]


def build_oracle(space: int, systematic: Utilities, read: Reader) -> Oracle:
    """Build the oracle of one feedback kind.

    Args:
        space: option space id; kinds that share one share what people see in an item.
        systematic: utilities of the options without noise, `[T, A, K]`.
        read: read-out of realised utilities, from the crowd, the questions, the
            utilities and which answers are lapses.

    Returns:
        The oracle; nothing swept is closed over.
    """

    def answer(
        key: PRNGKeyArray, params: Annotators, state: AnnotatorState, query: Query
    ) -> tuple[AnnotatorState, Response]:
        worth = systematic(params, query)
        luck = draw_luck(key, space, params, query)
        # The noise is that of the options a kind lays out, not of those it is given.
        laid_out = query._replace(utility=worth)
        fresh = draw_fresh(key, space, params, laid_out)
        judged = worth + draw_noise(key, space, params, laid_out, fresh)
        # A lapse answers without signal and without anything that persists.
        is_lapse = luck.is_lapse
        realised = jnp.where(is_lapse[:, :, None], fresh, judged)
        read_out = read(params, query, realised, is_lapse)
        residual, seconds = time_answers(params, state, query, luck, read_out.conflict)
        is_asked = query.is_asked
        given = is_asked if read_out.answer.ndim == 2 else is_asked[:, :, None]
        response = Response(
            answer=jnp.where(given, read_out.answer, -1),
            is_answered=is_asked,
            seconds=seconds,
            confidence=jnp.where(is_asked, read_out.confidence, 0.0),
        )
        return _advance(state, residual, response), response

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


def _advance(
    state: AnnotatorState, residual: Float[Array, "A"], response: Response
) -> AnnotatorState:
    is_done: Bool[Array, "T A"] = response.is_answered
    position = jnp.where(is_done, jnp.arange(is_done.shape[0])[:, None], -1)
    last = jnp.max(position, axis=0)
    answer = response.answer
    first = answer if answer.ndim == 2 else answer[:, :, 0]
    at_last = jnp.take_along_axis(first, jnp.maximum(last, 0)[None, :], axis=0)[0]
    return AnnotatorState(
        trials=state.trials + jnp.sum(is_done, axis=0, dtype=state.trials.dtype),
        time_s=state.time_s + jnp.sum(response.seconds, axis=0),
        last_residual=residual,
        last_answer=jnp.where(last >= 0, at_last, state.last_answer),
    )
