"""What every metric must do."""

from hitl_sim import check
from hitl_sim.part import builtin


@check.parametrize(builtin("metric").values())
def test_a_metric_keeps_its_contract(part, check):
    check(part)
