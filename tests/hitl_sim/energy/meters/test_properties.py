"""What holds for any load and any counter."""

import pytest
from hypothesis import given, settings, strategies as st
from meter_kit.board import FaultyBoard, FaultyDriver

from hitl_sim.energy import total
from hitl_sim.energy.meters import Meter, NvmlBackend
from hitl_sim.energy.meters.simulated import (
    VirtualTime,
    Waveform,
)

watts = st.floats(0.0, 700.0)
loads = st.lists(watts, min_size=1, max_size=8).map(
    lambda powers: Waveform([0.7 * i for i in range(len(powers))], powers)
)
spans = st.lists(st.floats(0.01, 3.0), min_size=1, max_size=4)
boards = st.builds(
    FaultyBoard,
    loads,
    counter_s=st.floats(0.001, 0.1),
    power_s=st.floats(0.001, 0.1),
    phase_s=st.floats(0.0, 0.1),
)


def read(board, seconds):
    """Measure adjacent windows and the one around them."""
    time = VirtualTime()
    backend = NvmlBackend(
        FaultyDriver([board], time),
        time.clock,
        time.sleep,
        environ={},
        every=time.every,
    )
    meter = Meter([backend], clock=time.clock, sleep=time.sleep)
    time.sleep(0.5)
    inner = []
    with meter.window("whole", phase="train") as whole:
        for span in seconds:
            with meter.window("part", phase="train") as part:
                time.sleep(span)
            inner.append(part.reading)
    return whole.reading, inner


@settings(max_examples=40, deadline=None)
@given(boards, spans)
def test_adjacent_windows_sum_to_the_enclosing_one(board, seconds):
    whole, parts = read(board, seconds)
    for view in ("counter", "sampled"):
        around = getattr(whole.checks[0], view)
        inner = [getattr(part.checks[0], view) for part in parts]
        if all(energy and energy.is_known for energy in (around, *inner)):
            assert total(inner).value == pytest.approx(around.value, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(boards, spans)
def test_energy_is_never_negative(board, seconds):
    whole, parts = read(board, seconds)
    for reading in (whole, *parts):
        for energy in reading.gross:
            assert energy.value is None or energy.value >= 0.0
            assert energy.interval is None or energy.interval[0] >= 0.0


@settings(max_examples=40, deadline=None)
@given(boards, spans)
def test_energy_lies_between_least_and_most_power_times_time(board, seconds):
    whole, _ = read(board, seconds)
    elapsed = sum(seconds)
    least, most = min(board.waveform.watts), max(board.waveform.watts)
    (check,) = whole.checks
    quantum = 0.002
    slack = board.counter_s + 1e-6
    if check.counter is None:
        assert check.label == "still"
        assert least * (elapsed - slack) <= quantum
    else:
        assert check.counter.value >= least * (elapsed - slack) - quantum
        assert check.counter.value <= most * (elapsed + slack) + quantum
    if check.sampled.is_known:
        assert least * elapsed - quantum * elapsed <= check.sampled.value
        assert check.sampled.value <= most * elapsed + quantum
