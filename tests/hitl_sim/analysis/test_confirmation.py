import math

import pytest

from hitl_sim.analysis import Confirmation, Estimate
from hitl_sim.energy import Kind, Scope, exact


def confirmation(first, again):
    def ratio(value):
        kind, scope = Kind.SIMULATED, Scope.CONSTANT
        return Estimate(exact(value, "1", kind, scope, "a test"), value, value)

    return Confirmation("digits", "relevance", ratio(first), ratio(again), 8, 4)


@pytest.mark.parametrize(
    ("first", "again", "gone"),
    [(0.5, 0.5, 0.0), (0.25, 0.5, 0.5), (0.5, 1.0, 1.0), (0.5, 2.0, 2.0)],
)
def test_shrinkage_is_the_share_of_log_rho_that_is_gone(first, again, gone):
    assert confirmation(first, again).shrinkage_frac == pytest.approx(gone)


def test_nothing_can_shrink_where_nothing_was_found():
    assert math.isnan(confirmation(1.0, 0.9).shrinkage_frac)
