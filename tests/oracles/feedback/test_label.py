import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL

KEY = jax.random.key(51)
answer = jax.jit(LABEL.answer)


def ask(params, query):
    return answer(KEY, params, LABEL.init(KEY, params), query)[1]


def test_systematic_utilities_are_log_choice_probabilities(make_query, make_crowd):
    shares = np.array([0.5, 0.3, 0.15, 0.05], np.float32)
    query = make_query(8000, 1, 4)
    query = query._replace(utility=query.utility + jnp.log(shares)[None, None, :])
    given = np.asarray(ask(make_crowd(1, shared=0.7, own=0.5), query).answer)
    for option, share in enumerate(shares):
        error = np.sqrt(share * (1 - share) / 8000)
        assert abs((given == option).mean() - share) < 4 * error


def test_a_constant_added_to_all_options_changes_nothing(make_query, make_crowd):
    query = make_query(8000, 1, 4)
    moved = query._replace(utility=query.utility + 3.0)
    params = make_crowd(1, skill=1.0)
    np.testing.assert_array_equal(ask(params, query).answer, ask(params, moved).answer)


@pytest.mark.parametrize(
    ("skill", "difficulty", "discrimination", "expected"),
    [
        (2.0, 2.0, 1.0, 0.0),
        (60.0, 0.0, 0.0, 0.0),
        (1.0, 0.0, 2.0, 2.0),
        (1.0, -1.0, 0.5, 1.0),
    ],
)
def test_signal_is_discrimination_times_skill_less_difficulty(
    make_query, make_crowd, skill, difficulty, discrimination, expected
):
    query = make_query(8000, 1, 4)
    query = query._replace(
        difficulty=query.difficulty + difficulty,
        discrimination=query.discrimination * discrimination,
    )
    given = ask(make_crowd(1, skill=skill), query)
    accuracy = np.exp(expected) / (np.exp(expected) + 3)
    error = np.sqrt(accuracy * (1 - accuracy) / 8000)
    assert abs(float((given.answer == query.truth).mean()) - accuracy) < 4 * error


def test_a_right_answer_is_stated_with_more_confidence(make_query, make_crowd):
    query = make_query(8000, 1, 4)
    given = ask(make_crowd(1, skill=2.0), query)
    is_right = np.asarray(given.answer == query.truth)
    confidence = np.asarray(given.confidence)
    error = confidence.std() * np.sqrt(1 / is_right.sum() + 1 / (~is_right).sum())
    assert confidence[is_right].mean() - confidence[~is_right].mean() > 4 * error
