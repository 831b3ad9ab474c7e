"""What every task must do that reads no file of a user's."""

import pytest

from hitl_sim import check
from hitl_sim.part import builtin

TASKS = builtin("task")


@check.parametrize([TASKS["digits"], TASKS["planted"]])
def test_a_task_keeps_its_contract(part, check):
    check(part)


@pytest.mark.slow
@check.parametrize([TASKS["docstrings"]])
def test_a_task_of_text_keeps_its_contract(part, check):
    check(part)
