import math
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from oracles.agreement import cohen_kappa, retest, shared_error

ANSWERS = np.array([[0, 0, 1], [1, 1, -1], [2, 0, 2], [-1, -1, 1]])
TRUTH = np.array([0, 1, 0, 1])


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


def test_shared_error_equals_what_listing_every_pair_gives():
    rng = np.random.default_rng(4)
    answers, truth = rng.integers(-1, 3, (60, 5)), rng.integers(0, 3, 60)
    pairs = [
        (answers[i, a], answers[i, b], truth[i])
        for a, b in permutations(range(5), 2)
        for i in range(60)
        if answers[i, a] >= 0 and answers[i, b] >= 0
    ]
    first, second, right = np.array(pairs).T
    errs, errs_too = first != right, second != right
    seen = shared_error(answers, truth)
    assert seen.second_errs_if_first == pytest.approx(errs_too[errs].mean())
    assert seen.second_errs == pytest.approx(errs_too.mean())
    assert seen.same_if_both == pytest.approx((first == second)[errs & errs_too].mean())
    assert seen.kappa == pytest.approx(cohen_kappa_score(errs, errs_too))


def test_independent_errors_have_no_kappa_and_identical_ones_have_all():
    rng = np.random.default_rng(0)
    truth = np.zeros(4000, int)
    alone = rng.integers(0, 2, (4000, 2))
    assert abs(shared_error(alone, truth).kappa) < 4 / math.sqrt(4000)
    assert shared_error(np.repeat(alone[:, :1], 2, 1), truth).kappa == pytest.approx(1)


def test_what_cannot_be_known_is_nan_and_not_zero():
    nobody = np.full((3, 2), -1)
    truth = np.zeros(3, int)
    assert all(math.isnan(value) for value in shared_error(nobody, truth))
    assert all(math.isnan(value) for value in retest(nobody[:, 0], nobody[:, 1], truth))
