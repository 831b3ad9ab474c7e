"""Samples and checks of annotators: a crowd is asked a queue of questions twice."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from hitl_sim.check.base import (
    CheckError,
    Subject,
    build,
    forms,
    in_words,
    promise,
    require,
    require_same,
    require_within,
)
from oracles import (
    Annotators,
    Oracle,
    Query,
    Response,
    build_population,
    sample_annotators,
)
from oracles.annotators import symmetric
from oracles.feedback import KINDS
from oracles.part import Part

NUM_ITEMS, NUM_PEOPLE = 12, 3
_CLASSES, _GROUPS = 5, 6
"""Classes and groups of features of the task that is asked about."""

FALSE_ALARM_Z = 4.89
"""Standard errors beyond which one sound annotator in a million is refused."""
_ACCURACY, _MARGIN_ITEMS, _MARGIN_PEOPLE = 0.8, 250, 40


class _Asked(NamedTuple):
    """A crowd and its questions."""

    people: Annotators
    query: Query


def make_query(
    num_items: int, num_people: int, num_options: int, *, num_looks: int = 1
) -> Query:
    """Build questions of which everybody gets all, each item `num_looks` times.

    Args:
        num_items: distinct items.
        num_people: people A.
        num_options: options K.
        num_looks: times that each item comes up.

    Returns:
        Questions of `T = num_items * num_looks` rows, all signal.
    """
    rng = np.random.default_rng(0)
    truth = rng.integers(0, num_options, num_items)
    item = np.tile(np.arange(num_items), num_looks)
    occasion = np.repeat(np.arange(num_looks), num_items)
    shape = (num_items * num_looks, num_people)

    def per_row(values: Any) -> jax.Array:
        return jnp.asarray(np.broadcast_to(values[:, None], shape), jnp.int32)

    return Query(
        item=per_row(item),
        occasion=per_row(occasion),
        truth=per_row(truth[item]),
        utility=jnp.zeros((*shape, num_options)),
        difficulty=jnp.zeros(shape),
        discrimination=jnp.ones(shape),
        size=jnp.ones(shape),
        is_asked=jnp.ones(shape, bool),
    )


def _query_of(kind: str) -> Query:
    """Build questions of a kind, some of them not asked of some people."""
    of_kind = KINDS[kind]
    num_options = of_kind.num_options(_CLASSES, _GROUPS)
    query = make_query(NUM_ITEMS, NUM_PEOPLE, num_options, num_looks=2)
    rng = np.random.default_rng(1)
    if not of_kind.is_of_class:
        ladder = jnp.linspace(1.5, -1.5, num_options)
        query = query._replace(utility=query.utility + ladder[None, None, :])
    if of_kind.is_check:
        is_off = jnp.asarray(rng.random(query.truth.shape) < 0.4)
        query = query._replace(suggestion=(query.truth + is_off) % num_options)
    if kind == "preference":
        ids = jnp.stack([query.item % 7, 7 + query.item % 5], axis=-1)
        query = query._replace(options=ids)
    shape = query.is_asked.shape
    return query._replace(
        is_asked=jnp.asarray(rng.random(shape) < 0.8),
        size=jnp.asarray(rng.lognormal(0.0, 0.5, shape), jnp.float32),
    )


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build an annotator, a typical crowd and its questions.

    An annotator is asked questions of the kind that its option `feedback` says, or that
    it has the name of; any other one is asked for labels.

    Raises:
        CheckError: it does not build, or what it builds is no `Oracle`.
    """
    named = part.name if part.name in KINDS else "label"
    kind = str(options.get("feedback", named))
    asked = {"feedback": kind, **options} if "feedback" in part.options else options
    wanted = (Oracle, "an `oracles.Oracle` (check, init, answer)")
    oracle: Oracle = build(part, asked, lambda given: part(**given), wanted)
    num_options = KINDS[kind].num_options(_CLASSES, _GROUPS)
    population = build_population("typical", kind, num_options)
    population = population._replace(foreign=dict(part.params))
    people = sample_annotators(jax.random.key(3), population, NUM_PEOPLE)
    try:
        oracle.check(people)
    except Exception as error:
        raise CheckError(
            f"`check` must accept a typical crowd, but {in_words(error)}."
        ) from error

    def call(key: jax.Array, data: _Asked, params: Mapping[str, Any]) -> Response:
        people = data.people._replace(foreign=dict(params))
        state = oracle.init(key, people)
        response: Response = oracle.answer(key, people, state, data.query)[1]
        return response

    data = _Asked(people, _query_of(kind))
    asked_of = data.query.is_asked
    shape = ", ".join(map(str, asked_of.shape))
    form = KINDS[kind].answer
    each = f", {num_options}" if form in ("marks", "ranking") else ""
    of_all = jnp.ones(asked_of.shape)
    return Subject(
        part,
        options,
        call,
        data,
        {
            "answer": f"{'float32' if form == 'number' else 'int32'}[{shape}{each}]",
            "is_answered": f"bool[{shape}]",
            "seconds": f"float32[{shape}]",
            "confidence": f"float32[{shape}]",
        },
        extremes={
            "nobody asked": _with(data, is_asked=asked_of & False),
            "hopeless items": _with(data, difficulty=50.0 * of_all),
            "easy items": _with(data, difficulty=-50.0 * of_all),
            "long items": _with(data, size=1e3 * of_all),
        },
        # what is not asked holds other content
        padded=_with(
            data,
            item=jnp.where(asked_of, data.query.item, 999),
            size=jnp.where(asked_of, data.query.size, 0.0),
            difficulty=jnp.where(asked_of, data.query.difficulty, 5.0),
        ),
        more=(oracle, kind, num_options),
    )


def _with(data: _Asked, **fields: Any) -> _Asked:
    return data._replace(query=data.query._replace(**fields))


@promise
def answers(subject: Subject) -> str:
    """What is asked takes time, what is not asked is neither answered nor timed."""
    _, kind, num_options = subject.more
    asked, out = np.asarray(subject.data.query.is_asked), subject.run()
    answer, given, seconds = out["answer"], out["is_answered"], out["seconds"]
    require_within("confidence", out["confidence"], 0, 1)
    rules = {
        "`is_answered` must be false where nothing was asked": given & ~asked,
        "`seconds` must be > 0 where something was asked": asked & ~(seconds > 0),
        "`seconds` must be 0 where nothing was asked": ~asked & (seconds != 0),
        "`answer` must be -1 where nobody answered": answer[~given] != -1,
    }
    # levels of a rating may be more than its options
    if KINDS[kind].answer != "number":
        negative = answer[given] < 0
        rules["`answer` must be >= 0 where somebody answered"] = negative
    if kind == "label":
        rules["`answer` must be one of the options"] = answer[given] >= num_options
    for words, broken in rules.items():
        number = int(broken.sum())
        require(not number, f"{words}, got {number} that are not.")
    return ""


@promise
def state(subject: Subject) -> str:
    """A queue cut in two gives what the whole queue gives, from the state between."""
    oracle, *_ = subject.more
    key, data, _ = subject.args
    half = data.query.is_asked.shape[0] // 2
    answer = jax.jit(oracle.answer)
    start = oracle.init(key, data.people)
    head, tail = (
        jax.tree.map(lambda leaf, rows=rows: leaf[rows], data.query)
        for rows in (slice(half), slice(half, None))
    )
    between, first = answer(key, data.people, start, head)
    before, after = forms(start), forms(between)
    message = f"the state must keep its arrays, got {after} after {before} before."
    require(before == after, message)
    _, second = answer(key, data.people, between, tail)
    _, whole = answer(key, data.people, start, data.query)
    cut = jax.tree.map(lambda *halves: jnp.concatenate(halves), first, second)
    words = (
        "for a queue as for its two halves one after the other (what persists must be "
        "in the state or drawn by ids)"
    )
    require_same(whole, cut, words)
    return ""


@promise
def occasions(subject: Subject) -> str:
    """A second look is another draw: its occasion says so, and the key stays."""
    later = _with(subject.data, occasion=subject.data.query.occasion + 2)
    first, second = subject.run(), subject.run(later)
    names = ("answer", "seconds")
    require(
        not all(np.array_equal(first[n], second[n]) for n in names),
        "another `occasion` must be another draw of answers or times, got the same "
        "to the bit.",
    )
    return ""


@promise
def marginals(subject: Subject) -> str:
    """Right answers are as frequent as the crowd's accuracy says."""
    _, kind, num_options = subject.more
    if kind != "label":
        return "closed forms of this kind of question were not tried"
    people = symmetric([_ACCURACY] * _MARGIN_PEOPLE, num_options)
    query = make_query(_MARGIN_ITEMS, _MARGIN_PEOPLE, num_options)
    out = subject.run(_Asked(people, query), seed=5)
    right = (out["answer"] == query.truth)[out["is_answered"]]
    error = np.sqrt(_ACCURACY * (1.0 - _ACCURACY) / max(right.size, 1))
    share = float(right.mean()) if right.size else 0.0
    require(
        abs(share - _ACCURACY) <= FALSE_ALARM_Z * error,
        f"the share of right answers must be {_ACCURACY} within "
        f"{FALSE_ALARM_Z * error:.3f} (one false alarm in a million) for people of "
        f"that accuracy, got {share:.3f} of {right.size:,} answers.",
    )
    return ""
