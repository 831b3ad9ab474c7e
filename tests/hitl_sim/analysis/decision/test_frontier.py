import moocore
import numpy as np
import pytest

from hitl_sim.analysis.decision.frontier import find_frontier, non_dominated


@pytest.mark.parametrize("num_objectives", [2, 3, 5])
def test_the_frontier_is_the_one_that_moocore_finds(num_objectives):
    rng = np.random.default_rng(num_objectives)
    for _ in range(40):
        values = rng.integers(0, 6, (30, num_objectives)).astype(float)
        values = np.concatenate([values, values[:3]])
        # moocore keeps one of several equal rows unless asked to keep all of them
        expected = moocore.is_nondominated(values, keep_weakly=True)
        np.testing.assert_array_equal(non_dominated(values), expected)


def test_many_resamples_at_once_are_what_each_is_alone():
    values = np.random.default_rng(0).random((7, 12, 3))
    together = non_dominated(values)
    for row, single in zip(together, values, strict=True):
        np.testing.assert_array_equal(row, moocore.is_nondominated(single))


def test_an_infinite_cost_is_beaten_by_any_finite_one():
    values = [[1.0, np.inf], [1.0, 5.0], [0.5, np.inf]]
    np.testing.assert_array_equal(non_dominated(values), [False, True, True])


def test_membership_is_the_share_of_resamples_on_the_frontier():
    values = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    draws = np.stack([values, values, values, values])
    draws[3, 0] = [3.0, 3.0]
    found = find_frontier(("a", "b", "c"), ("joules", "usd"), values, draws)
    np.testing.assert_array_equal(found.is_member, [True, True, False])
    np.testing.assert_allclose(found.membership, [0.75, 1.0, 0.0])


def test_an_unknown_objective_is_left_out_and_named():
    values = np.array([[0.0, np.nan], [1.0, np.nan]])
    found = find_frontier(("a", "b"), ("joules", "usd"), values, values[None])
    assert found.objectives == ("joules",)
    assert found.left_out == ("usd",)
    np.testing.assert_array_equal(found.is_member, [True, False])


def test_a_frontier_of_unknowns_alone_is_refused():
    values = np.full((2, 1), np.nan)
    with pytest.raises(ValueError, match="usd"):
        find_frontier(("a", "b"), ("usd",), values, values[None])
