"""What every annotator must do; the built-in one with each kind of feedback."""

import pytest

from hitl_sim import check
from hitl_sim.part import find
from oracles.feedback import KINDS

BUILT_IN = find("annotator", "random_utility")
# kinds differ in little more than utilities: the others are compiled when slow
EVERY_DAY = ("label", "importance")


@check.parametrize([(BUILT_IN, {"feedback": kind}) for kind in EVERY_DAY])
def test_an_annotator_keeps_its_contract(part, check):
    check(part)


@pytest.mark.slow
@check.parametrize([(BUILT_IN, {"feedback": k}) for k in KINDS if k not in EVERY_DAY])
def test_an_annotator_of_another_kind_keeps_its_contract(part, check):
    check(part)
