"""What every optimiser must do."""

from hitl_sim import check
from hitl_sim.part import builtin


@check.parametrize(builtin("optimiser").values())
def test_an_optimiser_keeps_its_contract(part, check):
    check(part)
