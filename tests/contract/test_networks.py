"""What every network must do."""

from hitl_sim import check
from hitl_sim.part import builtin


@check.parametrize(builtin("network").values())
def test_a_network_keeps_its_contract(part, check):
    check(part)
