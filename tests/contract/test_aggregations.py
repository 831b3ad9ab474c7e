"""What every aggregation must do."""

from hitl_sim import check
from hitl_sim.part import builtin


@check.parametrize(builtin("aggregation").values())
def test_an_aggregation_keeps_its_contract(part, check):
    check(part)
