"""The contract again for people who have every trait at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stacking import NEUTRAL

from oracles import FEEDBACK
from oracles.annotators import map_people
from oracles.parameter import OPTIONAL

KEY = jax.random.key(39)
PEOPLE, QUESTIONS = 3, 24
OPTIONS = {"label": 5, "preference": 2, "marks": 4}
JITTED = {kind: jax.jit(FEEDBACK[kind].answer) for kind in OPTIONS}
TRAITS = {
    "skill": 1.5,
    "own": 0.6,
    "shared": 0.8,
    "lapse": 0.1,
    "spread": 0.3,
    "drift": 0.2,
    "memory": 0.5,
    "conflict": 1.0,
    "practice": 1.0,
    "band": 0.2,
    "automation_bias": 0.7,
    "response_repetition": 0.5,
    "skip_margin": 0.2,
    "skip_level": -0.5,
    "caution": 0.3,
    "learning": 0.6,
    "fatigue": 0.4,
    "fatigue_s": 9.0,
}


# One kind with every trait, one of two options, one that lays its own options out.
@pytest.fixture(scope="module", params=["label", "preference", "marks"])
def case(request, make_query, make_crowd):
    kind = request.param
    options = OPTIONS[kind]
    rng = np.random.default_rng(0)
    traits = dict(TRAITS)
    if kind == "label":
        traits["confusion"] = rng.normal(size=(options, options))
    if kind != "marks":
        traits["guess"] = rng.dirichlet(np.ones(options))
    query = make_query(QUESTIONS, PEOPLE, options)
    return (
        kind,
        make_crowd(PEOPLE, **traits),
        query._replace(
            utility=jnp.asarray(rng.normal(size=query.utility.shape), jnp.float32),
            suggestion=query.item % options,
            is_asked=jnp.asarray(rng.random((QUESTIONS, PEOPLE)) < 0.8),
        ),
    )


def run(kind, params, query, state=None):
    state = FEEDBACK[kind].init(KEY, params) if state is None else state
    return JITTED[kind](KEY, params, state, query)


def assert_same(left, right):
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_these_people_pass_the_check(case):
    kind, params, _ = case
    assert FEEDBACK[kind].check(params) is None


def test_answers_are_the_same_mapped_as_alone(case):
    kind, params, query = case
    expected = run(kind, params, query)
    twice = jax.tree.map(lambda x: jnp.stack([x, x]), query)
    mapped = jax.jit(jax.vmap(lambda q: run(kind, params, q)))(twice)
    assert_same(jax.tree.map(lambda x: x[1], mapped), expected)


def test_a_queue_cut_in_two_gives_what_the_whole_queue_gives(case):
    kind, params, query = case
    head, tail = (
        jax.tree.map(lambda x, s=s: x[s], query) for s in (slice(12), slice(12, 24))
    )
    state, first = run(kind, params, head)
    state, second = run(kind, params, tail, state=state)
    whole = jax.tree.map(lambda *x: jnp.concatenate(x), first, second)
    assert_same((state, whole), run(kind, params, query))


def test_a_person_answers_the_same_alone_as_in_the_crowd(case):
    kind, params, query = case
    alone = map_people(lambda x: x[1:2], params)
    query_alone = jax.tree.map(lambda x: x[:, 1:2], query)
    state, response = run(kind, params, query)
    expected = (
        jax.tree.map(lambda x: x[1:2], state),
        jax.tree.map(lambda x: x[:, 1:2], response),
    )
    assert_same(run(kind, alone, query_alone), expected)


def test_every_trait_leaves_a_finite_gradient_of_time(case):
    kind, params, query = case
    leaves = params._replace(id=jnp.zeros(PEOPLE))

    def total(leaves):
        people = leaves._replace(id=params.id)
        return run(kind, people, query)[1].seconds.sum()

    for leaf in jax.tree.leaves(jax.jit(jax.grad(total))(leaves)):
        assert np.isfinite(leaf).all()


def test_traits_of_no_effect_change_no_answer(case):
    kind, params, query = case
    plain = params._replace(confusion=None, guess=None, extra={})
    neutral = plain._replace(
        extra={n: jnp.full(PEOPLE, NEUTRAL.get(n, 0.0)) for n in OPTIONAL}
    )
    left, right = run(kind, plain, query), run(kind, neutral, query)
    np.testing.assert_array_equal(left[1].answer, right[1].answer)
    assert_same(left, right)


def test_what_belongs_to_an_item_may_be_given_once_for_everybody(case):
    kind, params, query = case
    of_item = ("item", "truth", "utility", "difficulty", "discrimination", "size")
    once = {name: getattr(query, name)[:, :1] for name in (*of_item, "suggestion")}
    spelled_out = {
        name: jnp.broadcast_to(leaf, getattr(query, name).shape)
        for name, leaf in once.items()
    }
    assert_same(
        run(kind, params, query._replace(**once)),
        run(kind, params, query._replace(**spelled_out)),
    )


def test_without_occasions_everything_but_the_own_view_is_drawn_as_before(case):
    kind, params, query = case
    people = params._replace(own=jnp.ones(PEOPLE))
    assert_same(
        run(kind, people, query._replace(occasion=None)), run(kind, people, query)
    )
