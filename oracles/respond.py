"""What every kind of feedback shares: noise, lapses, times and state.

A kind supplies two things: the systematic utilities of its options, and a read-out
that turns realised utilities into an answer. In a lapse the realised utilities are
fresh noise alone, and the read-out is told.

Within an oracle all axes are reversed, `[K, A, T]`: loops then run along the questions,
of which there are many, and not along the options.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

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
from oracles.timing import draw_luck, move_signal, time_answers
from oracles.utility import choose, harden, realise


class ReadOut(NamedTuple):
    """An answer read from realised utilities.

    Attributes:
        answer: `[A, T]`, or `[K, A, T]` for a ranking or marks; floats for numbers.
        conflict: `[A, T]` log 2 at a tie, towards 0 when the answer is clear.
        confidence: `[A, T]` stated probability of being right.
        margin: `[A, T]` change of utility that could turn the answer into another, >=
            0; of several choices the smallest.
    """

    answer: Int[Array, "A T"] | Int[Array, "K A T"] | Float[Array, "A T"]
    conflict: Float[Array, "A T"]
    confidence: Float[Array, "A T"]
    margin: Float[Array, "A T"]


class Realised(NamedTuple):
    """What an answer is read from.

    Attributes:
        params: the crowd.
        query: the questions, axes reversed.
        utility: `[K, A, T]` realised utilities of the options that the kind lays out.
        is_lapse: `[A, T]` which answers are lapses.
    """

    params: Annotators
    query: Query
    utility: Float[Array, "K A T"]
    is_lapse: Bool[Array, "A T"]


@dataclass(frozen=True)
class Kind:
    """A kind of feedback: how it is answered, and what its questions are about.

    Attributes:
        words: what is asked, in words.
        space: option space id; kinds that share one share what people see in an item.
        systematic: utilities of the options without noise, `[K, A, T]`.
        read: read-out of realised utilities.
        options: what the options are: the "classes" of an item, the "groups" of
            features, or a "pair" of the kind's own.
        answer: an "option" or level, "marks" of options, a "ranking" of them, or a
            "number", which alone is no whole one.
        is_of_class: whether the right option is a class, or a pair that follows from
            it: what features or a model say of the item then speaks for and against it.
        is_anchored: whether the previous answer may gain utility; the answer of such a
            kind is its best option.
        is_check: whether one option that is suggested is held against all the others.
        has_band: whether answers that fall into a band say neither, and so are not
            scored.
        recorded_as: kind of recorded answers that can be replayed in its place, by
            `hitl_sim.participants.answers`; None where none can.
    """

    words: str
    space: int
    systematic: Callable[[Annotators, Query], Array]
    read: Callable[[Realised], ReadOut]
    options: Literal["classes", "groups", "pair"]
    answer: Literal["option", "marks", "ranking", "number"] = "option"
    is_of_class: bool = False
    is_anchored: bool = False
    is_check: bool = False
    has_band: bool = False
    recorded_as: str | None = None

    def num_options(self, num_classes: int, num_groups: int) -> int:
        """Count the options of a question about a task."""
        counts = {"classes": num_classes, "groups": num_groups, "pair": 2}
        return counts[self.options]

    @cached_property
    def oracle(self) -> Oracle:
        """The people of this package, who answer it; nothing swept is closed over."""

        def answer(
            key: PRNGKeyArray, params: Annotators, state: AnnotatorState, query: Query
        ) -> tuple[AnnotatorState, Response]:
            asked = jax.tree.map(jnp.transpose, query)
            asked = move_signal(params, state, asked)
            if self.is_of_class:
                asked = harden(key, self.space, params, asked)
            worth = self.systematic(params, asked)
            luck = draw_luck(key, self.space, params, asked)
            is_lapse = luck.is_lapse
            realised = realise(key, self.space, params, asked, worth, is_lapse)
            is_open = asked.is_asked & ~_is_too_low(params, worth, is_lapse)
            if self.is_anchored and "response_repetition" in params.extra:
                gained = _anchor(params, state, realised, is_open, is_lapse)
                realised = realised + gained
            read_out = self.read(Realised(params, asked, realised, is_lapse))
            is_given = is_open & ~_is_too_close(params, read_out.margin, is_lapse)
            residual, seconds = time_answers(
                params, state, asked, luck, read_out.conflict
            )
            given = is_given if read_out.answer.ndim == 2 else is_given[None]
            response = Response(
                answer=jnp.where(given, read_out.answer, -1),
                is_answered=is_given,
                seconds=seconds,
                confidence=jnp.where(is_given, read_out.confidence, 0.0),
            )
            after = _advance(params, state, residual, asked, response)
            return after, jax.tree.map(jnp.transpose, response)

        return Oracle(check=check_annotators, init=init_annotators, answer=answer)


def read_band(seen: Realised) -> ReadOut:
    """Read a choice of two as 0 the first, 2 the second, 1 within the person's band."""
    lead = seen.utility[1] - seen.utility[0]
    size = jnp.abs(lead)
    level = jnp.where(size < seen.params.band[:, None], 1, jnp.where(lead > 0, 2, 0))
    return ReadOut(level, *clarity(size), size)


def clarity(margin: Float[Array, "*shape"]) -> tuple[Array, Array]:
    """Turn margins into conflict and stated confidence.

    Of margins >= 0 these are log(1 + exp(-margin)) and 1 / (1 + exp(-margin)).

    Confidence is the logistic of the margin, a softmax between the two best options. It
    is assumed; like people's it is too high at the top (in cifar10s a stated 100 % was
    right 95 % of the time), because the margin holds noise that the person cannot see.
    """
    odds = jnp.exp(-margin)
    return jnp.log1p(odds), 1.0 / (1.0 + odds)


def _is_too_low(
    params: Annotators, worth: Float[Array, "K A T"], is_lapse: Bool[Array, "A T"]
) -> Bool[Array, "A T"]:
    """Say where no option is worth an answer; whoever guesses does not ask.

    References:
        Lee, Smith, Dragan, Abbeel (2021), B-Pref: benchmarking preference-based
        reinforcement learning, NeurIPS datasets and benchmarks: the skipping teacher.
    """
    if "skip_level" not in params.extra:
        return jnp.zeros_like(is_lapse)
    least = params.extra["skip_level"][:, None]
    return (jnp.max(worth, axis=0) < least) & ~is_lapse


def _is_too_close(
    params: Annotators, margin: Float[Array, "A T"], is_lapse: Bool[Array, "A T"]
) -> Bool[Array, "A T"]:
    """Say where an answer would stand by too little; whoever guesses does not ask.

    References:
        Chow (1970), On optimum recognition error and reject tradeoff, IEEE Transactions
        on Information Theory 16(1): reject where the best is not clear of the rest.
    """
    if "skip_margin" not in params.extra:
        return jnp.zeros_like(is_lapse)
    return (margin < params.extra["skip_margin"][:, None]) & ~is_lapse


def _anchor(
    params: Annotators,
    state: AnnotatorState,
    utility: Float[Array, "K A T"],
    is_open: Bool[Array, "A T"],
    is_lapse: Bool[Array, "A T"],
) -> Float[Array, "K A T"]:
    """Return what every option gains from having been the previous answer."""
    num_options = utility.shape[0]
    anchoring = params.extra["response_repetition"]

    def step(last: Array, xs: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        utility_now, is_open_now, is_guess = xs
        # Whoever guesses is not anchored; -1 is no option.
        held = jnp.where(is_guess, -1, last)
        gained = anchoring[None, :] * jax.nn.one_hot(held, num_options, axis=0)
        choice, margin = choose(utility_now + gained)
        is_close = _is_too_close(params, margin[:, None], is_guess[:, None])[:, 0]
        is_given = is_open_now & ~is_close
        return jnp.where(is_given, choice, last).astype(last.dtype), held

    queue = (jnp.moveaxis(utility, -1, 0), is_open.T, is_lapse.T)
    held = jax.lax.scan(step, state.last_answer, queue)[1]
    return anchoring[None, :, None] * jax.nn.one_hot(held.T, num_options, axis=0)


def _advance(
    params: Annotators,
    state: AnnotatorState,
    residual: Float[Array, "A"],
    query: Query,
    response: Response,
) -> AnnotatorState:
    is_done: Bool[Array, "A T"] = response.is_answered
    position = jnp.where(is_done, jnp.arange(is_done.shape[1])[None, :], -1)
    last = jnp.max(position, axis=1)
    first = response.answer if response.answer.ndim == 2 else response.answer[0]
    at_last = jnp.take_along_axis(first, jnp.maximum(last, 0)[:, None], axis=1)[:, 0]
    at_last = at_last.astype(state.last_answer.dtype)
    num_asked = jnp.sum(query.is_asked, axis=1, dtype=state.trials.dtype)
    return AnnotatorState(
        trials=state.trials + num_asked,
        time_s=state.time_s + jnp.sum(response.seconds, axis=1),
        last_residual=residual,
        last_answer=jnp.where(last >= 0, at_last, state.last_answer),
        load_s=state.load_s + num_asked * jnp.exp(params.pace),
    )
