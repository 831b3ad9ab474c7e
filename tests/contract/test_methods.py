"""What every method must do."""

from hitl_sim import check
from hitl_sim.part import builtin

OPTIONS = {
    "fine_tune": {"steps": 3},
    "prune": {"share": 0.5, "form": "gradual", "after": 1, "until": 3},
    "quantise": {"form": "post_training"},
    "split": {"after": 1, "bits": 4},
}
MEMBERS = [(part, OPTIONS[name]) for name, part in builtin("method").items()]


@check.parametrize(MEMBERS)
def test_a_method_keeps_its_contract(part, check):
    check(part)
