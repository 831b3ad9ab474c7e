import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import beta

from hitl_sim.analysis.chance.interval import (
    MIN_REPLICATES,
    CostSample,
    cost_interval,
    mean_interval,
    percentile_interval,
    ratio_interval,
    resample,
    tail,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # scipy.stats.binomtest(hits, trials).proportion_ci(method="wilson")
        (0, 10, 0.0, 0.27753280),
        (5, 10, 0.23659309, 0.76340691),
        (31, 32, 0.84255736, 0.99446214),
        (32, 32, 0.89282080, 1.0),
    ],
)
def test_wilson_agrees_with_scipy(hits, trials, low, high):
    found = wilson(hits, trials)
    np.testing.assert_allclose((found.low, found.high), (low, high), atol=1e-8)


@pytest.mark.parametrize(("hits", "trials"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_refuses_impossible_counts(hits, trials):
    with pytest.raises(ValueError, match="`hits` must be in 0 to `trials`"):
        wilson(hits, trials)


@pytest.mark.parametrize(
    ("num", "expected"),
    # norm.cdf(-sqrt((n + 1) / (n - 1)) * t.ppf(0.975, n - 1)) by scipy
    [(6, 0.00117680), (16, 0.01163108), (32, 0.01767719)],
)
def test_the_expanded_tail_uses_students_quantile(num, expected):
    assert tail(num) == pytest.approx(expected, rel=3e-3)


def test_resamples_weigh_every_replicate_alike_on_average():
    """By a flat Dirichlet: a weight of mean 1 has the variance (n - 1) / (n + 1)."""
    weights = resample(20, 3)
    np.testing.assert_allclose(weights.sum(axis=1), 20.0)
    error = 4 * math.sqrt(19 / 21 / len(weights))
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=error)
    assert weights.var(axis=0).mean() == pytest.approx(19 / 21, rel=0.05)
    assert (weights > 0.0).all()


def test_resamples_depend_on_the_seed_alone():
    assert np.array_equal(resample(8, 1), resample(8, 1))
    assert not np.array_equal(resample(8, 1), resample(8, 2))


def test_too_few_replicates_bound_nothing():
    num = MIN_REPLICATES - 1
    arm = CostSample(np.ones(num), np.ones(num, bool))
    assert ratio_interval(arm, arm, resample(num, 0)) == (0.0, math.inf)
    assert mean_interval(np.ones(num), resample(num, 0)) == (-math.inf, math.inf)


def test_an_undefined_resample_widens_both_ends():
    draws = np.linspace(1.0, 2.0, 2000)
    draws[:200] = np.nan
    assert percentile_interval(draws, 32) == (-math.inf, math.inf)


def test_cost_sample_per_success_counts_the_failures():
    cost_sample = CostSample(np.array([1.0, 2.0, 5.0]), np.array([True, True, False]))
    assert cost_sample.per_success == 4.0


def test_without_a_success_the_cost_sample_is_infinite_and_bounded_by_wilson():
    cost_sample = CostSample(np.full(32, 2.0), np.zeros(32, bool))
    low, high = cost_interval(cost_sample, resample(32, 0))
    assert cost_sample.per_success == math.inf
    assert low == pytest.approx(2.0 / wilson(0, 32).high)
    assert high == math.inf


def test_few_successes_bound_the_ratio_by_jeffreys_chance_to_reach():
    reached = np.arange(32) < 2
    arm = CostSample(np.ones(32), reached)
    control = CostSample(np.ones(32), np.ones(32, bool))
    low, high = ratio_interval(arm, control, resample(32, 0))
    chances = beta(2.5, 30.5).ppf([1 - tail(32), tail(32)])
    assert [low, high] == pytest.approx(1.0 / chances, rel=0.15)


def test_a_ratio_without_success_of_the_arm_keeps_its_lower_bound():
    arm = CostSample(np.ones(32), np.zeros(32, bool))
    control = CostSample(np.ones(32), np.ones(32, bool))
    low, high = ratio_interval(arm, control, resample(32, 0))
    assert low == pytest.approx(1.0 / wilson(0, 32).high)
    assert high == math.inf


def test_pairing_narrows_the_interval_of_replicates_that_vary_together():
    shared = np.exp(np.random.default_rng(0).normal(0.0, 0.8, 32))
    every = np.ones(32, bool)
    arm, control = CostSample(0.7 * shared, every), CostSample(shared, every)
    low, high = ratio_interval(arm, control, resample(32, 0))
    assert (low, high) == pytest.approx((0.7, 0.7))


def simulated(generator, num, ratio, sd, cap):
    """Draw one study: shared and own lognormal spread, a grid, and a cap."""
    shared = generator.normal(0.0, sd, num)
    cost_samples = []
    for scale in (1.0, ratio):
        steps = 170.0 * scale * np.exp(shared + generator.normal(0.0, sd, num))
        steps = 10.0 * np.ceil(steps / 10.0)
        cost_samples.append(CostSample(np.minimum(steps, cap), steps <= cap))
    return cost_samples


@pytest.mark.parametrize(
    ("num", "ratio", "sd", "cap"),
    [(32, 0.7, 0.2, 600.0), (32, 1.0, 0.4, 300.0), (16, 1.0, 0.2, 600.0)],
)
def test_the_interval_holds_the_true_ratio_in_95_of_100_studies(num, ratio, sd, cap):
    control, arm = simulated(np.random.default_rng(99), 400_000, ratio, sd, cap)
    truth = arm.per_success / control.per_success
    generator, hits, studies = np.random.default_rng(5), 0, 400
    for study in range(studies):
        control, arm = simulated(generator, num, ratio, sd, cap)
        low, high = ratio_interval(arm, control, resample(num, study % 4))
        hits += low <= truth <= high
    # 92.5 % is the least that the module's docstring promises for 16 and 32 replicates.
    assert hits / studies >= 0.925 - 4 * math.sqrt(0.925 * 0.075 / studies)
    assert hits / studies <= 0.95 + 4 * math.sqrt(0.95 * 0.05 / studies)


CAP = 3.3


def runs(spent, failed):
    """Return a cost sample some of whose runs fail at the cap."""
    reached = np.ones(len(spent), bool)
    reached[failed] = False
    return CostSample(np.where(reached, spent, CAP), reached, np.full(len(spent), CAP))


def paired(seed, sd=0.1):
    """Return what 32 runs of arm and control spend, a tenth less and as much."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0.0, sd, 32)
    arm, control = (np.exp(shared + rng.normal(0.0, sd, 32)) for _ in range(2))
    return np.minimum(0.9 * arm, CAP), np.minimum(control, CAP)


@given(
    st.integers(0, 10_000),
    st.sampled_from([0.1, 0.5]),
    st.lists(st.integers(0, 31), max_size=31, unique=True),
    st.integers(0, 31),
    st.sampled_from([[], [3, 9]]),
)
@settings(max_examples=60, deadline=None)
def test_one_more_failure_lowers_no_bound(seed, sd, failed, more, of_control):
    arm, control = paired(seed, sd)
    other, weights = runs(control, of_control), resample(32, 0)
    before, after = runs(arm, failed), runs(arm, [*failed, more])
    for bound in (
        lambda one: cost_interval(one, weights),
        lambda one: ratio_interval(one, other, weights),
    ):
        (low, high), (new_low, new_high) = bound(before), bound(after)
        assert new_low >= low * (1.0 - 1e-9)
        assert new_high >= high * (1.0 - 1e-9)


def test_the_first_failure_of_a_perfect_arm_does_not_lower_the_ratio_s_low_end():
    arm, control = paired(3)
    weights, other = resample(32, 0), runs(control, [])
    low, _ = ratio_interval(runs(arm, []), other, weights)
    for more in range(32):
        assert ratio_interval(runs(arm, [more]), other, weights)[0] >= low


def test_an_a_a_interval_hardly_hangs_on_which_replicate_failed():
    _, control = paired(3)
    weights = resample(32, 0)
    widths = []
    for replicate in (4, 5, 6):
        low, high = ratio_interval(
            runs(control, [5]), runs(control[::-1], [replicate]), weights
        )
        widths.append(math.log(high / low))
    assert widths[1] > max(widths) / 2.5


def test_the_same_runs_under_two_names_have_a_ratio_of_one():
    _, control = paired(3)
    one, other = runs(control, [5, 6]), runs(control, [5, 6])
    assert ratio_interval(one, other, resample(32, 0)) == (1.0, 1.0)
