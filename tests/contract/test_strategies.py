"""What every query strategy must do."""

from hitl_sim import check
from hitl_sim.part import builtin


@check.parametrize(builtin("strategy").values())
def test_a_strategy_keeps_its_contract(part, check):
    check(part)
