"""What every kind of feedback must do for every population.

Compiling is most of the time here: all populations of a kind share its five programs,
which a test holds them to.
"""

from collections import Counter
from functools import cache, partial
from itertools import cycle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stacking import stack_populations

from oracles import FEEDBACK, POPULATIONS, build_population, sample_annotators
from oracles.annotators import map_people
from oracles.feedback import KINDS

NUM_OPTIONS = {name: kind.num_options(5, 6) for name, kind in KINDS.items()}
NUM_QUESTIONS, NUM_PEOPLE = 24, 3
KEY = jax.random.key(7)
OTHER_KEY = jax.random.key(8)
KEYS = (KEY, OTHER_KEY)
INIT = jax.jit(FEEDBACK["label"].init)
JITTED = jax.jit(FEEDBACK["label"].answer)
SAMPLE = jax.jit(sample_annotators, static_argnums=2)
SAMPLE_STACKED = jax.jit(
    jax.vmap(sample_annotators, in_axes=(None, 0, None)), static_argnums=2
)

CASES = [(kind, name) for kind in FEEDBACK for name in POPULATIONS]
# Every kind and every population at least once.
SOME = list(zip(cycle(FEEDBACK), POPULATIONS, strict=False))
TRACES = Counter()


@partial(jax.jit, static_argnums=0)
def ask_jitted(kind, key, params, state, query):
    TRACES[kind, query.item.shape] += 1
    return FEEDBACK[kind].answer(key, params, state, query)


@partial(jax.jit, static_argnums=0)
def ask_vmapped(kind, keys, params, states, query):
    ask = FEEDBACK[kind].answer
    return jax.vmap(ask, in_axes=(0, 0, 0, None))(keys, params, states, query)


@partial(jax.jit, static_argnums=0)
def ask_mapped(kind, keys, params, states, query):
    def ask(xs):
        return FEEDBACK[kind].answer(*xs, query)

    return jax.lax.map(ask, (keys, params, states))


def stack(*trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


@cache
def stacked_populations(kind):
    """All populations with the same traits, neutral where one lacks them."""
    options = NUM_OPTIONS[kind]
    return stack_populations(
        *(build_population(name, kind, options) for name in POPULATIONS)
    )


def program_lines(kind, num_options, make_query, make_crowd):
    """List what a kind does for so many options, before any compiler."""
    query, params = make_query(5, 3, num_options), make_crowd(3, own=0.5, shared=0.5)
    query = query._replace(suggestion=query.truth)
    state = FEEDBACK[kind].init(KEY, params)
    program = jax.jit(FEEDBACK[kind].answer).lower(KEY, params, state, query)
    return program.as_text().splitlines()


class Case:
    """One kind asked of one population."""

    def __init__(self, kind, name, make_query):
        options = NUM_OPTIONS[kind]
        self.kind, self.name, self.oracle = kind, name, FEEDBACK[kind]
        place = list(POPULATIONS).index(name)
        self.population = jax.tree.map(lambda x: x[place], stacked_populations(kind))
        self.params = SAMPLE(KEY, self.population, NUM_PEOPLE)
        query = make_query(NUM_QUESTIONS // 2, NUM_PEOPLE, options, num_looks=2)
        rng = np.random.default_rng(1)
        if not KINDS[kind].is_of_class:
            ladder = jnp.linspace(1.5, -1.5, options)
            query = query._replace(utility=query.utility + ladder[None, None, :])
        if KINDS[kind].is_check:
            guess = (query.truth + jnp.asarray(rng.random(query.truth.shape) < 0.4)) % 5
            query = query._replace(suggestion=guess)
        if kind == "preference":
            ids = jnp.stack([query.item % 7, 7 + query.item % 5], axis=-1)
            query = query._replace(options=ids)
        is_asked = rng.random((NUM_QUESTIONS, NUM_PEOPLE)) < 0.8
        size = rng.lognormal(0.0, 0.5, is_asked.shape).astype(np.float32)
        self.query = query._replace(
            is_asked=jnp.asarray(is_asked), size=jnp.asarray(size)
        )

    def run(self, key=KEY, params=None, query=None, state=None):
        params = self.params if params is None else params
        query = self.query if query is None else query
        state = INIT(key, params) if state is None else state
        return ask_jitted(self.kind, key, params, state, query)


@pytest.fixture(scope="module", params=CASES, ids=["-".join(c) for c in CASES])
def case(request, make_query):
    return Case(*request.param, make_query)


def assert_same(left, right):
    """Answers equal to the bit; seconds and confidence up to rounding."""
    (left_state, left), (right_state, right) = left, right
    # numbers are floats, which programs round otherwise: by a few units in the last
    # place of numbers near 1
    apart = 1e-6 if np.asarray(left.answer).dtype.kind == "f" else 0.0
    np.testing.assert_allclose(left.answer, right.answer, rtol=apart, atol=apart)
    np.testing.assert_array_equal(left.is_answered, right.is_answered)
    np.testing.assert_allclose(left.seconds, right.seconds, rtol=1e-5)
    np.testing.assert_allclose(left.confidence, right.confidence, atol=1e-5)
    np.testing.assert_array_equal(left_state.trials, right_state.trials)
    np.testing.assert_array_equal(left_state.last_answer, right_state.last_answer)
    np.testing.assert_allclose(left_state.time_s, right_state.time_s, rtol=1e-5)
    np.testing.assert_allclose(
        left_state.last_residual, right_state.last_residual, atol=1e-5
    )


@pytest.mark.parametrize("case", SOME, indirect=True, ids="-".join)
def test_answers_are_the_same_plain_as_under_jit(case):
    state = case.oracle.init(KEY, case.params)
    plain = case.oracle.answer(KEY, case.params, state, case.query)
    assert_same(plain, case.run())


@pytest.mark.parametrize("ask", [ask_vmapped, ask_mapped], ids=["vmap", "lax.map"])
@pytest.mark.parametrize("kind", list(FEEDBACK))
def test_answers_are_the_same_mapped_as_in_a_loop(kind, ask, make_query):
    cases = [Case(kind, name, make_query) for name in POPULATIONS]
    lanes = [(key, c.params, INIT(key, c.params)) for c in cases for key in KEYS]
    keys, params, states = stack(*lanes)
    together = ask(kind, keys, params, states, cases[0].query)
    for i, lane in enumerate(lanes):
        alone = ask_jitted(kind, *lane, cases[0].query)
        assert_same(jax.tree.map(lambda leaf, i=i: leaf[i], together), alone)


def test_the_same_key_gives_the_same_bytes(case):
    for left, right in zip(
        *(jax.tree.leaves(case.run()) for _ in range(2)), strict=True
    ):
        np.testing.assert_array_equal(left, right)


def test_another_key_gives_other_answers_and_times(case):
    _, first = case.run()
    _, other = case.run(key=OTHER_KEY)
    asked = case.query.is_asked
    assert (first.seconds != other.seconds)[asked].all()
    is_same = bool((first.answer == other.answer).all())
    # Perfect people answer alike whatever the key, adversaries on a clear scale too;
    # of numbers it holds to the noise that their skill leaves.
    if case.kind == "number" and case.name == "perfect":
        np.testing.assert_allclose(first.answer, other.answer, atol=2e-3)
        return
    assert is_same == (case.name == "perfect") or case.name == "adversary"


def test_rows_in_another_order_give_the_same_answers_in_that_order(case):
    order = np.random.default_rng(2).permutation(NUM_QUESTIONS)
    shuffled = jax.tree.map(lambda leaf: leaf[order], case.query)
    _, first = case.run()
    _, moved = case.run(query=shuffled)
    np.testing.assert_array_equal(first.answer[order], moved.answer)


def test_a_queue_cut_in_two_gives_what_the_whole_queue_gives(case):
    half = NUM_QUESTIONS // 2
    head = jax.tree.map(lambda leaf: leaf[:half], case.query)
    tail = jax.tree.map(lambda leaf: leaf[half:], case.query)
    state, first = case.run(query=head)
    state, second = case.run(query=tail, state=state)
    whole = jax.tree.map(lambda *parts: jnp.concatenate(parts), first, second)
    assert_same((state, whole), case.run())


def test_a_person_answers_the_same_alone_as_in_the_crowd(case):
    one = slice(1, 2)
    alone = map_people(lambda leaf: leaf[one], case.params)
    query = jax.tree.map(lambda leaf: leaf[:, one], case.query)
    crowd_state, crowd = case.run()
    lone = jax.tree.map(lambda leaf: leaf[:, one], crowd)
    lone_state = jax.tree.map(lambda leaf: leaf[one], crowd_state)
    assert_same(case.run(params=alone, query=query), (lone_state, lone))


def test_the_state_keeps_its_structure_and_can_be_scanned(case):
    state = case.oracle.init(KEY, case.params)
    after, _ = case.run()
    assert jax.tree.structure(state) == jax.tree.structure(after)
    for before_leaf, after_leaf in zip(state, after, strict=True):
        assert before_leaf.shape == after_leaf.shape
        assert before_leaf.dtype == after_leaf.dtype


def test_time_is_spent_where_asked_and_nowhere_else(case):
    state, response = case.run()
    asked = np.asarray(case.query.is_asked)
    assert (np.asarray(response.seconds)[asked] > 0).all()
    assert (np.asarray(response.seconds)[~asked] == 0).all()
    np.testing.assert_array_equal(state.trials, asked.sum(axis=0))
    np.testing.assert_allclose(state.time_s, response.seconds.sum(axis=0), rtol=1e-5)


def test_what_is_not_asked_is_not_answered_and_what_is_asked_is(case):
    _, response = case.run()
    asked = np.asarray(case.query.is_asked)
    answer = np.asarray(response.answer)
    assert (answer[~asked] == -1).all()
    assert (answer[asked] >= 0).all() or case.kind == "number"
    np.testing.assert_array_equal(response.is_answered, asked)
    confidence = np.asarray(response.confidence)
    assert (confidence[~asked] == 0).all()
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_padding_of_any_content_changes_nothing_else(case):
    asked = case.query.is_asked
    junk = case.query._replace(
        item=jnp.where(asked, case.query.item, 999),
        size=jnp.where(asked, case.query.size, 0.0),
        difficulty=jnp.where(asked, case.query.difficulty, 5.0),
    )
    assert_same(case.run(query=junk), case.run())


def test_the_last_answer_of_each_person_is_carried_along(case):
    state, response = case.run()
    answer = np.asarray(response.answer)
    first = answer if answer.ndim == 2 else answer[:, :, 0]
    for person in range(NUM_PEOPLE):
        given = first[np.asarray(case.query.is_asked)[:, person], person]
        # of a number its whole part
        assert state.last_answer[person] == int(given[-1])


def test_an_empty_round_leaves_the_state_as_it_was(case):
    state, _ = case.run()
    silent = case.query._replace(is_asked=jnp.zeros_like(case.query.is_asked))
    after, _ = case.run(query=silent, state=state)
    for before_leaf, after_leaf in zip(state, after, strict=True):
        np.testing.assert_array_equal(before_leaf, after_leaf)


@pytest.mark.parametrize("kind", list(FEEDBACK))
def test_a_sweep_over_populations_and_parameters_is_traced_once(kind, make_query):
    cases = [Case(kind, name, make_query) for name in POPULATIONS]
    times = [float(case.run()[1].seconds.sum()) for case in cases]
    assert len(set(times)) == len(times)
    assert TRACES[kind, cases[0].query.item.shape] == 1


@pytest.mark.parametrize("kind", ["label", "verification", "importance", "marks"])
def test_a_program_stays_as_large_however_many_options_there_are(
    kind, make_query, make_crowd
):
    # Both are multiples of 16, the turns unrolled of the loop that finds the best.
    small, large = (
        program_lines(kind, num, make_query, make_crowd) for num in (32, 176)
    )
    assert len(large) == len(small)
    # Only draws shift words. Where one spans the options, compilers unroll it: 16
    # groups to mark once took 80 s to compile.
    draws = [line for line in large if "shift_right_logical" in line]
    assert draws
    assert not any("176x" in line or "352x" in line for line in draws)


@pytest.mark.parametrize("name", list(POPULATIONS))
def test_a_population_answers_alike_with_and_without_its_neutral_traits(
    name, make_query
):
    case = Case("label", name, make_query)
    own = SAMPLE(KEY, build_population(name, "label", 5), NUM_PEOPLE)
    state = case.oracle.init(KEY, own)
    assert_same(JITTED(KEY, own, state, case.query), case.run())


@pytest.mark.parametrize("kind", list(FEEDBACK))
def test_stacked_populations_are_sampled_like_each_alone(kind):
    together = SAMPLE_STACKED(KEY, stacked_populations(kind), NUM_PEOPLE)
    for i, name in enumerate(POPULATIONS):
        population = build_population(name, kind, NUM_OPTIONS[kind])
        alone = SAMPLE(KEY, population, NUM_PEOPLE)
        lane = jax.tree.map(lambda leaf, i=i: leaf[i], together)
        lacking = {name: None for name in lane._fields if getattr(alone, name) is None}
        lane = lane._replace(
            **lacking, extra={name: lane.extra[name] for name in alone.extra}
        )
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6),
            lane,
            alone,
        )


def test_kinds_draw_independently_of_each_other(make_query, make_crowd):
    query = make_query(2000, 1, 2)
    params = make_crowd(1, own=0.0)
    is_right = [
        np.asarray(ask_jitted(kind, KEY, params, INIT(KEY, params), query)[1].answer)
        for kind in ("label", "relevance")
    ]
    both = (is_right[0] == 1) & (is_right[1] == 2)
    assert abs(both.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 2000)


def test_the_global_generator_of_numpy_is_not_touched(case):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    build_population(case.name, case.kind, NUM_OPTIONS[case.kind])
    sample_annotators(OTHER_KEY, case.population, NUM_PEOPLE)
    case.run()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
