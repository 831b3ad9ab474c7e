"""What the people of the literature must do like everybody else.

Each constructor is held to the contract that `test_contract.py` holds the named
populations to, where it depends on who answers.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from published_people import (
    bradley_terry_people,
    dawid_skene_people,
    glad,
    hammer_spammer,
    item_response,
    mace,
    pair_flip,
    plackett_luce_people,
)

from oracles import FEEDBACK
from oracles.annotators import map_people, symmetric

KEY, OTHER_KEY = jax.random.key(21), jax.random.key(22)
QUESTIONS, PEOPLE, OPTIONS = 60, 3, 4
ROWS = np.full((PEOPLE, OPTIONS, OPTIONS), 0.1) + 0.6 * np.eye(OPTIONS)

# Three people alike of each, the kind they are asked and how many options it has.
PEOPLE_OF = {
    "symmetric": (symmetric([0.7] * 3, OPTIONS), "label", OPTIONS),
    "pair_flip": (pair_flip([0.3] * 3, OPTIONS), "label", OPTIONS),
    "dawid_skene": (dawid_skene_people(ROWS), "label", OPTIONS),
    "glad": (glad([0.8] * 3, OPTIONS), "label", OPTIONS),
    "item_response": (item_response([0.5] * 3), "label", 2),
    "mace": (mace([0.4] * 3, [[0.25] * OPTIONS] * 3), "label", OPTIONS),
    "hammer_spammer": (hammer_spammer([False] * 3), "label", OPTIONS),
    "bradley_terry": (bradley_terry_people([1.0] * 3, 0.3), "preference", 2),
    "plackett_luce": (plackett_luce_people([1.0] * 3), "importance", OPTIONS),
}


@partial(jax.jit, static_argnums=0)
def ask(kind, key, params, query):
    oracle = FEEDBACK[kind]
    return oracle.answer(key, params, oracle.init(key, params), query)[1]


class Case:
    def __init__(self, name, make_query):
        self.params, self.kind, options = PEOPLE_OF[name]
        query = make_query(QUESTIONS, PEOPLE, options)
        if self.kind in ("preference", "importance"):
            ladder = jnp.linspace(0.3, -0.3, options)
            query = query._replace(utility=query.utility + ladder[None, None, :])
        self.query = query

    def run(self, key=KEY, params=None, query=None):
        params = self.params if params is None else params
        return ask(self.kind, key, params, self.query if query is None else query)


@pytest.fixture(scope="module", params=list(PEOPLE_OF))
def case(request, make_query):
    return Case(request.param, make_query)


def assert_same(left, right):
    """Answers equal to the bit, seconds within 1e-5."""
    np.testing.assert_array_equal(left.answer, right.answer)
    np.testing.assert_array_equal(left.is_answered, right.is_answered)
    np.testing.assert_allclose(left.seconds, right.seconds, rtol=1e-5)


def test_answers_are_the_same_plain_as_under_jit(case):
    oracle = FEEDBACK[case.kind]
    state = oracle.init(KEY, case.params)
    assert_same(oracle.answer(KEY, case.params, state, case.query)[1], case.run())


# Programs of one kind differ only in which traits are there: all are tried when slow.
ONE_OF_EACH_KIND = ("dawid_skene", "bradley_terry", "plackett_luce")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ONE_OF_EACH_KIND else pytest.mark.slow)
        for name in PEOPLE_OF
    ],
)
def test_answers_are_the_same_mapped_as_in_a_loop(name, make_query):
    case = Case(name, make_query)

    def one(key):
        return ask(case.kind, key, case.params, case.query)

    keys = jnp.stack([KEY, OTHER_KEY])
    for mapped in (jax.vmap(one)(keys), jax.lax.map(one, keys)):
        for i in range(2):
            assert_same(jax.tree.map(lambda x, i=i: x[i], mapped), case.run(keys[i]))


def test_the_same_key_gives_the_same_bytes_and_another_other_answers(case):
    first, again, other = case.run(), case.run(), case.run(OTHER_KEY)
    for left, right in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first.answer, other.answer)


def test_rows_and_people_in_another_order_answer_as_before(case):
    order = np.random.default_rng(2).permutation(QUESTIONS)
    moved = case.run(query=jax.tree.map(lambda leaf: leaf[order], case.query))
    np.testing.assert_array_equal(case.run().answer[order], moved.answer)
    turned = np.array([2, 0, 1])
    people = map_people(lambda leaf: leaf[turned], case.params)
    query = jax.tree.map(lambda leaf: leaf[:, turned], case.query)
    answer = case.run(params=people, query=query).answer
    np.testing.assert_array_equal(case.run().answer[:, turned], answer)


def test_people_who_are_alike_answer_independently(case):
    """Whether one is right says nothing of another: 4 standard errors of zero."""
    keys = jax.random.split(KEY, 60)
    asked = np.asarray(jax.lax.map(lambda key: case.run(key).answer, keys))
    first = asked[..., 0] if case.kind == "importance" else asked
    best = np.asarray(case.query.truth) if case.kind == "label" else 0
    right = first == best
    x, y = right[..., 0].ravel(), right[..., 1].ravel()
    error = 1.0 / np.sqrt(x.size)
    assert abs(np.corrcoef(x, y)[0, 1]) < 4 * error
