import jax
import jax.numpy as jnp
import numpy as np

from oracles.aggregate import majority, weighted_majority


def test_the_most_frequent_answer_wins_and_shares_are_of_those_who_answered():
    answers = jnp.array([[2, 2, 0], [1, 0, -1]])
    is_answered = jnp.array([[True, True, True], [True, False, False]])
    label, share = majority(answers, is_answered, 3)
    np.testing.assert_array_equal(label, [2, 1])
    np.testing.assert_allclose(share, [[1 / 3, 0, 2 / 3], [0, 1, 0]], rtol=1e-6)


def test_an_item_without_answers_has_no_label_and_no_share():
    label, share = majority(jnp.array([[-1, 2]]), jnp.zeros((1, 2), bool), 3)
    assert label[0] == -1
    np.testing.assert_array_equal(share, 0.0)


def test_without_a_key_ties_go_to_the_lowest_option():
    answers = jnp.array([[2, 1, 0], [2, 1, 2]])
    label, _ = majority(answers, jnp.array([[True] * 3, [True, True, False]]), 3)
    np.testing.assert_array_equal(label, [0, 1])


def test_with_a_key_ties_fall_evenly_and_only_on_tied_options():
    answers = jnp.tile(jnp.array([[3, 1]]), (4000, 1))
    label, _ = majority(answers, jnp.ones((4000, 2), bool), 4, jax.random.key(0))
    counts = np.bincount(label, minlength=4)
    assert counts[0] == counts[2] == 0
    assert abs(counts[1] / 4000 - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_a_key_never_overturns_a_majority():
    answers = jnp.tile(jnp.array([[0, 2, 2]]), (2000, 1))
    label, _ = majority(answers, jnp.ones((2000, 3), bool), 3, jax.random.key(1))
    assert (label == 2).all()


def test_the_heavier_answer_wins_and_shares_are_of_the_weight():
    answers = jnp.array([[2, 2, 0], [1, 0, -1]])
    is_answered = jnp.array([[True, True, True], [True, True, False]])
    weight = jnp.array([[1.0, 1.0, 3.0], [0.5, 1.5, 9.0]])
    label, share = weighted_majority(answers, is_answered, weight, 3)
    np.testing.assert_array_equal(label, [0, 0])
    np.testing.assert_allclose(share, [[0.6, 0, 0.4], [0.75, 0.25, 0]], rtol=1e-6)


def test_weights_equal_those_of_crowd_kit(asked, fit_crowd_kit):
    skill = np.linspace(0.2, 1.7, 6)
    theirs = fit_crowd_kit("MajorityVote", asked, skills=skill)
    answers, people, is_answered, _ = asked
    weight = jnp.asarray(skill, jnp.float32)[people]
    label, share = weighted_majority(answers, is_answered, weight, 4)
    expected = theirs.probas_.sort_index().sort_index(axis=1)
    np.testing.assert_allclose(share, expected, atol=1e-6)
    is_clear = np.sort(expected.to_numpy())[:, -1] > np.sort(expected.to_numpy())[:, -2]
    np.testing.assert_array_equal(
        np.asarray(label)[is_clear], theirs.labels_.sort_index().to_numpy()[is_clear]
    )


def test_a_person_who_counts_less_than_nothing_speaks_for_the_others():
    label, share = weighted_majority(
        jnp.array([[0, 1]]), jnp.ones((1, 2), bool), jnp.array([[-2.0, -1.0]]), 3
    )
    assert label[0] == 2
    np.testing.assert_allclose(share, [[-2 / 3, -1 / 3, 0]], rtol=1e-6)


def test_equal_weights_tie_although_their_sums_round_differently():
    answers = jnp.tile(jnp.array([[0, 1, 0, 1, 0, 1]]), (2000, 1))
    weight = jnp.tile(jnp.array([[0.1, 0.3, 0.2, 0.1, 0.3, 0.2]]), (2000, 1))
    label, _ = weighted_majority(
        answers, jnp.ones((2000, 6), bool), weight, 2, jax.random.key(2)
    )
    assert abs((label == 1).mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)
