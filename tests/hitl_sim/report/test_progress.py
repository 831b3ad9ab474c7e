"""What long work says: one line of a study, and the steps after its last run."""

import io

import pytest
from rich.console import Console

from hitl_sim.report.terminal.progress import shown_progress, shown_steps
from hitl_sim.study.sweep import GroupProgress, Progress

GROUPS = (GroupProgress("digits/control", 8, 20), GroupProgress("digits/rate", 0, 20))
STATE = Progress(8, 40, 0, 0, False, GROUPS, 60.0)


def steps(*seconds, is_terminal=False):
    """Return what is written of steps that take so long by a clock of our own."""
    out, now = io.StringIO(), 0.0
    console = Console(file=out, width=100, force_terminal=is_terminal)
    with shown_steps(console, lambda: now) as step:
        for place, took in enumerate(seconds):
            step(f"step {place}")
            now += took
    return out.getvalue()


def test_a_log_has_the_steps_that_took_long():
    assert steps(9.9, 75.0, 10.0) == "step 1: 1.2 min\nstep 2: 10 s\n"


def test_a_terminal_shows_each_step_while_it_goes_on():
    told = steps(1.0, 2.0, is_terminal=True)
    assert "step 0" in told
    assert "step 1" in told


@pytest.mark.parametrize("is_terminal", [False, True])
def test_programs_are_shown_where_it_is_asked_for(is_terminal):
    told = {}
    for is_verbose in (False, True):
        out = io.StringIO()
        console = Console(file=out, width=100, force_terminal=is_terminal)
        with shown_progress(console, is_verbose=is_verbose) as show:
            show(STATE)
        told[is_verbose] = out.getvalue()
    assert "running" in told[False]
    assert "digits/control" not in told[False]
    assert "digits/control" in told[True]
