"""Each exact constructor against its closed form on at least 1e5 draws."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from published_people import (
    bradley_terry_people,
    dawid_skene_people,
    glad,
    hammer_spammer,
    item_response,
    mace,
    pair_flip,
    plackett_luce_people,
)

from oracles import IMPORTANCE, LABEL
from oracles.annotators import symmetric
from oracles.feedback.preference import KIND

KEY = jax.random.key(49)
ITEMS, PEOPLE, OPTIONS = 120_000, 2, 3
ANSWER = {oracle: jax.jit(oracle.answer) for oracle in (LABEL, KIND.oracle, IMPORTANCE)}


def ask(make_query, params, oracle=LABEL, options=OPTIONS, **fields):
    """Ask two people about the same items; return answers and truth, numpy."""
    query = make_query(ITEMS, PEOPLE, options)
    query = query._replace(
        **{
            name: jnp.broadcast_to(
                jnp.asarray(value, jnp.float32), getattr(query, name).shape
            )
            for name, value in fields.items()
        }
    )
    _, given = ANSWER[oracle](KEY, params, oracle.init(KEY, params), query)
    return np.asarray(given.answer), np.asarray(query.truth)


def assert_shares(hits, expected):
    """Within 4 standard errors; exact where the chance is 0 or 1."""
    error = np.sqrt(expected * (1 - expected) / hits.size)
    assert abs(hits.mean() - expected) <= 4 * error + 1e-12


def assert_rows(given, truth, rows, minimum=30_000):
    """Compare answers by truth with `[A, K, K]` probabilities."""
    for a in range(PEOPLE):
        for c in range(OPTIONS):
            chosen = given[truth[:, a] == c, a]
            assert chosen.size > minimum
            for k in range(OPTIONS):
                assert_shares(chosen == k, rows[a, c, k])


def test_symmetric_people_are_right_with_p_and_else_evenly_wrong(make_query):
    accuracy = np.array([0.8, 0.2])
    given, truth = ask(make_query, symmetric(accuracy, OPTIONS))
    right = accuracy[:, None, None] * np.eye(OPTIONS)
    wrong = (1 - accuracy)[:, None, None] * (1 - np.eye(OPTIONS)) / (OPTIONS - 1)
    assert_rows(given, truth, right + wrong)


@pytest.mark.parametrize(("own", "shared"), [(1.0, 1.0), (0.4, 0.6)])
def test_dawid_skene_people_answer_by_their_matrix(make_query, own, shared):
    rows = np.random.default_rng(0).dirichlet(np.ones(OPTIONS), (PEOPLE, OPTIONS))
    rows[1, 0] = [0.0, 1.0, 0.0]
    people = dawid_skene_people(rows)._replace(
        own=jnp.full(PEOPLE, own), shared=jnp.float32(shared)
    )
    # Each item is asked of a person once, so no error clusters within a person.
    assert_rows(*ask(make_query, people), rows)


def test_pair_flippers_only_take_a_class_for_the_next(make_query):
    flip = np.array([0.45, 0.1])
    rows = [(1 - f) * np.eye(3) + f * np.roll(np.eye(3), 1, axis=1) for f in flip]
    assert_rows(*ask(make_query, pair_flip(flip, OPTIONS)), np.array(rows))


@pytest.mark.parametrize("discrimination", [1.0, 1.7])
def test_item_response_is_the_logistic_of_ability_less_difficulty(
    make_query, discrimination
):
    ability = np.array([1.2, -0.3])
    given, truth = ask(
        make_query,
        item_response(ability),
        options=2,
        difficulty=0.4,
        discrimination=discrimination,
    )
    expected = 1 / (1 + np.exp(-discrimination * (ability - 0.4)))
    for a in range(PEOPLE):
        assert_shares(given[:, a] == truth[:, a], expected[a])


def test_mace_people_spam_by_their_own_shares(make_query):
    spam, guess = np.array([0.3, 0.9]), np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    given, truth = ask(make_query, mace(spam, guess))
    rows = (1 - spam)[:, None, None] * np.eye(OPTIONS) + (
        spam[:, None, None] * guess[:, None, :]
    )
    assert_rows(given, truth, rows)


def test_hammers_are_right_and_spammers_guess(make_query):
    given, truth = ask(make_query, hammer_spammer([True, False]))
    assert (given[:, 0] == truth[:, 0]).all()
    assert_shares(given[:, 1] == truth[:, 1], 1 / OPTIONS)


def test_preferences_follow_bradley_terry_and_rao_kupper(make_query):
    people = bradley_terry_people([1.5, 0.7], [0.0, 0.6])
    given, _ = ask(make_query, people, KIND.oracle, 2, utility=[0.8, 0.1])
    for a, (scale, band) in enumerate([(1.5, 0.0), (0.7, 0.6)]):
        worth = np.exp(scale * np.array([0.8, 0.1]))
        theta = np.exp(band)
        first = worth[0] / (worth[0] + theta * worth[1])
        second = worth[1] / (worth[1] + theta * worth[0])
        assert_shares(given[:, a] == 0, first)
        assert_shares(given[:, a] == 2, second)
        assert_shares(given[:, a] == 1, 1 - first - second)


def test_rankings_follow_plackett_luce(make_query):
    importance = np.array([0.6, -0.4, 0.1])
    people = plackett_luce_people([1.5, 0.5])
    given, _ = ask(make_query, people, IMPORTANCE, utility=importance)
    for a, scale in enumerate([1.5, 0.5]):
        weight = np.exp(scale * importance)
        for order in permutations(range(3)):
            left = [weight[list(order[place:])].sum() for place in range(3)]
            expected = np.prod(weight[list(order)] / left)
            assert_shares((given[:, a] == order).all(axis=1), expected)


@pytest.mark.parametrize(
    "people",
    [
        symmetric([0.0, 1.0], 4),
        pair_flip([0.0, 1.0], 4),
        dawid_skene_people(np.tile(np.eye(3), (2, 1, 1))),
        item_response([-1.0, 2.0]),
        mace([0.0, 1.0], [[0.5, 0.5], [0.1, 0.9]]),
        hammer_spammer([True, False]),
        bradley_terry_people([1.0, 2.0], 0.3),
        plackett_luce_people([1.0, 2.0]),
    ],
)
def test_constructed_people_pass_the_check_at_the_ends_too(people):
    assert LABEL.check(people) is None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: symmetric([1.2], 3), r"`accuracy` must be in \[0, 1\], got 1.2"),
        (lambda: pair_flip([-0.1], 3), r"`flip` must be in \[0, 1\], got -0.1"),
        (lambda: mace([2.0], [[0.5, 0.5]]), r"`spam` must be in \[0, 1\], got 2"),
        (
            lambda: dawid_skene_people([[[0.5, 0.4], [0.0, 1.0]]]),
            r"`confusion` must have rows that sum to 1, got 0.9",
        ),
    ],
)
def test_a_probability_that_is_none_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(("own", "shared"), [(1.0, 1.0), (0.4, 0.6)])
def test_glad_people_are_right_by_ability_times_ease(make_query, own, shared):
    ability = np.array([1.5, -0.5])
    ease = np.random.default_rng(0).lognormal(0.0, 0.7, ITEMS)
    people = glad(ability, OPTIONS)._replace(
        own=jnp.full(PEOPLE, own), shared=jnp.float32(shared)
    )
    given, truth = ask(make_query, people, discrimination=ease[:, None])
    for a in range(PEOPLE):
        right = 1 / (1 + np.exp(-ability[a] * ease))
        error = np.sqrt((right * (1 - right)).sum()) / ITEMS
        is_right = given[:, a] == truth[:, a]
        assert abs(is_right.mean() - right.mean()) < 4 * error
        hard = ease < np.median(ease)
        error = np.sqrt((right * (1 - right))[hard].sum()) / hard.sum()
        assert abs(is_right[hard].mean() - right[hard].mean()) < 4 * error
        # wrong answers are even over the other classes
        step = (given[~is_right, a] - truth[~is_right, a]) % OPTIONS
        assert_shares(step == 1, 1 / (OPTIONS - 1))
