import math

import numpy as np
import pytest
from scipy.special import stdtrit

from hitl_sim.analysis.chance.fieller import Shape, fieller


def with_moments(num, mean, covariance, seed=0):
    """Draw values whose sample mean and covariance are exactly these."""
    raw = np.random.default_rng(seed).normal(size=(2, num))
    raw -= raw.mean(axis=1, keepdims=True)
    raw = np.linalg.solve(np.linalg.cholesky(np.cov(raw)), raw)
    return np.linalg.cholesky(np.asarray(covariance)) @ raw + np.asarray(mean)[:, None]


def test_a_bounded_set_ends_where_the_test_of_each_ratio_does():
    y, x = with_moments(20, (3.0, 2.0), [[1.0, 0.3], [0.3, 0.8]])
    found = fieller(y, x)
    assert found.shape is Shape.INTERVAL
    assert found.shape is Shape.INTERVAL
    assert found.value == pytest.approx(1.5)
    for end in (found.low, found.high):
        rest = y - end * x
        t = abs(rest.mean()) / (rest.std(ddof=1) / math.sqrt(20))
        assert t == pytest.approx(stdtrit(19, 0.975))
    assert found.low < 1.5 < found.high


def test_an_exact_divisor_gives_students_interval_of_the_mean():
    y = np.random.default_rng(1).normal(5.0, 1.0, 16)
    found = fieller(y, np.full(16, 2.0))
    half = stdtrit(15, 0.975) * y.std(ddof=1) / 4.0
    assert found.low == pytest.approx((y.mean() - half) / 2.0)
    assert found.high == pytest.approx((y.mean() + half) / 2.0)


def test_a_divisor_that_may_be_zero_leaves_all_but_a_gap(holds):
    y, x = with_moments(16, (4.0, 0.1), [[1.0, 0.0], [0.0, 1.0]])
    found = fieller(y, x)
    assert found.shape is Shape.GAP
    assert found.shape is not Shape.INTERVAL
    assert found.low < 0.0 < found.high
    assert holds(found, found.value)
    assert holds(found, -1e9)
    assert holds(found, 1e9)
    assert not holds(found, 0.0)


def test_two_numbers_that_may_be_zero_leave_any_ratio(holds):
    y, x = with_moments(16, (0.1, 0.1), [[1.0, 0.0], [0.0, 1.0]])
    found = fieller(y, x)
    assert found.shape is Shape.LINE
    assert holds(found, 0.0)
    assert holds(found, -7e5)


def test_a_divisor_of_nothing_but_zeros_leaves_any_ratio():
    found = fieller(np.ones(12), np.zeros(12))
    assert found.shape is Shape.LINE
    assert math.isnan(found.value)


def test_few_runs_bound_nothing():
    assert fieller([1.0, 2.0, 3.0], [1.0, 1.1, 1.2]).shape is Shape.LINE


def test_tiny_joules_over_many_hours_do_not_underflow():
    y, x = with_moments(20, (3.0, 2.0), [[1.0, 0.3], [0.3, 0.8]])
    plain, scaled = fieller(y, x), fieller(1e-200 * y, 1e200 * x)
    assert scaled.low * 1e200 == pytest.approx(plain.low * 1e-200)
    assert scaled.shape is plain.shape


@pytest.mark.parametrize("mean_x", [2.0, 0.3, 0.0])
def test_the_set_holds_the_true_ratio_in_95_of_100_studies(holds, mean_x):
    rng = np.random.default_rng(5)
    hits, num = 0, 4000
    for _ in range(num):
        y = rng.normal(1.0, 1.0, 12)
        x = mean_x + 0.5 * (y - 1.0) + rng.normal(0.0, 0.8, 12)
        truth = math.inf if mean_x == 0.0 else 1.0 / mean_x
        found = fieller(y, x)
        covered = holds(found, truth)
        if math.isinf(truth):
            covered = found.shape is not Shape.INTERVAL
        hits += covered
    assert abs(hits / num - 0.95) < 4.0 * math.sqrt(0.95 * 0.05 / num)
