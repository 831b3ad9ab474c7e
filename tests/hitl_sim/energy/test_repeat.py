import numpy as np
import pytest

from hitl_sim.energy.repeat import is_tight, summarise


def test_the_interval_covers_the_truth_in_95_percent_of_few_repeats():
    rng = np.random.default_rng(3)
    covered = 0
    num = 2_000
    for costs in np.exp(rng.normal(np.log(2.0), 0.1, (num, 5))):
        found = summarise(costs.tolist())
        covered += found.low < 2.0 < found.high
    assert abs(covered / num - 0.95) < 4 * np.sqrt(0.95 * 0.05 / num)


def test_an_error_that_repeats_share_does_not_shrink():
    found = summarise([2.0] * 50, error_frac=0.1)
    assert (found.value, found.num_repeats) == (pytest.approx(2.0), 50)
    assert (found.low, found.high) == pytest.approx((2.0 / 1.1, 2.2))
    assert found.precision == pytest.approx(0.0955, abs=1e-3)


def test_more_repeats_are_tighter_until_they_suffice():
    costs = [1.0, 1.1, 0.9] * 20
    assert not is_tight(costs[:3], 0.05, 3)
    assert is_tight(costs, 0.05, 3)
    assert not is_tight([1.0, 1.0], 0.05, 1)
    assert not is_tight([1.0] * 4, 0.05, 5)


def test_too_few_or_impossible_costs_are_refused():
    with pytest.raises(ValueError, match="at least 3 repeats, got 2"):
        summarise([1.0, 2.0])
    with pytest.raises(ValueError, match=r"must be finite and > 0, got 0\.0"):
        summarise([1.0, 0.0, 2.0])
