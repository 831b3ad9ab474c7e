"""What every annotator must do; the built-in one with each kind of feedback."""

from hitl_sim import check
from hitl_sim.part import find
from oracles.feedback import KINDS

BUILT_IN = find("annotator", "random_utility")


@check.parametrize([(BUILT_IN, {"feedback": kind}) for kind in KINDS])
def test_an_annotator_keeps_its_contract(part, check):
    check(part)
