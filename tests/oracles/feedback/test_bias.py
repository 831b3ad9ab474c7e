"""Confusion, suggestions, guesses, habit and abstention."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL, RELEVANCE
from oracles.feedback import FEEDBACK

PREFERENCE = FEEDBACK["preference"]
VERIFICATION = FEEDBACK["verification"]

KEY = jax.random.key(29)
COUNT = 8000
ANSWER = {
    oracle: jax.jit(oracle.answer)
    for oracle in (LABEL, RELEVANCE, PREFERENCE, VERIFICATION)
}


def ask(params, query, oracle=LABEL):
    return ANSWER[oracle](KEY, params, oracle.init(KEY, params), query)


def assert_share(hits, expected):
    hits = np.asarray(hits)
    error = np.sqrt(expected * (1 - expected) / hits.size)
    assert abs(hits.mean() - expected) < 4 * error


def test_confused_classes_follow_the_softmax_of_their_row(make_query, make_crowd):
    confusion = np.array([[1.0, 0.5, -1.0], [0.0, 2.0, 0.3], [0.0, -0.7, 0.7]])
    query = make_query(COUNT, 1, 3)
    params = make_crowd(1, skill=0.5, confusion=confusion, own=0.5, shared=0.8)
    given = np.asarray(ask(params, query)[1].answer)
    truth = np.asarray(query.truth)
    shares = np.exp(confusion + 0.5 * np.eye(3))
    shares /= shares.sum(axis=1, keepdims=True)
    for row in range(3):
        for option in range(3):
            assert_share(given[truth == row] == option, shares[row, option])


@pytest.mark.parametrize(
    ("oracle", "options"), [(LABEL, 4), (RELEVANCE, 2), (PREFERENCE, 2)]
)
def test_a_suggestion_pulls_by_the_log_odds_stated(
    make_query, make_crowd, oracle, options
):
    query = make_query(COUNT, 1, options)
    query = query._replace(suggestion=query.item % options)
    given = ask(make_crowd(1, automation_bias=1.2), query, oracle)[1].answer
    # Relevance and preference answer 0 or 2 where there is no band.
    option = given if oracle is LABEL else given // 2
    expected = np.exp(1.2) / (np.exp(1.2) + options - 1)
    assert_share(option == query.suggestion, expected)


def test_a_pull_confirms_more_of_what_is_suggested(make_query, make_crowd):
    query = make_query(COUNT, 1, 4)
    query = query._replace(suggestion=(query.truth + 1) % 4)
    given = ask(make_crowd(1, skill=1.0, automation_bias=2.0), query, VERIFICATION)[
        1
    ].answer
    expected = np.exp(2.0) / (np.exp(2.0) + np.exp(1.0) + 2)
    assert_share(given == 1, expected)


def test_nobody_is_pulled_where_nothing_is_suggested(make_query, make_crowd):
    query = make_query(300, 1, 4)
    query = query._replace(suggestion=jnp.full_like(query.item, -1))
    plain = ask(make_crowd(1, skill=1.0), query)[1].answer
    pulled = ask(make_crowd(1, skill=1.0, automation_bias=5.0), query)[1].answer
    np.testing.assert_array_equal(plain, pulled)


def test_a_lapse_guesses_by_the_persons_own_shares(make_query, make_crowd):
    guess = np.array([0.5, 0.3, 0.15, 0.05])
    given = ask(
        make_crowd(1, skill=60.0, lapse=1.0, guess=guess), make_query(COUNT, 1, 4)
    )[1].answer
    for option, share in enumerate(guess):
        assert_share(given == option, share)


def test_habit_repeats_the_previous_answer_by_the_log_odds_stated(
    make_query, make_crowd
):
    query = make_query(COUNT, 1, 4)
    given = np.asarray(ask(make_crowd(1, response_repetition=1.5), query)[1].answer)[
        :, 0
    ]
    assert_share(given[1:] == given[:-1], np.exp(1.5) / (np.exp(1.5) + 3))


def test_habit_goes_on_from_the_last_round_and_over_what_is_not_asked(
    make_query, make_crowd
):
    query = make_query(60, 2, 4)
    asked = np.random.default_rng(0).random((60, 2)) < 0.6
    query = query._replace(is_asked=jnp.asarray(asked))
    params = make_crowd(
        2, skill=0.5, response_repetition=2.0, lapse=0.1, skip_margin=0.3
    )
    _, whole = ask(params, query)
    head, tail = (
        jax.tree.map(lambda x, s=s: x[s], query) for s in (slice(25), slice(25, 60))
    )
    state, first = ask(params, head)
    _, second = ANSWER[LABEL](KEY, params, state, tail)
    both = jnp.concatenate([first.answer, second.answer])
    np.testing.assert_array_equal(both, whole.answer)


def test_people_abstain_where_the_margin_is_below_theirs(make_query, make_crowd):
    query = make_query(COUNT, 1, 4)
    given = ask(make_crowd(1, skill=1.0, skip_margin=0.8), query)[1]
    # P(the margin exceeds m) = sum over options of sigma(d_k - m)
    worth = np.array([1.0, 0.0, 0.0, 0.0])
    rest = [np.log(np.exp(np.delete(worth, k)).sum()) for k in range(4)]
    chances = 1 / (1 + np.exp(0.8 + np.array(rest) - worth))
    assert_share(given.is_answered, chances.sum())
    answered = np.asarray(given.is_answered)
    right = np.asarray(given.answer == query.truth)[answered]
    assert_share(right, chances[0] / chances.sum())
    assert (np.asarray(given.answer)[~answered] == -1).all()
    assert (np.asarray(given.confidence)[~answered] == 0).all()
    assert (np.asarray(given.seconds) > 0).all()


def test_people_abstain_where_nothing_is_worth_an_answer(make_query, make_crowd):
    query = make_query(6, 1, 2)
    level = jnp.asarray([-2.0, -0.5, 0.0, 0.4, 0.6, 3.0])
    query = query._replace(utility=jnp.stack([level, level - 1], axis=-1)[:, None])
    params = make_crowd(1, skill=1.0, skip_level=0.5)
    state, given = ask(params, query, PREFERENCE)
    np.testing.assert_array_equal(given.is_answered[:, 0], [0, 0, 0, 0, 1, 1])
    np.testing.assert_array_equal(state.trials, [6])


def test_whoever_guesses_never_abstains(make_query, make_crowd):
    params = make_crowd(1, lapse=1.0, skip_margin=9.0, skip_level=9.0)
    assert ask(params, make_query(50, 1, 4))[1].is_answered.all()
