"""What every annotator must do; each kind of feedback is one."""

from hitl_sim import check
from oracles import FEEDBACK, part


def member(kind):
    def build():
        return FEEDBACK[kind]

    return part.annotator(name=kind)(build)


label, verification, relevance = (
    member("label"),
    member("verification"),
    member("relevance"),
)
importance, marks = member("importance"), member("marks")
preference, difficulty = member("preference"), member("difficulty")


@check.parametrize(
    [label, verification, relevance, importance, marks, preference, difficulty]
)
def test_an_annotator_keeps_its_contract(part, check):
    check(part)
