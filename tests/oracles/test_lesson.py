import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL, build_population, sample_annotators

KEY = jax.random.key(9)
PEOPLE, QUESTIONS, OPTIONS = 1500, 80, 4
ANSWER = jax.jit(LABEL.answer)


@pytest.fixture(scope="module")
def query(make_query):
    plain = make_query(QUESTIONS, PEOPLE, OPTIONS)
    return plain._replace(item=plain.item + 1000 * jnp.arange(PEOPLE)[None, :])


def marked(query, is_marked=True):
    return query._replace(is_marked=jnp.full(query.item.shape, is_marked))


def ask(params, query, state=None):
    state = LABEL.init(KEY, params) if state is None else state
    after, given = ANSWER(KEY, params, state, query)
    return after, np.asarray(given.answer) == np.asarray(query.truth), given


def test_accuracy_approaches_that_of_the_skill_in_the_long_run(make_crowd, query):
    people = make_crowd(PEOPLE, skill=0.5, learning=1.5, learning_trials=10.0)
    _, right, _ = ask(people, marked(query))
    skill = 0.5 + 1.5 * (1 - np.exp(-np.arange(QUESTIONS) / 10.0))
    expected = 1 / (1 + (OPTIONS - 1) * np.exp(-skill))
    error = np.sqrt(expected * (1 - expected) / PEOPLE)
    assert (np.abs(right.mean(axis=1) - expected) < 4 * error).all()


def test_nobody_learns_without_marks_or_from_what_is_not_asked(make_crowd, query):
    learner = make_crowd(PEOPLE, skill=0.5, learning=1.5, learning_trials=10.0)
    plain = ask(make_crowd(PEOPLE, skill=0.5), query)[2]
    for told in (query, marked(query, is_marked=False)):
        np.testing.assert_array_equal(ask(learner, told)[2].answer, plain.answer)
    silent = marked(query)._replace(is_asked=jnp.zeros(query.item.shape, bool))
    assert (np.asarray(ask(learner, silent)[0].lessons) == 0).all()


def test_marks_change_nothing_for_people_who_do_not_learn(make_crowd, query):
    people = make_crowd(PEOPLE, skill=0.5)
    state, _, told = ask(people, marked(query))
    np.testing.assert_array_equal(told.answer, ask(people, query)[2].answer)
    assert (np.asarray(state.lessons) == QUESTIONS).all()


def test_a_queue_cut_in_two_teaches_like_the_whole(make_crowd, query):
    people = make_crowd(PEOPLE, skill=0.5, learning=1.5, learning_trials=10.0)
    whole_state, _, whole = ask(people, marked(query))
    first, second = (
        jax.tree.map(lambda leaf, rows=rows: leaf[rows], marked(query))
        for rows in (slice(0, 30), slice(30, None))
    )
    state, _, early = ask(people, first)
    state, _, late = ask(people, second, state)
    both = jnp.concatenate([early.answer, late.answer])
    np.testing.assert_array_equal(both, whole.answer)
    np.testing.assert_array_equal(state.lessons, whole_state.lessons)


def test_a_population_learns_when_it_is_given_a_rate():
    population = build_population("typical", "label", OPTIONS, learning=0.8)
    people = sample_annotators(KEY, population, 3)
    np.testing.assert_allclose(people.learning, 0.8)
    np.testing.assert_allclose(people.learning_trials, 50.0)
    LABEL.check(people)
    assert build_population("typical", "label", OPTIONS).learning_trials is None


def test_a_rate_without_its_gain_is_refused(make_crowd):
    people = make_crowd(3, learning=1.0)
    with pytest.raises(ValueError, match="`learning_trials` must be given"):
        LABEL.check(people)
