"""What is spent per success in each resample, the chance of success drawn with it."""

import numpy as np
import pytest
from scipy.stats import beta

from hitl_sim.analysis.chance.interval import resample
from hitl_sim.analysis.chance.success import ARM, CONTROL, mean_reached, per_success

WEIGHTS = resample(32, 0)
FOUR_FAILED = np.arange(32) >= 4
NOTHING, ONE = np.zeros(32), np.ones(32)


def chance(is_reached, stream=ARM):
    """Return the drawn chances: who reaches spends nothing, a failure one."""
    odds = per_success(WEIGHTS, 1.0 - is_reached, is_reached, ONE, stream=stream)
    return 1.0 / (1.0 + odds)


def test_without_failure_it_is_the_plain_mean_of_each_resample():
    spent = np.linspace(1.0, 2.0, 32)
    drawn = per_success(WEIGHTS, spent, np.ones(32, bool), 5.0 * ONE)
    np.testing.assert_allclose(drawn, WEIGHTS @ spent / 32)


def test_without_success_all_is_infinite_but_what_nobody_spent():
    spent = np.stack([ONE, NOTHING], axis=1)
    drawn = per_success(WEIGHTS, spent, np.zeros(32, bool), spent)
    assert np.isinf(drawn[:, 0]).all()
    assert not drawn[:, 1].any()


@pytest.mark.parametrize("num_failed", [1, 4, 16, 30])
def test_the_chance_follows_jeffreys_posterior(num_failed):
    drawn = chance(np.arange(32) >= num_failed)
    posterior = beta(32.5 - num_failed, num_failed + 0.5)
    error = posterior.std() / np.sqrt(len(drawn))
    # The half success spends what the mean run does, a failure's share of it included.
    bias = 0.5 / 32 * num_failed / 32
    assert drawn.mean() == pytest.approx(posterior.mean(), abs=4 * error + bias)
    assert drawn.std() == pytest.approx(posterior.std(), rel=0.12)


def test_conditions_that_fail_in_the_same_replicates_still_draw_apart():
    same = np.corrcoef(chance(FOUR_FAILED), chance(FOUR_FAILED, CONTROL))[0, 1]
    other = np.corrcoef(chance(FOUR_FAILED), chance(FOUR_FAILED[::-1], CONTROL))[0, 1]
    assert 0.7 < same < 0.95
    assert abs(other) < 0.3


def test_without_a_known_cap_a_failure_costs_what_failures_spent():
    spent = np.where(FOUR_FAILED, 1.0, 9.0)
    known = per_success(WEIGHTS, spent, FOUR_FAILED, np.full(32, 9.0))
    np.testing.assert_allclose(per_success(WEIGHTS, spent, FOUR_FAILED), known)


def test_many_studies_are_drawn_as_each_alone():
    rng = np.random.default_rng(0)
    reached = rng.random((32, 3)) < [0.6, 1.0, 0.0]
    spent = np.where(reached, rng.random((32, 3)), 2.0)
    cap = np.full((32, 3), 2.0)
    every = per_success(WEIGHTS, spent, reached, cap)
    for column in range(3):
        alone = per_success(
            WEIGHTS, spent[:, column], reached[:, column], cap[:, column]
        )
        np.testing.assert_allclose(every[:, column], alone)


def test_the_mean_of_runs_that_reached_leaves_failures_out():
    spent = np.where(FOUR_FAILED, 1.5, 9.0)
    np.testing.assert_allclose(mean_reached(WEIGHTS, spent, FOUR_FAILED), 1.5)
