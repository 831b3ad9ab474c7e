import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.feedback import FEEDBACK
from oracles.feedback.preference import FIRST, SECOND, TIE

PREFERENCE = FEEDBACK["preference"]

KEY = jax.random.key(62)
COUNT = 8000
WORTH = np.array([0.9, 0.3, 0.0, -0.5, -0.7], np.float32)
answer = jax.jit(PREFERENCE.answer)


def ask(params, query):
    return answer(KEY, params, PREFERENCE.init(KEY, params), query)[1]


def compare(query, first, second, num_objects=0):
    """Ask for comparisons of two objects of the ladder; ids may run further."""
    ids = jnp.stack([first, second], axis=-1)
    worth = jnp.asarray(WORTH)[ids % len(WORTH)]
    return query._replace(options=ids + num_objects, utility=worth)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("skill", "band"), [(1.0, 0.0), (2.0, 0.7), (0.0, 1.5)])
def test_answers_follow_rao_and_kupper(make_query, make_crowd, skill, band):
    query = make_query(COUNT, 1, 2)
    # Each object only once: no noise is shared between questions.
    ids = jnp.arange(2 * COUNT, dtype=jnp.int32).reshape(COUNT, 1, 2) * 5
    worth = jnp.broadcast_to(jnp.asarray([0.8, -0.2]), (COUNT, 1, 2))
    given = np.asarray(
        ask(
            make_crowd(1, skill=skill, band=band, own=0.5),
            query._replace(options=ids, utility=worth),
        ).answer
    )
    first, second = sigmoid(skill - band), sigmoid(-skill - band)
    for option, expected in (
        (FIRST, first),
        (SECOND, second),
        (TIE, 1 - first - second),
    ):
        error = np.sqrt(expected * (1 - expected) / COUNT)
        assert abs((given == option).mean() - expected) <= 4 * error


def test_swapping_the_two_objects_swaps_the_answer(make_query, make_crowd):
    query = make_query(500, 2, 2)
    first, second = query.item % 5, (query.item + 1 + query.item // 5 % 4) % 5
    params = make_crowd(2, skill=1.0, band=0.4, own=0.6, shared=0.7)
    given = ask(params, compare(query, first, second)).answer
    swapped = ask(params, compare(query, second, first)).answer
    np.testing.assert_array_equal(swapped, 2 - given)


def test_what_persists_is_tied_to_the_object_and_makes_choices_transitive(
    make_query, make_crowd
):
    query = make_query(900, 1, 2)
    triple, turn = query.item // 3, query.item % 3
    first, second = 3 * triple + turn, 3 * triple + (turn + 1) % 3
    asked = query._replace(options=jnp.stack([first, second], axis=-1))

    def cycles(own):
        wins = ask(make_crowd(1, own=own), asked).answer[:, 0].reshape(300, 3) == FIRST
        return float((wins.all(axis=1) | ~wins.any(axis=1)).mean())

    assert cycles(0.0) == 0.0
    # Three independent fair choices form a cycle a quarter of the time.
    assert abs(cycles(1.0) - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 300)
