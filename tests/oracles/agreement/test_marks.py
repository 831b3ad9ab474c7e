import math
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from oracles.agreement import mark_agreement


def test_shares_and_overlaps_equal_those_of_scikit_learn_pair_by_pair():
    rng = np.random.default_rng(0)
    marks = rng.random((20, 3, 12)) < 0.4
    given = rng.random((20, 3)) < 0.8
    part = np.arange(12)[None, :] < rng.integers(5, 13, (20, 1))
    pairs = [
        (marks[i, a, part[i]], marks[i, b, part[i]])
        for i in range(20)
        for a, b in combinations(range(3), 2)
        if given[i, a] and given[i, b]
    ]
    seen = mark_agreement(marks, given, part)
    jaccard = np.mean([jaccard_score(*pair) for pair in pairs])
    assert seen.jaccard == pytest.approx(jaccard)
    assert seen.f1 == pytest.approx(np.mean([f1_score(*pair) for pair in pairs]))
    by_hand = [
        np.concatenate([marks[i, a, part[i]] for i in range(20) if given[i, a]]).mean()
        for a in range(3)
    ]
    np.testing.assert_allclose(seen.share, by_hand)


def test_pairs_without_any_mark_are_left_out():
    marks = np.zeros((2, 2, 3), int)
    marks[0, :, 1] = 1
    seen = mark_agreement(marks, np.ones((2, 2), bool))
    assert seen.jaccard == 1.0
    assert seen.f1 == 1.0
    np.testing.assert_allclose(seen.share, 1 / 6)


def test_what_cannot_be_known_is_nan_and_not_zero():
    seen = mark_agreement(np.zeros((2, 2, 3)), np.zeros((2, 2), bool))
    assert math.isnan(seen.jaccard)
    assert math.isnan(seen.f1)
    assert np.isnan(seen.share).all()
