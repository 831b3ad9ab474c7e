import jax
import jax.numpy as jnp
import numpy as np

from oracles import IMPORTANCE

KEY = jax.random.key(71)
LADDER = np.array([0.2, -1.0, 1.3, -0.5], np.float32)
COUNT = 8000
answer = jax.jit(IMPORTANCE.answer)


def ask(make_query, params):
    query = make_query(COUNT, 1, 4)
    query = query._replace(utility=query.utility + jnp.asarray(LADDER)[None, None, :])
    return np.asarray(
        answer(KEY, params, IMPORTANCE.init(KEY, params), query)[1].answer
    )


def test_first_places_are_a_softmax_of_importance(make_query, make_crowd):
    rankings = ask(make_query, make_crowd(1, skill=1.5, shared=0.6, own=0.4))
    expected = np.exp(1.5 * LADDER) / np.exp(1.5 * LADDER).sum()
    for group, share in enumerate(expected):
        error = np.sqrt(share * (1 - share) / COUNT)
        assert abs((rankings[:, 0, 0] == group).mean() - share) < 4 * error


def test_second_places_are_a_softmax_of_what_is_left(make_query, make_crowd):
    rankings = ask(make_query, make_crowd(1, skill=1.5))[:, 0]
    after_best = rankings[rankings[:, 0] == 2, 1]
    rest = np.exp(1.5 * LADDER[[0, 1, 3]])
    for group, share in zip((0, 1, 3), rest / rest.sum(), strict=True):
        error = np.sqrt(share * (1 - share) / after_best.size)
        assert abs((after_best == group).mean() - share) < 4 * error


def test_pairs_are_ordered_by_a_logistic_of_their_distance(make_query, make_crowd):
    place = np.argsort(ask(make_query, make_crowd(1, skill=1.5))[:, 0], axis=1)
    for better, worse in ((2, 0), (0, 3), (3, 1), (2, 1)):
        share = 1 / (1 + np.exp(-1.5 * (LADDER[better] - LADDER[worse])))
        error = np.sqrt(share * (1 - share) / COUNT)
        assert abs((place[:, better] < place[:, worse]).mean() - share) < 4 * error


def test_every_ranking_names_every_group_once(make_query, make_crowd):
    rankings = ask(make_query, make_crowd(1, skill=0.5, lapse=0.5))
    np.testing.assert_array_equal(
        np.sort(rankings, axis=-1), np.broadcast_to(np.arange(4), rankings.shape)
    )


def test_a_lapse_ranks_at_random(make_query, make_crowd):
    rankings = ask(make_query, make_crowd(1, skill=5.0, lapse=1.0))[:, 0]
    place = np.argsort(rankings, axis=1)
    error = np.sqrt(15 / 12 / COUNT)
    assert (np.abs(place.mean(axis=0) - 1.5) < 4 * error).all()
