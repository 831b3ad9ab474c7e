import pytest
from meter_kit.board import FaultyBoard, FaultyDriver

from hitl_sim.energy.meters import NvmlBackend, RaplBackend, run_selftest
from hitl_sim.energy.meters.simulated import (
    VirtualTime,
    Waveform,
)


def test_a_machine_without_counters_still_tries_the_arithmetic(tmp_path):
    result = run_selftest([RaplBackend(tmp_path / "none")], num_windows=300)
    outcomes = {trial.of: trial.outcome for trial in result.trials}
    assert outcomes["host/package"] == "not tried"
    assert not result.has_meter
    assert result.trials[1].outcome == "passed"


def test_a_good_board_passes_everything_that_is_tried(live_board):
    result = run_selftest([live_board()], span_s=0.4, num_windows=300)
    tried = {t.name: t.outcome for t in result.trials if t.of == "host/gpu0"}
    assert tried["adjacent windows add up to the one around them"] == "passed"
    assert tried["work draws more than rest"] == "not tried"


def try_board(waveform, span_s, **board):
    """Try a board on a clock that only its windows move: `work` is to sleep on it."""
    time = VirtualTime()
    boards = [FaultyBoard(waveform, counter_s=0.02, **board)]
    backend = NvmlBackend(
        FaultyDriver(boards, time),
        time.clock,
        time.sleep,
        every=time.every,
        environ={},
    )
    return run_selftest(
        [backend],
        load=time.sleep,
        span_s=span_s,
        num_windows=20,
        clock=time.clock,
        sleep=time.sleep,
    )


@pytest.mark.parametrize(("slope", "outcome"), [(5.0, "passed"), (-5.0, "failed")])
def test_work_must_draw_more_than_rest(slope, outcome):
    steps = range(100)
    ramp = Waveform([i / 10 for i in steps], [600.0 + slope * i for i in steps])
    result = try_board(ramp, span_s=1.0, power_s=0.02)
    trial = next(t for t in result.trials if t.name == "work draws more than rest")
    assert trial.outcome == outcome


def test_a_board_whose_views_disagree_fails():
    flicker = Waveform([i / 20 for i in range(600)], [500.0, 50.0] * 300)
    result = try_board(flicker, span_s=1.0, power_s=0.1)
    trial = next(t for t in result.trials if "integrated power agree" in t.name)
    assert trial.outcome == "failed"
    assert not result.is_passed


def test_a_span_is_positive():
    with pytest.raises(ValueError, match="`span_s` must be > 0 s, got 0"):
        run_selftest([NvmlBackend()], span_s=0)
