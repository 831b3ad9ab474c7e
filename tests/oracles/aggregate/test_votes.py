import jax
import jax.numpy as jnp
import numpy as np

from oracles.aggregate.votes import count_votes


def test_the_most_frequent_answer_wins_and_shares_are_of_those_who_answered():
    answers = jnp.array([[2, 2, 0], [1, 0, -1]])
    is_answered = jnp.array([[True, True, True], [True, False, False]])
    label, share = count_votes(answers, is_answered, 3)
    np.testing.assert_array_equal(label, [2, 1])
    np.testing.assert_allclose(share, [[1 / 3, 0, 2 / 3], [0, 1, 0]], rtol=1e-6)


def test_an_item_without_answers_has_no_label_and_no_share():
    label, share = count_votes(jnp.array([[-1, 2]]), jnp.zeros((1, 2), bool), 3)
    assert label[0] == -1
    np.testing.assert_array_equal(share, 0.0)


def test_without_a_key_ties_go_to_the_lowest_option():
    answers = jnp.array([[2, 1, 0], [2, 1, 2]])
    label, _ = count_votes(answers, jnp.array([[True] * 3, [True, True, False]]), 3)
    np.testing.assert_array_equal(label, [0, 1])


def test_with_a_key_ties_fall_evenly_and_only_on_tied_options():
    answers = jnp.tile(jnp.array([[3, 1]]), (4000, 1))
    label, _ = count_votes(answers, jnp.ones((4000, 2), bool), 4, jax.random.key(0))
    counts = np.bincount(label, minlength=4)
    assert counts[0] == counts[2] == 0
    assert abs(counts[1] / 4000 - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_a_key_never_overturns_a_majority():
    answers = jnp.tile(jnp.array([[0, 2, 2]]), (2000, 1))
    label, _ = count_votes(answers, jnp.ones((2000, 3), bool), 3, jax.random.key(1))
    assert (label == 2).all()
