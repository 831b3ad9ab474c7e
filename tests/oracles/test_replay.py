"""Recorded answers stand behind the contract, and what is missing is counted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import Query
from oracles.annotators import symmetric
from oracles.feedback import FEEDBACK
from oracles.replay import (
    Recording,
    build_replay,
    count_people,
    record_answers,
)

KEY = jax.random.key(3)


def make_query(item, occasion=None) -> Query:
    item = jnp.asarray(item, jnp.int32)
    if occasion is not None:
        occasion = jnp.asarray(occasion, jnp.int32)
    plain = jnp.zeros(item.shape)
    return Query(
        item=item,
        occasion=occasion,
        truth=jnp.zeros(item.shape, jnp.int32),
        utility=jnp.zeros((*item.shape, 3)),
        difficulty=plain,
        discrimination=plain + 1.0,
        size=plain + 1.0,
        is_asked=jnp.ones(item.shape, bool),
    )


def make_recording(**columns):
    """Two people, four items; person 1 skipped item 2 and never saw items 0 and 3."""
    seconds = [4.0, 5.0, 6.0, 7.0, 8.0]
    answers = record_answers(
        [0, 0, 0, 1, 1],
        [0, 1, 3, 1, 2],
        [2, 1, 0, 2, -1],
        2,
        num_items=4,
        **({"seconds": seconds} | columns),
    )
    return Recording(answers, symmetric([0.9, 0.9], 3))


def ask(policy, recording, query):
    oracle = build_replay("label", policy)
    oracle.check(recording)
    return jax.jit(oracle.answer)(KEY, recording, oracle.init(KEY, recording), query)


def test_what_was_recorded_is_replayed_with_its_time():
    state, response = ask("refuse", make_recording(), make_query([[1, 1], [3, 2]]))
    np.testing.assert_array_equal(response.answer, [[1, 2], [0, -1]])
    np.testing.assert_array_equal(response.seconds, [[5.0, 7.0], [6.0, 8.0]])
    np.testing.assert_array_equal(response.is_answered, [[True, True], [True, False]])
    np.testing.assert_array_equal(state.num_replayed, [2, 2])


def test_a_question_beyond_the_record_is_counted():
    state, response = ask("refuse", make_recording(), make_query([[0, 0], [2, 3]]))
    np.testing.assert_array_equal(response.answer, [[2, -1], [-1, -1]])
    np.testing.assert_array_equal(response.seconds, [[4.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(state.num_missing, [1, 2])


def test_fitted_people_answer_what_nobody_did_and_nothing_else():
    recording, query = make_recording(), make_query([[0, 0], [1, 3]])
    state, response = ask("model", recording, query)
    label = FEEDBACK["label"]
    people = recording.people
    put = query._replace(is_asked=jnp.array([[False, True], [False, True]]))
    _, model = label.answer(KEY, people, label.init(KEY, people), put)
    np.testing.assert_array_equal(response.answer[:, 0], [2, 1])
    np.testing.assert_array_equal(response.answer[:, 1], model.answer[:, 1])
    np.testing.assert_array_equal(state.num_missing, [0, 2])
    assert (response.seconds[:, 1] > 0).all()


def test_second_looks_are_answered_by_second_looks():
    answers = record_answers([0, 0], [0, 0], [1, 2], 1, occasion=[0, 1])
    recording = Recording(answers, symmetric([0.9], 3))
    _, response = ask("refuse", recording, make_query([[0], [0]], [[0], [1]]))
    np.testing.assert_array_equal(response.answer, [[1], [2]])


def test_an_answer_without_a_time_takes_that_of_the_fitted_people_and_is_counted():
    times = [4.0, np.nan, 6.0, 7.0, 8.0]
    recording, query = make_recording(seconds=times), make_query([[0, 2], [1, 1]])
    oracle = build_replay("label", "refuse", is_timed=False)
    state, response = oracle.answer(KEY, recording, oracle.init(KEY, recording), query)
    label, people = FEEDBACK["label"], recording.people
    _, model = label.answer(KEY, people, label.init(KEY, people), query)
    np.testing.assert_array_equal(response.answer, [[2, -1], [1, 2]])
    np.testing.assert_array_equal(response.seconds[:, 1], [8.0, 7.0])
    assert response.seconds[0, 0] == 4.0
    assert response.seconds[1, 0] == model.seconds[1, 0] > 0.0
    np.testing.assert_array_equal(state.num_untimed, [1, 0])


def test_people_are_counted_who_looked_at_an_item_often_enough():
    answers = record_answers(
        [0, 0, 1, 2, 2], [0, 0, 0, 1, 1], [0] * 5, 3, occasion=[0, 1, 0, 0, 1]
    )
    np.testing.assert_array_equal(count_people(answers, 1, 3), [2, 1, 0])
    np.testing.assert_array_equal(count_people(answers, 2, 3), [1, 1, 0])
    np.testing.assert_array_equal(count_people(answers, 3, 3), [0, 0, 0])


@pytest.mark.parametrize("item", [-1, 4, 9])
def test_an_item_that_does_not_exist_is_missing(item):
    state, response = ask("refuse", make_recording(), make_query([[item, 1]]))
    np.testing.assert_array_equal(response.answer, [[-1, 2]])
    np.testing.assert_array_equal(state.num_missing, [1, 0])


def test_what_is_not_asked_is_neither_answered_nor_counted():
    query = make_query([[0, 0]])._replace(is_asked=jnp.zeros((1, 2), bool))
    state, response = ask("model", make_recording(), query)
    assert not response.is_answered.any()
    assert int(state.num_missing.sum() + state.num_replayed.sum()) == 0


def test_two_answers_to_one_question_are_refused():
    with pytest.raises(ValueError, match="two of person 0 to item 1 on occasion 0"):
        record_answers([0, 0], [1, 1], [1, 2], 1)


def test_ids_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"`person` must be in \[0, 1\), got 1"):
        record_answers([1], [0], [0], 1)


def test_unknown_policies_and_kinds_are_refused():
    with pytest.raises(ValueError, match="`policy` must be one of 'refuse'"):
        build_replay("label", "guess")
    with pytest.raises(ValueError, match="`kind` must be one of 'difficulty'"):
        build_replay("importance", "refuse")
