"""How many runs may fail though few or none did."""

import numpy as np
import pytest
from scipy.special import beta as beta_function, betainc, expit

from hitl_sim.analysis.chance.failure import (
    LEVEL,
    bound_failures,
    least_spent,
    replicates_for,
    share_survived,
)


def bound(failed, runs=32):
    return bound_failures(np.array(failed), np.full(len(failed), runs))


def by_brute_force(failed, runs, share):
    """Return the posterior chance that the first fails less often than a share."""
    mean, size = expit(np.linspace(-9, 4, 53)), np.logspace(0, 3, 13)
    total = below = 0.0
    for m in mean:
        for s in size:
            a, b = m * s, (1 - m) * s
            weight = np.sqrt(m * (1 - m))
            for k in failed:
                weight *= beta_function(a + k, b + runs - k) / beta_function(a, b)
            total += weight
            below += weight * betainc(a + failed[0], b + runs - failed[0], share)
    return below / total


@pytest.mark.parametrize("failed", [[0], [0, 0, 0, 0], [1, 0, 2], [0, 16, 16]])
def test_the_bound_is_the_posterior_quantile(failed):
    low, high = bound(failed)
    assert by_brute_force(failed, 32, high) == pytest.approx(LEVEL, abs=0.005)
    if failed[0]:
        assert by_brute_force(failed, 32, low) == pytest.approx(1 - LEVEL, abs=0.005)


def test_conditions_that_never_fail_vouch_for_each_other():
    alone, few, many = (bound([0] * num)[1] for num in (1, 3, 10))
    assert alone > 0.04
    assert many < few < alone
    assert many < 0.012


def test_a_condition_that_never_fails_is_not_like_those_that_often_do():
    assert bound([0, *[0] * 6, 16, 16, 16])[1] < 0.05


def test_another_failure_anywhere_raises_the_bound():
    none, other, own = (bound(k)[1] for k in ([0, 0, 0], [0, 1, 0], [1, 0, 0]))
    assert none < other < own


def test_many_studies_are_bounded_as_each_alone():
    failed = np.array([[0, 1, 0], [3, 0, 0], [0, 0, 0]])
    low, high = bound_failures(failed, np.full(3, 16))
    for row in range(3):
        alone = bound_failures(failed[row], np.full(3, 16))
        assert (low[row], high[row]) == pytest.approx(alone)


@pytest.mark.parametrize("num_conditions", [1, 4])
def test_the_replicates_that_would_do_do(num_conditions):
    num = replicates_for(0.03, (0,) * num_conditions, (8,) * num_conditions)
    assert bound([0] * num_conditions, num)[1] <= 0.03
    assert bound([0] * num_conditions, int(0.9 * num))[1] > 0.03


def test_no_number_of_replicates_rules_out_every_failure():
    assert replicates_for(0.0, (0,), (16,)) is None


def test_conditions_that_fail_are_not_taken_to_stop_failing():
    """None of 32 failed here and 16 of 32 did there: fewer than 32 can never do."""
    alone = replicates_for(0.01, (0,), (32,))
    beside = replicates_for(0.01, (0, 16, 16), (32, 32, 32))
    innocent = replicates_for(0.01, (0, 0, 0), (32, 32, 32))
    assert 32 <= innocent < alone
    assert beside > innocent
    assert bound([0, round(beside / 2), round(beside / 2)], beside)[1] <= 0.01


def test_a_claim_survives_the_share_at_which_it_just_holds():
    """Spends .7 and 3.3 in a failure: below .95 up to odds of .25 / 3.3."""
    ones = np.ones(100)
    share = share_survived(0.95 * ones, 0.7 * ones, 3.3 * ones, 0.02)
    assert 0.7 + 3.3 * share / (1 - share) == pytest.approx(0.95)


def test_a_claim_that_does_not_hold_survives_nothing():
    ones = np.ones(100)
    assert share_survived(0.95 * ones, 0.96 * ones, 3.3 * ones, 0.02) == 0.0


def test_failures_that_cost_nothing_undo_nothing():
    ones = np.ones(100)
    assert share_survived(ones, 0.5 * ones, 0.0 * ones, 0.02) == 1.0


def test_the_least_spent_counts_the_least_share_where_there_is_one():
    ones = np.ones((4, 2))
    found = least_spent(9 * ones, ones, 3 * ones, np.array([0.25, np.nan]))
    np.testing.assert_allclose(found, [[2.0, 9.0]] * 4)
