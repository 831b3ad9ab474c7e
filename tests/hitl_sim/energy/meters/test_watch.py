import pytest
from hypothesis import given, strategies as st

from hitl_sim.energy.meters.counter import Watch

SECOND = 1_000_000_000
RANGE_J = 262_143.3


@given(st.floats(0, RANGE_J - 1), st.lists(st.floats(0, 400), min_size=1, max_size=20))
def test_any_number_of_wraps_at_any_phase_adds_up(begin, steps_s):
    counter = Watch(0.001, RANGE_J, 600.0)
    start, truth, at_s = counter.add(begin, 0), begin, 0.0
    end = start
    for step_s in steps_s:
        at_s += step_s
        truth += 500.0 * step_s
        end = counter.add(truth % RANGE_J, round(at_s * SECOND))
    assert end - start == pytest.approx(truth - begin, abs=1e-4)
    assert counter.flaw(0, round(at_s * SECOND)) == ""


def test_a_span_in_which_it_may_go_round_is_flawed_for_its_windows_only():
    counter = Watch(0.001, RANGE_J, 600.0)
    counter.add(0.0, 0)
    counter.add(10.0, 1 * SECOND)
    counter.add(20.0, 1000 * SECOND)
    counter.add(30.0, 1001 * SECOND)
    assert counter.flaw(0, 1 * SECOND) == ""
    assert "may go round in 437 s" in counter.flaw(0, 1000 * SECOND)
    assert counter.flaw(1000 * SECOND, 1001 * SECOND) == ""


def test_a_reset_is_no_wrap():
    counter = Watch(0.001, RANGE_J, 600.0)
    counter.add(250_000.0, 0)
    counter.add(5.0, SECOND)
    assert "it was reset" in counter.flaw(0, SECOND)


def test_old_flaws_can_be_forgotten():
    counter = Watch(0.001, RANGE_J, 600.0)
    counter.add(250_000.0, 0)
    counter.add(5.0, SECOND)
    counter.forget(2 * SECOND)
    assert counter.flaw(0, SECOND) == ""


def test_a_counter_without_range_that_falls_between_readings_is_told():
    counter = Watch(0.1)
    for second, joules in enumerate((5.0, 15.0, 3.0, 4.0)):
        counter.add(joules, second * SECOND)
    assert "the energy counter fell" in counter.flaw(SECOND, 2 * SECOND)
    assert counter.flaw(0, SECOND) == counter.flaw(2 * SECOND, 3 * SECOND) == ""
