"""Recorded answers behind the contract of an oracle: people who have answered already.

What a person said of an item on an occasion is looked up. Where nobody recorded it, a
policy decides, and every such question is counted by person:

- `refuse`: there is no answer and no time; a study with such a question is refused.
- `restrict`: the question is not asked at all, as if the pool did not hold it.
- `model`: fitted people answer it.

A recorded answer without a time takes the time of the fitted people, which is counted
too.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int, PRNGKeyArray
from numpy.typing import ArrayLike, NDArray

from oracles.annotators import Annotators
from oracles.contract import Oracle, Query, Response
from oracles.feedback import KINDS
from oracles.parameter import check_choice

AnyArray = np.ndarray | Array
POLICIES = ("refuse", "restrict", "model")


class RecordedAnswers(NamedTuple):
    """Recorded answers, sorted by person, item and occasion; no backend made them.

    Attributes:
        key: `[L]` person, item and occasion as one number.
        answer: `[L]` option, or `[L, K]` 1 where a group is marked; a skip is -1.
        seconds: `[L]` time, s; nan where it was not recorded.
        num_items: `[]` items are 0 ... N - 1.
        num_occasions: `[]` looks of a person at an item.
    """

    key: Int[AnyArray, "L"]
    answer: Int[AnyArray, "L"] | Int[AnyArray, "L K"]
    seconds: Float[AnyArray, "L"]
    num_items: Int[AnyArray, ""]
    num_occasions: Int[AnyArray, ""]


class Recording(NamedTuple):
    """Recorded answers, and who stands in for what they lack.

    Attributes:
        answers: from `record_answers`.
        people: the fitted people who answer the rest; their ids are 0 ... A - 1.
    """

    answers: RecordedAnswers
    people: Annotators


class ReplayState(NamedTuple):
    """What replay carries from question to question.

    Attributes:
        people: state of the fitted people, as who stands in for them carries it.
        num_replayed: `[A]` questions answered from the record.
        num_missing: `[A]` questions that the record does not hold.
        num_untimed: `[A]` questions answered from the record, but not their time.
    """

    people: Any
    num_replayed: Int[Array, "A"]
    num_missing: Int[Array, "A"]
    num_untimed: Int[Array, "A"]


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
    num_people: int,
    *,
    occasion: ArrayLike | None = None,
    seconds: ArrayLike | None = None,
    num_items: int | None = None,
) -> RecordedAnswers:
    """Lay recorded answers out to be looked up; on the host.

    Args:
        person: `[L]` ids of people, 0 ... A - 1.
        item: `[L]` ids of items, 0 ... N - 1.
        answer: `[L]` options, or `[L, K]` marks; -1 for a skip.
        num_people: A.
        occasion: `[L]` 0 the first time; all first looks if None.
        seconds: `[L]` times, s; nan where there is none.
        num_items: N, where more items exist than were answered.

    Raises:
        ValueError: a person or item out of range, or two answers to one question.
    """
    who, what = np.asarray(person), np.asarray(item)
    look = np.zeros_like(who) if occasion is None else np.asarray(occasion)
    items = int(what.max()) + 1 if num_items is None else num_items
    looks = int(look.max()) + 1
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
    times = np.full(order.size, np.nan) if seconds is None else np.asarray(seconds)
    return RecordedAnswers(
        key=key[order].astype(np.int32),
        answer=np.asarray(answer)[order].astype(np.int32),
        seconds=times[order].astype(np.float32),
        num_items=np.asarray(items, np.int32),
        num_occasions=np.asarray(looks, np.int32),
    )


def count_people(
    answers: RecordedAnswers, num_looks: int, num_items: int
) -> NDArray[np.int64]:
    """Count the people who have looked at each item often enough; on the host.

    A person must have recorded `num_looks` looks, at least 1; `[N]` people.
    """
    occasion = np.asarray(answers.key) % int(answers.num_occasions)
    item = np.asarray(answers.key) // int(answers.num_occasions)
    item = item[occasion == num_looks - 1] % int(answers.num_items)
    return np.bincount(item, minlength=num_items)


def is_recorded(
    answers: RecordedAnswers,
    person: Int[Array, "A"],
    item: Int[Array, "T #A"],
    occasion: Int[Array, "T #A"] | int | None = None,
) -> tuple[Bool[Array, "T A"], Int[Array, "T A"]]:
    """Say which questions the record answers, and in which row.

    An item beyond the record is not in it; looks are the first ones if None.
    """
    look = 0 if occasion is None else occasion
    inside = (item >= 0) & (item < answers.num_items) & (look < answers.num_occasions)
    key = (person[None, :] * answers.num_items + item) * answers.num_occasions
    key = jnp.where(inside, key + look, -1)
    known = jnp.asarray(answers.key)
    row = jnp.minimum(jnp.searchsorted(known, key), known.shape[0] - 1)
    return inside & (known[row] == key), row


@cache
def build_replay(
    kind: str, policy: str, *, is_timed: bool = True, stand_in: Oracle | None = None
) -> ReplayOracle:
    """Build the oracle that replays answers of one kind.

    Args:
        kind: kind of feedback: all but rankings, which nobody records.
        policy: one of `POLICIES`.
        is_timed: whether every recorded answer has its time. If not, or where they
            answer, the fitted people go through all questions, so that practice and
            fatigue go on; what was recorded stands in the place of what they say.
        stand_in: how fitted people answer; as simulated people do when left out.

    Returns:
        The oracle; nothing recorded is closed over.

    Raises:
        ValueError: no such kind or policy.
    """
    kinds = [name for name, known in KINDS.items() if known.answer != "ranking"]
    check_choice("kind", kind, kinds)
    check_choice("policy", policy, POLICIES)
    fitted = KINDS[kind].oracle if stand_in is None else stand_in

    def check(recording: Recording) -> None:
        fitted.check(recording.people)

    def init(key: PRNGKeyArray, recording: Recording) -> ReplayState:
        none = jnp.zeros_like(recording.people.id)
        return ReplayState(fitted.init(key, recording.people), none, none, none)

    def answer(
        key: PRNGKeyArray, recording: Recording, state: ReplayState, query: Query
    ) -> tuple[ReplayState, Response]:
        recorded = recording.answers
        found, row = is_recorded(
            recorded, recording.people.id, query.item, query.occasion
        )
        asked = query.is_asked
        is_there, is_missing = found & asked, ~found & asked
        said = jnp.asarray(recorded.answer)[row]
        people, model = state.people, _silence(asked, said)
        if policy == "model" or not is_timed:
            people, model = fitted.answer(key, recording.people, people, query)
        rest = model if policy == "model" else _silence(asked, said)
        given = jnp.where(_beside(is_there, said), said, rest.answer)
        is_said = (said if said.ndim == asked.ndim else said[..., 0]) >= 0
        is_answered = jnp.where(is_there, is_said, rest.is_answered)
        seconds = jnp.asarray(recorded.seconds)[row]
        is_untimed = is_there & jnp.isnan(seconds)
        seconds = jnp.where(is_untimed, model.seconds, seconds)
        response = Response(
            answer=jnp.where(_beside(is_answered, given), given, -1),
            is_answered=is_answered,
            seconds=jnp.where(is_there, seconds, rest.seconds),
            confidence=jnp.where(is_there, 0.0, rest.confidence),
        )
        after = ReplayState(
            people=people,
            num_replayed=state.num_replayed + jnp.sum(is_there, axis=0),
            num_missing=state.num_missing + jnp.sum(is_missing, axis=0),
            num_untimed=state.num_untimed + jnp.sum(is_untimed, axis=0),
        )
        return after, response

    return ReplayOracle(check=check, init=init, answer=answer)


def _silence(is_asked: Bool[Array, "T A"], answer: Int[Array, "T A ..."]) -> Response:
    nothing = jnp.zeros(is_asked.shape)
    return Response(
        answer=jnp.full(answer.shape, -1, jnp.int32),
        is_answered=jnp.zeros(is_asked.shape, bool),
        seconds=nothing,
        confidence=nothing,
    )


def _beside(flags: Bool[Array, "T A"], answer: Int[Array, "T A ..."]) -> Array:
    """Give flags the axis of groups that marks have."""
    return flags if answer.ndim == flags.ndim else flags[..., None]
