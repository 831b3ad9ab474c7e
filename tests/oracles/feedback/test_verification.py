import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL
from oracles.feedback import FEEDBACK
from oracles.feedback.verification import YES

VERIFICATION = FEEDBACK["verification"]

KEY = jax.random.key(52)
COUNT = 8000
verify = jax.jit(VERIFICATION.answer)
label = jax.jit(LABEL.answer)


def ask(params, query, suggestion):
    state = VERIFICATION.init(KEY, params)
    return verify(KEY, params, state, query._replace(suggestion=suggestion))[1]


def test_a_person_confirms_exactly_what_the_same_person_would_name(
    make_query, make_crowd
):
    query = make_query(COUNT, 2, 4)
    params = make_crowd(2, skill=1.0, own=0.5, shared=0.7)
    named = label(KEY, params, LABEL.init(KEY, params), query)[1].answer
    suggestion = (query.truth + query.item % 2) % 4
    given = ask(params, query, suggestion).answer
    np.testing.assert_array_equal(given == YES, named == suggestion)


@pytest.mark.parametrize("shift", [0, 1])
def test_yes_follows_the_softmax_of_the_suggested_class(make_query, make_crowd, shift):
    query = make_query(COUNT, 1, 4)
    given = ask(make_crowd(1, skill=1.5), query, (query.truth + shift) % 4)
    expected = (np.exp(1.5) if shift == 0 else 1.0) / (np.exp(1.5) + 3)
    error = np.sqrt(expected * (1 - expected) / COUNT)
    assert abs(float((given.answer == YES).mean()) - expected) < 4 * error


def test_a_lapse_says_yes_half_the_time_whatever_is_suggested(make_query, make_crowd):
    query = make_query(COUNT, 1, 10)
    for shift in (0, 1):
        given = ask(
            make_crowd(1, skill=60.0, lapse=1.0), query, (query.truth + shift) % 10
        )
        error = 0.5 / np.sqrt(COUNT)
        assert abs(float((given.answer == YES).mean()) - 0.5) < 4 * error


def test_a_question_without_a_suggestion_is_refused(make_query, make_crowd):
    with pytest.raises(ValueError, match=r"`query.suggestion` must be given"):
        ask(make_crowd(1), make_query(3, 1, 4), None)


def test_an_error_takes_longer_to_confirm_than_the_truth_only_by_conflict(
    make_query, make_crowd
):
    query = make_query(COUNT, 1, 4)
    given = ask(make_crowd(1, skill=3.0, conflict=1.0), query, query.truth)
    is_right = np.asarray(given.answer == YES)
    log_time = np.log(np.asarray(given.seconds))
    gap = log_time[~is_right].mean() - log_time[is_right].mean()
    error = log_time.std() * np.sqrt(1 / is_right.sum() + 1 / (~is_right).sum())
    assert gap > 4 * error
    # Without noise of its own, time is the conflict: the softplus of minus the margin.
    margin = np.asarray(given.confidence)
    np.testing.assert_allclose(log_time, -np.log(margin), atol=1e-4)
    assert jnp.all(given.is_answered)
