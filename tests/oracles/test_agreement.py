import math

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from oracles.agreement import (
    accuracy,
    between_people,
    cohen_kappa,
    krippendorff_alpha,
    redundancy_curve,
    retest,
    shared_error,
)

ANSWERS = np.array([[0, 0, 1], [1, 1, -1], [2, 0, 2], [-1, -1, 1]])
TRUTH = np.array([0, 1, 0, 1])


def test_accuracy_counts_only_answers_that_exist():
    assert accuracy(ANSWERS, TRUTH) == pytest.approx(6 / 9)


def test_people_are_compared_wherever_two_answered():
    # Seven pairs: one of three agree, the one there is agrees, one of three agree.
    assert between_people(ANSWERS) == pytest.approx(3 / 7)


def test_retest_splits_second_looks_by_the_first_answer():
    seen = retest([0, 1, 2, 2, -1], [0, 1, 2, 0, 1], [0, 0, 2, 1, 1])
    assert seen.same == pytest.approx(3 / 4)
    assert seen.same_if_right == pytest.approx(1.0)
    assert seen.same_if_wrong == pytest.approx(1 / 2)
    assert seen.kappa == pytest.approx(cohen_kappa([0, 1, 2, 2], [0, 1, 2, 0]))


def test_shared_error_counts_ordered_pairs_of_people():
    seen = shared_error(ANSWERS, TRUTH)
    assert seen.second_errs == pytest.approx(6 / 14)
    assert seen.second_errs_if_first == pytest.approx(2 / 6)
    assert seen.same_if_both == pytest.approx(1.0)


def test_independent_errors_have_no_kappa_and_identical_ones_have_all():
    rng = np.random.default_rng(0)
    truth = np.zeros(4000, int)
    alone = rng.integers(0, 2, (4000, 2))
    assert abs(shared_error(alone, truth).kappa) < 4 / math.sqrt(4000)
    assert shared_error(np.repeat(alone[:, :1], 2, 1), truth).kappa == pytest.approx(1)


def test_redundancy_follows_the_binomial_for_independent_people():
    rng = np.random.default_rng(0)
    is_right = rng.random((20_000, 5)) < 0.7
    curve = redundancy_curve(is_right.astype(int), np.ones(20_000, int))
    expected = [0.7, 0.7, 0.784, 0.784, 0.83692]
    np.testing.assert_allclose(curve, expected, atol=4 * 0.5 / math.sqrt(20_000))


def test_a_tie_counts_as_the_chance_to_guess_it():
    np.testing.assert_allclose(
        redundancy_curve(np.array([[0, 1, 2]]), np.array([0])), [1 / 3, 1 / 3, 1 / 3]
    )


@pytest.mark.parametrize("num_options", [2, 5])
def test_alpha_equals_that_of_the_krippendorff_package(num_options):
    rng = np.random.default_rng(num_options)
    truth = rng.integers(0, num_options, (200, 1))
    noise = rng.integers(0, num_options, (200, 4))
    answers = np.where(rng.random((200, 4)) < 0.6, truth, noise)
    answers[rng.random((200, 4)) < 0.3] = -1
    data = np.where(answers < 0, np.nan, answers).T
    expected = krippendorff.alpha(data, level_of_measurement="nominal")
    assert krippendorff_alpha(answers) == pytest.approx(expected, abs=1e-12)


def test_kappa_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 300)
    b = np.where(rng.random(300) < 0.5, a, rng.integers(0, 4, 300))
    assert cohen_kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))


def test_what_cannot_be_known_is_nan_and_not_zero():
    nobody = np.full((3, 2), -1)
    truth = np.zeros(3, int)
    assert math.isnan(accuracy(nobody, truth))
    assert math.isnan(between_people(nobody))
    assert math.isnan(krippendorff_alpha(nobody))
    assert all(math.isnan(value) for value in shared_error(nobody, truth))
    assert all(math.isnan(value) for value in retest(nobody[:, 0], nobody[:, 1], truth))
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
