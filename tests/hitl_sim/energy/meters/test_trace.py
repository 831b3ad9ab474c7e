import json

import pytest

from hitl_sim.energy import Kind, total
from hitl_sim.energy.meters import Meter, RaplBackend, ReplayBackend
from hitl_sim.energy.meters.nvml import NvmlBackend
from hitl_sim.energy.meters.simulated import (
    SimulatedBoard,
    SimulatedDriver,
    VirtualTime,
    Waveform,
)
from hitl_sim.energy.meters.trace import read_trace, record_trace

LOAD = Waveform([0.0, 5.0, 9.0], [100.0, 400.0, 150.0])


@pytest.fixture
def trace(tmp_path):
    time = VirtualTime()
    backend = NvmlBackend(
        SimulatedDriver([SimulatedBoard(LOAD)], time),
        time.clock,
        time.sleep,
        environ={},
        every=time.every,
    )
    path = tmp_path / "board.csv"
    record_trace(backend, path, 12.0, note="x", clock=time.clock, sleep=time.sleep)
    return read_trace(path)


def replay(trace, start_s, seconds):
    time = VirtualTime()
    backend = ReplayBackend(trace, time.clock)
    backend.read()
    meter = Meter([backend], clock=time.clock, sleep=time.sleep)
    time.sleep(start_s)
    with meter.window("x", phase="train") as window:
        time.sleep(seconds)
    return window.reading


def test_a_recording_plays_back_what_was_measured(trace):
    reading = replay(trace, 1.0, 8.0)
    (energy,) = reading.gross
    begin = trace.duration_s - 12.0
    assert abs(begin) < 0.2
    assert energy.value == pytest.approx(sum([100.0 * 4, 400.0 * 4]), rel=0.15)
    assert energy.kind is Kind.MEASURED_COUNTER
    assert reading.checks[0].label == "agree"


def test_adjacent_windows_of_a_recording_add_up(trace):
    parts = [replay(trace, *span).gross[0] for span in ((1.0, 3.0), (4.0, 5.0))]
    (whole,) = replay(trace, 1.0, 8.0).gross
    assert total(parts).value == pytest.approx(whole.value)


def test_every_number_says_that_it_is_a_replay(trace):
    (seen,) = ReplayBackend(trace).probe()
    assert "not measured now" in seen.note
    (energy,) = replay(trace, 1.0, 8.0).gross
    assert energy.source.startswith("replay of board.csv: nvml counter")


def test_past_its_end_a_recording_has_nothing(trace):
    (energy,) = replay(trace, 10.0, 30.0).gross
    assert energy.value is None
    assert "the recording ended after 12" in energy.reason


def test_the_file_says_what_it_is(trace):
    header = json.loads(trace.path.read_text().splitlines()[0][2:])
    assert header["format"] == "hitl_sim energy trace"
    assert header["backend"] == "nvml"
    assert header["devices"]["host/gpu0"]["scope"] == "board"
    assert trace.joules["host/gpu0"][0] == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "time_s\n0\n1\n",
        '# {"format": "hitl_sim energy trace", "version": 9, "devices": {}}\n',
        '# {"format": "hitl_sim energy trace", "version": 1, "devices": {}}\n'
        "time_s\n1\n",
        '# {"format": "hitl_sim energy trace", "version": 1, "devices": {"x": {}}}\n'
        "time_s,x joules\n0,1\n1,2\n",
    ],
)
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match="must"):
        read_trace(path)


def test_what_cannot_measure_cannot_be_recorded(tmp_path):
    with pytest.raises(ValueError, match="must be able to measure here, got: no count"):
        record_trace(RaplBackend(tmp_path / "none"), tmp_path / "x", 1.0)
    with pytest.raises(ValueError, match="`period_s` must be > 0 s"):
        record_trace(RaplBackend(tmp_path), tmp_path / "x", 1.0, period_s=0.0)
