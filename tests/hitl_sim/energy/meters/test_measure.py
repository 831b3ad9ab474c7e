import sys
import time

import pytest

from hitl_sim.energy import Kind, load_profile
from hitl_sim.energy.meters import RaplBackend, measure_command
from hitl_sim.energy.meters.measure import choose_backends


def python(code):
    return [sys.executable, "-c", code]


@pytest.fixture
def nothing(tmp_path):
    return [RaplBackend(tmp_path / "none")]


def test_a_command_runs_under_the_meter(live_board):
    result = measure_command(
        python("import time; time.sleep(0.3)"), backends=[live_board()], idle_s=0.3
    )
    assert result.return_code == 0
    assert result.is_measured
    assert result.gross_total.kind is Kind.MEASURED_COUNTER
    seconds = result.repeated.reading.seconds.value
    low, high = result.gross_total.interval
    assert low < 100.0 * seconds < high
    assert result.idle_w["host/gpu0"].interval[1] > 90.0
    assert result.marginal_total.is_known


def test_without_counters_energy_is_unavailable_and_says_why(nothing):
    result = measure_command(python(""), backends=nothing, idle_s=0.1)
    assert not result.is_measured
    assert result.gross_total.value is None
    (seen,) = result.capabilities
    assert "no counters under" in seen.reason


def test_without_counters_a_named_device_is_modelled(nothing):
    profile = load_profile("laptop-cpu")
    result = measure_command(python(""), backends=nothing, profile=profile)
    assert not result.is_measured
    assert result.gross_total.kind is Kind.MODELLED_ANALYTIC
    assert 0 < result.marginal_total.value < result.gross_total.value


def test_a_profile_does_not_replace_a_counter(live_board):
    board = live_board()
    chosen, _ = choose_backends(load_profile("laptop-cpu"), [board])
    assert chosen == [board]


def test_the_commands_code_is_kept(nothing):
    result = measure_command(python("raise SystemExit(3)"), backends=nothing)
    assert result.return_code == 3


def test_a_signal_is_told_as_shells_do(nothing):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert measure_command(python(code), backends=nothing).return_code == 143


def test_a_command_is_repeated_until_its_energy_is_known(live_board):
    calls = []

    def run(argv):
        calls.append(argv)
        time.sleep(0.1)
        return 0

    result = measure_command(
        ["work"],
        backends=[live_board()],
        idle_s=0,
        max_relative_error=0.2,
        run=run,
    )
    assert len(calls) == result.repeated.num_repeats > 2
    assert result.repeated.stopped == "target"
    assert result.gross_total.value == pytest.approx(10.0, rel=0.3)


def test_a_run_that_fails_ends_the_repeats(live_board):
    result = measure_command(
        ["x"],
        backends=[live_board()],
        idle_s=0,
        max_relative_error=0.01,
        run=lambda argv: 1,
    )
    assert (result.repeated.num_repeats, result.repeated.stopped) == (1, "failed")


def test_a_command_is_needed():
    with pytest.raises(ValueError, match="`argv` must name a command"):
        measure_command([])
    with pytest.raises(ValueError, match="`idle_s` must be >= 0 s, got -1"):
        measure_command(["x"], idle_s=-1)
