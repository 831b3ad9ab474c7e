"""What every annotator must do; the built-in one with each kind of feedback."""

from hitl_sim import check
from hitl_sim.part import find
from oracles import part
from oracles.feedback import KINDS

BUILT_IN = find("annotator", "random_utility")


def member(kind):
    def build():
        return BUILT_IN(feedback=kind)

    return part.annotator(name=kind)(build)


@check.parametrize([member(kind) for kind in KINDS])
def test_an_annotator_keeps_its_contract(part, check):
    check(part)
