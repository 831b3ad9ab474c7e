"""Recorded answers behind the contract of an oracle: people who have answered already.

What a person said of an item on an occasion is looked up. Where nobody recorded it, a
policy decides, and every such question is counted by person:

- `refuse`: there is no answer and no time; `check_complete` then refuses the run.
- `restrict`: the question is not asked at all, as if the pool did not hold it.
- `model`: fitted people answer it.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray
from numpy.typing import ArrayLike

from oracles.annotators import Annotators, AnnotatorState
from oracles.contract import Query, Response
from oracles.feedback import FEEDBACK

POLICIES = ("refuse", "restrict", "model")


class Recording(NamedTuple):
    """Recorded answers, sorted by person, item and occasion.

    Attributes:
        key: `[L]` person, item and occasion as one number.
        answer: `[L]` option; a skip is -1.
        seconds: `[L]` time, s; 0 where it was not recorded.
        confidence: `[L]` stated probability; 0 where none was stated.
        num_items: `[]` items are 0 ... N - 1.
        num_occasions: `[]` looks of a person at an item.
        people: the fitted people who answer the rest; their ids are 0 ... A - 1.
    """

    key: Int[Array, "L"]
    answer: Int[Array, "L"]
    seconds: Float[Array, "L"]
    confidence: Float[Array, "L"]
    num_items: Int[Array, ""]
    num_occasions: Int[Array, ""]
    people: Annotators


class ReplayState(NamedTuple):
    """What replay carries from question to question.

    Attributes:
        people: state of the fitted people.
        num_replayed: `[A]` questions answered from the record.
        num_missing: `[A]` questions that the record does not hold.
    """

    people: AnnotatorState
    num_replayed: Int[Array, "A"]
    num_missing: Int[Array, "A"]


class ReplayOracle(NamedTuple):
    """An oracle whose params are a recording; see `oracles.contract.Oracle`."""

    check: Callable[[Recording], None]
    init: Callable[[PRNGKeyArray, Recording], ReplayState]
    answer: Callable[
        [PRNGKeyArray, Recording, ReplayState, Query], tuple[ReplayState, Response]
    ]


def record_answers(
    person: ArrayLike,
    item: ArrayLike,
    answer: ArrayLike,
    people: Annotators,
    *,
    occasion: ArrayLike | None = None,
    seconds: ArrayLike | None = None,
    confidence: ArrayLike | None = None,
    num_items: int | None = None,
) -> Recording:
    """Lay recorded answers out to be looked up; on the host.

    Args:
        person: `[L]` ids of people, 0 ... A - 1.
        item: `[L]` ids of items, 0 ... N - 1.
        answer: `[L]` options, -1 for a skip.
        people: A fitted people.
        occasion: `[L]` 0 the first time; all first looks if None.
        seconds: `[L]` times, s; nan where there is none.
        confidence: `[L]` stated probabilities; nan where there is none.
        num_items: N, where more items exist than were answered.

    Raises:
        ValueError: a person or item out of range, or two answers to one question.
    """
    who, what = np.asarray(person), np.asarray(item)
    look = np.zeros_like(who) if occasion is None else np.asarray(occasion)
    items = int(what.max()) + 1 if num_items is None else num_items
    looks = int(look.max()) + 1
    num_people = int(people.id.shape[0])
    for name, values, size in (("person", who, num_people), ("item", what, items)):
        if values.min() < 0 or values.max() >= size:
            bad = values[(values < 0) | (values >= size)][0]
            raise ValueError(f"`{name}` must be in [0, {size}), got {bad}.")
    if num_people * items * looks >= 2**31:
        raise ValueError(
            "`person`, `item` and `occasion` must make fewer than 2^31 questions, got "
            f"{num_people * items * looks}."
        )
    key = (who * items + what) * looks + look
    order = np.argsort(key, kind="stable")
    twice = np.nonzero(np.diff(key[order]) == 0)[0]
    if twice.size:
        row = order[twice[0] + 1]
        raise ValueError(
            f"`answer` must be one per question, got two of person {who[row]} to item "
            f"{what[row]} on occasion {look[row]}."
        )

    def known(values: ArrayLike | None) -> Float[Array, "L"]:
        given = np.zeros(key.size) if values is None else np.asarray(values, float)
        return jnp.asarray(np.nan_to_num(given[order]), jnp.float32)

    return Recording(
        key=jnp.asarray(key[order], jnp.int32),
        answer=jnp.asarray(np.asarray(answer)[order], jnp.int32),
        seconds=known(seconds),
        confidence=known(confidence),
        num_items=jnp.int32(items),
        num_occasions=jnp.int32(looks),
        people=people,
    )


def is_recorded(
    recording: Recording, query: Query
) -> tuple[Bool[Array, "T A"], Int[Array, "T A"]]:
    """Say which questions the record answers, and in which row.

    Args:
        recording: from `record_answers`.
        query: the questions; an item or occasion beyond the record is not in it.
    """
    people = recording.people.id[None, :]
    occasion = 0 if query.occasion is None else query.occasion
    inside = (query.item >= 0) & (query.item < recording.num_items)
    inside = inside & (occasion < recording.num_occasions)
    key = (people * recording.num_items + query.item) * recording.num_occasions
    key = jnp.where(inside, key + occasion, -1)
    row = jnp.searchsorted(recording.key, key)
    row = jnp.minimum(row, recording.key.shape[0] - 1)
    return inside & (recording.key[row] == key), row


@cache
def build_replay(kind: str, policy: str) -> ReplayOracle:
    """Build the oracle that replays answers of one kind.

    Args:
        kind: kind of feedback with one answer per question: all but importance and
            marks.
        policy: one of `POLICIES`.

    Returns:
        The oracle; nothing recorded is closed over.

    Raises:
        ValueError: no such kind or policy.
    """
    kinds = [name for name in FEEDBACK if name not in ("importance", "marks")]
    for name, value, allowed in (("kind", kind, kinds), ("policy", policy, POLICIES)):
        if value not in allowed:
            listed = ", ".join(map(repr, allowed))
            raise ValueError(f"`{name}` must be one of {listed}, got {value!r}.")
    fitted = FEEDBACK[kind]

    def check(recording: Recording) -> None:
        fitted.check(recording.people)

    def init(key: PRNGKeyArray, recording: Recording) -> ReplayState:
        none = jnp.zeros_like(recording.people.id)
        return ReplayState(fitted.init(key, recording.people), none, none)

    def answer(
        key: PRNGKeyArray, recording: Recording, state: ReplayState, query: Query
    ) -> tuple[ReplayState, Response]:
        found, row = is_recorded(recording, query)
        asked = query.is_asked
        is_there, is_missing = found & asked, ~found & asked
        people, rest = state.people, _silence(asked)
        if policy == "model":
            put = query._replace(is_asked=is_missing)
            people, rest = fitted.answer(key, recording.people, people, put)

        def choose(recorded: Array, otherwise: Array) -> Array:
            return jnp.where(is_there, recorded[row], otherwise)

        given = choose(recording.answer, rest.answer)
        is_answered = jnp.where(is_there, given >= 0, rest.is_answered)
        response = Response(
            answer=jnp.where(is_answered, given, -1),
            is_answered=is_answered,
            seconds=choose(recording.seconds, rest.seconds),
            confidence=choose(recording.confidence, rest.confidence),
        )
        after = ReplayState(
            people=people,
            num_replayed=state.num_replayed + jnp.sum(is_there, axis=0),
            num_missing=state.num_missing + jnp.sum(is_missing, axis=0),
        )
        return after, response

    return ReplayOracle(check=check, init=init, answer=answer)


def restrict(recording: Recording, query: Query) -> Query:
    """Ask no question that the record does not hold."""
    found, _ = is_recorded(recording, query)
    return query._replace(is_asked=query.is_asked & found)


def check_complete(state: ReplayState) -> None:
    """Refuse a run that asked what nobody had answered; on the host.

    Raises:
        ValueError: there was such a question; says how many and of whom most.
    """
    missing = np.asarray(jax.device_get(state.num_missing))
    total = int(missing.sum())
    if total:
        raise ValueError(
            f"`policy` must not be 'refuse' where questions go beyond the record, got "
            f"{total} such questions, most of person {int(missing.argmax())}. Restrict "
            "the pool, or let a fitted model answer them."
        )


def _silence(is_asked: Bool[Array, "T A"]) -> Response:
    nothing = jnp.zeros(is_asked.shape)
    return Response(
        answer=jnp.full(is_asked.shape, -1, jnp.int32),
        is_answered=jnp.zeros(is_asked.shape, bool),
        seconds=nothing,
        confidence=nothing,
    )
