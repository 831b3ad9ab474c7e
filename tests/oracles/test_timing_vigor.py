import jax
import numpy as np
import pytest

from oracles import LABEL

KEY = jax.random.key(19)
COUNT = 8000
answer = jax.jit(LABEL.answer)


def accuracy_of(signal, options=4):
    return np.exp(signal) / (np.exp(signal) + options - 1)


def ask(params, query, state=None):
    return answer(KEY, params, state or LABEL.init(KEY, params), query)


def test_tired_people_lose_their_share_of_the_signal(make_query, make_crowd):
    # A question takes a second: after the first hundred the load is past 20 fatigue_s.
    params = make_crowd(1, skill=2.0, fatigue=0.6, fatigue_s=5.0)
    query = make_query(COUNT, 1, 4)
    right = np.asarray(ask(params, query)[1].answer == query.truth)[100:, 0]
    expected = accuracy_of(2.0 * 0.4)
    error = np.sqrt(expected * (1 - expected) / right.size)
    assert abs(right.mean() - expected) < 4 * error


def test_fatigue_grows_exponentially_with_time_on_task(make_query, make_crowd):
    people = 4000
    params = make_crowd(people, skill=2.0, fatigue=0.6, fatigue_s=3.0)
    query = make_query(6, people, 4)
    right = np.asarray(ask(params, query)[1].answer == query.truth).mean(axis=1)
    vigor = 1 - 0.6 * (1 - np.exp(-np.arange(6) / 3.0))
    expected = accuracy_of(2.0 * vigor)
    error = np.sqrt(expected * (1 - expected) / people)
    assert (np.abs(right - expected) < 4 * error).all()


@pytest.mark.parametrize("learning", [1.0, -0.8])
def test_skill_grows_with_the_log_of_questions_met(make_query, make_crowd, learning):
    people = 6000
    params = make_crowd(people, skill=1.0, learning=learning)
    query = make_query(40, people, 4)
    right = np.asarray(ask(params, query)[1].answer == query.truth).mean(axis=1)
    expected = accuracy_of(1.0 + learning * np.log10(np.arange(1, 41) / 10.0))
    error = np.sqrt(expected * (1 - expected) / people)
    # forty shares at once: 4.5 standard errors are passed by chance once in 3,700
    assert (np.abs(right - expected) < 4.5 * error).all()


@pytest.mark.parametrize("caution", [-0.7, 0.5])
def test_caution_scales_the_signal_and_costs_time(make_query, make_crowd, caution):
    query = make_query(COUNT, 1, 4)
    given = ask(make_crowd(1, skill=1.5, caution=caution), query)[1]
    expected = accuracy_of(1.5 * np.exp(caution))
    error = np.sqrt(expected * (1 - expected) / COUNT)
    assert abs(float((given.answer == query.truth).mean()) - expected) < 4 * error
    np.testing.assert_allclose(given.seconds, np.exp(0.74 * caution), rtol=1e-5)
