"""Put a recorded design to an oracle: who is asked what, in which order.

The oracle is the product's; here answers only move between the rows of a record and
the queues of a query.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from hitl_sim.participants.record import Floats, Ints, Record
from oracles import Annotators, Query, Response
from oracles.annotators import map_people
from oracles.feedback import FEEDBACK

# People are asked in groups of like workload, so that little of a queue is padding.
QUEUES = (16, 64, 256, 1024)


@dataclass(frozen=True)
class Items:
    """Traits of items: `[N]` difficulty and discrimination, `[N, K]` utility."""

    difficulty: Floats
    discrimination: Floats
    utility: Floats


def ask(
    key: PRNGKeyArray, kind: str, people: Annotators, items: Items, record: Record
) -> tuple[Ints, Floats]:
    """Let people answer the questions of a record.

    Args:
        key: the crowd's key.
        kind: kind of feedback.
        people: as many as the record has.
        items: as many as the record has.
        record: the design.

    Returns:
        `[L]` answers, of marks `[L, K]`, and `[L]` seconds.
    """
    rows, answers, seconds = [], [], []
    for group in _groups(record):
        query = _query(record, items, group)
        response = _ask(kind, key, take_people(people, group.people), query)
        asked = group.rows >= 0
        rows.append(group.rows[asked])
        answers.append(np.asarray(response.answer)[asked])
        seconds.append(np.asarray(response.seconds)[asked])
    order = np.argsort(np.concatenate(rows))
    return (
        np.concatenate(answers)[order].astype(np.int64),
        np.concatenate(seconds)[order].astype(float),
    )


@dataclass(frozen=True)
class _Group:
    """People of like workload: `[A]` people and their `[T, A]` rows, -1 = padding."""

    people: Ints
    rows: Ints


def _groups(record: Record) -> Iterator[_Group]:
    count = np.bincount(record.person, minlength=record.num_people)
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    edges = (0, *QUEUES, max(int(count.max()), QUEUES[-1] + 1))
    for low, high in pairwise(edges):
        people = np.nonzero((count > low) & (count <= high))[0]
        if people.size:
            place = np.arange(count[people].max())[:, None]
            rows = start[people][None, :] + place
            yield _Group(people, np.where(place < count[people], rows, -1))


def _query(record: Record, items: Items, group: _Group) -> Query:
    row = np.maximum(group.rows, 0)
    item = record.item[row]
    truth = record.truth[item]
    objects = None
    if record.objects is not None:
        objects = jnp.asarray(record.objects[item], jnp.int32)
    return Query(
        item=jnp.asarray(item, jnp.int32),
        occasion=jnp.asarray(record.occasion[row], jnp.int32),
        truth=jnp.asarray(np.maximum(truth, 0), jnp.int32),
        utility=jnp.asarray(items.utility[item], jnp.float32),
        difficulty=jnp.asarray(items.difficulty[item], jnp.float32),
        discrimination=jnp.asarray(items.discrimination[item], jnp.float32),
        size=jnp.asarray(record.size[item], jnp.float32),
        is_asked=jnp.asarray(group.rows >= 0),
        options=objects,
    )


def _respond(kind: str, key: jax.Array, params: Annotators, query: Query) -> Response:
    oracle = FEEDBACK[kind]
    return oracle.answer(key, params, oracle.init(key, params), query)[1]


_ask = partial(jax.jit, static_argnums=0)(_respond)


def take_people(params: Annotators, people: Ints) -> Annotators:
    """Take some of the people; `shared` belongs to the whole crowd."""
    return map_people(lambda leaf: leaf[people], params)
