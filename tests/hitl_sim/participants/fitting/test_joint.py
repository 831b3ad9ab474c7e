"""How traits go together is found through what is not known of people."""

import numpy as np
import pytest

from hitl_sim.participants.fitting.joint import Known, gather, together

PEOPLE = 800


def known(rng, correlation, precision):
    """Draw two traits, and what is known of them."""
    cov = [[1.0, correlation], [correlation, 1.0]]
    true = rng.multivariate_normal([0.0, 0.0], cov, PEOPLE)
    seen = true + rng.standard_normal(true.shape) / np.sqrt(precision)
    exact = np.full(PEOPLE, float(precision))
    return true, {
        name: Known(column, exact) for name, column in zip("ab", seen.T, strict=True)
    }


@pytest.mark.parametrize("precision", [0.5, 4.0])
@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.6])
def test_correlations_are_those_of_people_and_not_of_estimates(correlation, precision):
    true, traits = known(np.random.default_rng(0), correlation, precision)
    found = together(traits)
    # the error of a correlation of values seen through noise; four of them
    error = (1.0 + 1.0 / precision) / np.sqrt(PEOPLE)
    seen = np.corrcoef(true.T)[0, 1]
    assert found.correlation[0, 1] == pytest.approx(seen, abs=4 * error)


def test_what_is_believed_of_people_has_the_spread_of_people():
    _, traits = known(np.random.default_rng(1), 0.5, 2.0)
    found = together(traits)
    whole = np.cov(found.mean.T) + found.noise
    np.testing.assert_allclose(np.diag(whole), 1.0, atol=4 * np.sqrt(2.0 / PEOPLE))


@pytest.mark.parametrize("size", [12, 25, 93])
def test_no_group_stands_for_fewer_than_was_asked(size):
    people = np.random.default_rng(0).standard_normal((size, 3))
    group = gather(people, 5)
    counts = np.bincount(group)
    assert counts.sum() == size
    assert counts.min() >= 5
    assert counts.max() < 10


def test_groups_are_of_people_near_each_other():
    rng = np.random.default_rng(0)
    people = np.concatenate(
        [rng.normal(centre, 0.1, (5, 2)) for centre in (-5.0, 0.0, 5.0)]
    )
    group = gather(people, 5)
    assert all(np.ptp(group[start : start + 5]) == 0 for start in (0, 5, 10))
    assert np.unique(group).size == 3
