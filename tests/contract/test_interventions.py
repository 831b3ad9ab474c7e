"""What every intervention must do."""

from hitl_sim import check
from hitl_sim.part import builtin

OPTIONS = {"whole_pool": {"role": "null"}}
MEMBERS = [
    (part, OPTIONS.get(name, {})) for name, part in builtin("intervention").items()
]


@check.parametrize(MEMBERS)
def test_an_intervention_keeps_its_contract(part, check):
    check(part)
