"""What is spent per success in each resample, the chance of success drawn with it."""

import numpy as np
import pytest
from scipy.stats import beta, spearmanr

from hitl_sim.analysis.interval import resample
from hitl_sim.analysis.success import draw_success

WEIGHTS = resample(32, 0)
FOUR_FAILED = np.arange(32) >= 4


def test_without_failure_it_is_the_plain_mean_of_each_resample():
    spent = np.linspace(1.0, 2.0, 32)
    drawn = draw_success(np.ones(32, bool), WEIGHTS).per_success(spent)
    np.testing.assert_allclose(drawn, WEIGHTS @ spent / 32)


def test_without_success_all_is_infinite_but_what_nobody_spent():
    spent = np.stack([np.ones(32), np.zeros(32)], axis=1)
    drawn = draw_success(np.zeros(32, bool), WEIGHTS).per_success(spent)
    assert np.isinf(drawn[:, 0]).all()
    assert not drawn[:, 1].any()


def test_the_chance_follows_jeffreys_posterior():
    chance = draw_success(FOUR_FAILED, WEIGHTS).chance
    posterior = beta(28.5, 4.5)
    error = posterior.std() / np.sqrt(len(chance))
    assert chance.mean() == pytest.approx(posterior.mean(), abs=4 * error)
    assert chance.std() == pytest.approx(posterior.std(), rel=4 / np.sqrt(4000))


def test_a_resample_with_more_successes_has_the_larger_chance():
    chance = draw_success(FOUR_FAILED, WEIGHTS).chance
    count = WEIGHTS @ FOUR_FAILED
    order = np.argsort(count, kind="stable")
    highest = [chance[count == c].max() for c in np.unique(count)]
    lowest = [chance[count == c].min() for c in np.unique(count)]
    assert spearmanr(count[order], chance[order]).statistic > 0.95
    assert all(a <= b for a, b in zip(highest[:-1], lowest[1:], strict=True))


def test_arms_that_fail_alike_draw_alike_and_others_apart():
    same = draw_success(FOUR_FAILED.copy(), WEIGHTS).chance
    other = draw_success(FOUR_FAILED[::-1].copy(), WEIGHTS).chance
    mine = draw_success(FOUR_FAILED, WEIGHTS).chance
    np.testing.assert_array_equal(mine, same)
    assert abs(np.corrcoef(mine, other)[0, 1]) < 0.3


def test_a_failure_counts_with_what_failures_spent():
    spent = np.where(FOUR_FAILED, 1.0, 9.0)
    drawn = draw_success(FOUR_FAILED, WEIGHTS)
    expected = 1.0 + 9.0 * (1.0 - drawn.chance) / drawn.chance
    np.testing.assert_allclose(drawn.per_success(spent), expected)


def test_a_resample_without_a_failure_takes_the_mean_of_all_failures():
    weights = np.zeros((1, 8))
    weights[0, 0] = 8.0
    reached = np.arange(8) < 6
    spent = np.where(reached, 1.0, [0, 0, 0, 0, 0, 0, 4.0, 8.0])
    drawn = draw_success(reached, weights)
    expected = 1.0 + 6.0 * (1.0 - drawn.chance) / drawn.chance
    np.testing.assert_allclose(drawn.per_success(spent), expected)


def test_a_failure_unseen_is_allowed_for_only_where_one_may_come():
    reached, spent, cap = np.ones(32, bool), np.ones(32), np.full(32, 5.0)
    drawn = draw_success(reached, WEIGHTS, may_fail=True)
    posterior = beta(32.5, 0.5)
    error = posterior.std() / np.sqrt(len(drawn.chance))
    assert drawn.chance.mean() == pytest.approx(posterior.mean(), abs=4 * error)
    odds = (1.0 - drawn.chance) / drawn.chance
    np.testing.assert_allclose(drawn.per_success(spent, cap), 1.0 + 5.0 * odds)
    np.testing.assert_array_equal(draw_success(reached, WEIGHTS).chance, 1.0)
