import math

import numpy as np
import pytest

from oracles.agreement import (
    accuracy_by_person,
    one_coin_answers,
    redundancy,
    redundancy_curve,
    shared_error,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_majorities_follow_the_binomial_for_independent_people(rng):
    is_right = rng.random((20_000, 5)) < 0.7
    truth = np.ones(20_000, int)
    curve = redundancy_curve(rng, is_right.astype(int), truth, (1, 2, 3, 5))
    expected = [0.7, 0.7, 0.784, 0.83692]
    np.testing.assert_allclose(curve, expected, atol=4 * 0.5 / math.sqrt(20_000))


def test_a_tie_counts_as_the_chance_to_guess_it(rng):
    curve = redundancy_curve(rng, [[0, 1, 2]], [0], (3,))
    np.testing.assert_allclose(curve, [1 / 3])


def test_sizes_are_judged_on_the_items_that_have_enough_answers(rng):
    answers = np.array([[1, 1, 1, -1], [0, 0, -1, -1]])
    curve = redundancy_curve(rng, answers, [1, 1], (1, 3))
    np.testing.assert_array_equal(curve, [1.0, 1.0])
    assert np.isnan(redundancy_curve(rng, answers, [1, 1], (1, 4))).all()


def test_dawid_skene_beats_the_majority_where_people_differ(rng):
    skill = np.array([0.95, 0.9, 0.5, 0.5, 0.5, 0.5, 0.5])
    truth = rng.integers(0, 2, 2000)
    is_right = rng.random((2000, 7)) < skill
    answers = np.where(is_right, truth[:, None], 1 - truth[:, None])
    majority, learned = (
        redundancy_curve(rng, answers, truth, (1, 7), method=method, num_draws=3)
        for method in ("majority", "dawid_skene")
    )
    assert majority[0] == pytest.approx(learned[0], abs=0.04)
    assert learned[1] > majority[1] + 0.05


def test_room_for_more_slots_and_people_moves_nothing(rng, monkeypatch):
    answers = rng.integers(0, 3, (40, 2))
    people = rng.integers(0, 7, (40, 2))
    asked = (answers, people, "dawid_skene", (3, 7, 0))
    filled = redundancy.label_chance(*asked)
    monkeypatch.setattr(redundancy, "_rung", lambda size, least: size)
    np.testing.assert_array_equal(redundancy.label_chance(*asked), filled)


def test_one_coin_people_keep_accuracies_and_gaps_and_share_no_error(rng):
    truth = rng.integers(0, 5, 8000)
    shared = rng.random((8000, 1)) < 0.3
    answers = np.where(shared, (truth + 1)[:, None] % 5, truth[:, None])
    answers = np.repeat(answers, 3, axis=1)
    answers[:4000, 2] = -1
    drawn = one_coin_answers(rng, answers, truth, 5)
    np.testing.assert_array_equal(drawn < 0, answers < 0)
    error = 4 * math.sqrt(0.21 / 4000)
    before, after = (accuracy_by_person(x, truth) for x in (answers, drawn))
    np.testing.assert_allclose(after, before, atol=error)
    assert shared_error(answers, truth).kappa > 0.99
    assert abs(shared_error(drawn, truth).kappa) < 4 / math.sqrt(8000)
    wrong = drawn[:, 0][drawn[:, 0] != truth] - truth[drawn[:, 0] != truth]
    shares = np.bincount(wrong % 5, minlength=5)[1:] / wrong.size
    np.testing.assert_allclose(shares, 0.25, atol=4 * 0.5 / math.sqrt(wrong.size))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "borda"}, r"`method` must be one of 'majority', .* got 'borda'"),
        ({"sizes": (0, 3)}, r"`sizes` must be >= 1, got 0"),
    ],
)
def test_a_bad_choice_is_refused(rng, options, message):
    with pytest.raises(ValueError, match=message):
        redundancy_curve(rng, [[0, 1]], [0], **options)
