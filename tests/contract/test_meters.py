"""What every meter must do on whatever machine; others need what they are told of."""

from hitl_sim import check
from hitl_sim.part import builtin

METERS = builtin("meter")
MEMBERS = [(METERS["analytic"], {"profile": "laptop-cpu"})]


@check.parametrize([*MEMBERS, METERS["nvml"], METERS["rapl"]])
def test_a_meter_keeps_its_contract(part, check):
    check(part)
