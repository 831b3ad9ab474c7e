"""The check of a device: its steps on a simulated board, and limits that hold."""

import json
import sys
import time

import device_check
import pytest
from device_check import STEPS, Bench, check, limited, simulated_bench

from hitl_sim.energy.meters.boards import find_boards
from hitl_sim.energy.meters.simulated import (
    SimulatedBoard,
    SimulatedDriver,
    VirtualTime,
)


def found_by(step, bench, **options):
    """Take a step, and return what it kept last."""
    kept = {}
    step(bench, lambda **found: kept.update(found), **options)
    return kept


def test_limits_together_are_below_eight_minutes():
    assert sum(step.limit_s for step in STEPS.values()) <= device_check.LONGEST_S
    assert set(STEPS) == {*device_check.METERED, *device_check.BUILT}


def test_idle_power_is_that_of_a_board_that_does_nothing():
    found = found_by(device_check.find_idle, simulated_bench())
    shown = device_check.IDLE_W * device_check.GAIN
    assert found["idle_w"] == pytest.approx(shown, abs=1e-3)
    assert found["samples"] > 100


@pytest.mark.parametrize("period_s", [0.02, 0.1])
def test_the_period_of_a_counter_is_found(period_s):
    bench = simulated_bench()
    bench.board.handle.counter_s = period_s
    found = found_by(device_check.find_period, bench)
    assert found["update_period_s"] == pytest.approx(period_s, abs=0.003)


def test_a_counter_of_a_fair_board_is_its_integrated_power():
    """Power that is a quarter on: 70 + .25 x 330 W, shown 2 % high by both."""
    found = found_by(device_check.hold_counter, simulated_bench())
    mean_w = 70.0 + 0.25 * 330.0
    assert found["counter_j"] / found["seconds"] == pytest.approx(
        1.02 * mean_w, rel=0.01
    )
    assert found["counter_over_integrated"] == pytest.approx(1.0, abs=0.03)


class HalfSeen(SimulatedBoard):
    """A board whose counter misses half of what is above idle power."""

    def counter_j(self, at_s):
        idle = device_check.IDLE_W * self.refreshed(at_s, self.counter_s)
        return idle + 0.5 * (super().counter_j(at_s) - idle)


def test_a_counter_that_misses_part_of_a_load_is_told():
    clock = VirtualTime()
    wave = device_check._Told([0.0], [device_check.IDLE_W])
    board = HalfSeen(wave, power_s=0.025)
    (shown,) = find_boards(SimulatedDriver([board], clock), {}).boards

    def load(seconds):
        wave.change(clock.now_s, device_check.LOAD_W)
        clock.sleep(seconds)
        wave.change(clock.now_s, device_check.IDLE_W)

    bench = Bench(shown, clock.clock, clock.sleep, load)
    found = found_by(device_check.hold_counter, bench)
    # (70 + .5 x 82.5) of 152.5 W
    assert found["counter_over_integrated"] == pytest.approx(0.73, abs=0.03)


def test_a_counter_that_stands_still_is_told():
    bench = simulated_bench()
    bench.board.handle.gain = 0.0
    for step in (device_check.find_period, device_check.hold_counter):
        with pytest.raises(RuntimeError, match="the energy counter stood still"):
            found_by(step, bench)


def test_a_step_that_takes_too_long_is_cut_off_with_all_that_it_started(tmp_path):
    """Its child writes a file late: it must not be there."""
    late = tmp_path / "late"
    child = f"import time, pathlib; time.sleep(3); pathlib.Path({str(late)!r}).touch()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    ended, why = limited([sys.executable, "-c", code], 1.0)
    assert (ended, why) == ("cut off", "it took longer than 1 s")
    time.sleep(3.0)
    assert not late.exists()


def test_what_was_found_before_a_cut_is_kept_and_the_next_step_begins(tmp_path):
    ends = {"idle": ("cut off", "it took longer than 20 s"), "peaks": ("done", "")}
    seen = []

    def run(call, limit_s):
        name = call[call.index("--take") + 1]
        seen.append((name, limit_s))
        # what an earlier check of this folder left is gone
        assert not (tmp_path / f"{name}.json").exists()
        (tmp_path / f"{name}.json").write_text('{"idle_w": 71.0}')
        return ends[name]

    (tmp_path / "peaks.json").write_text('{"old": 1}')
    check(tmp_path, "h100", ["idle", "peaks"], is_rehearsed=False, run=run)
    assert seen == [("idle", 20.0), ("peaks", 60.0)]
    whole = json.loads((tmp_path / "device_check.json").read_text())
    assert whole["steps"]["idle"] == {
        "ended": "cut off",
        "why": "it took longer than 20 s",
        "found": {"idle_w": 71.0},
    }
    assert whole["steps"]["peaks"]["ended"] == "done"


def test_steps_are_rehearsed_as_processes(tmp_path, monkeypatch, capsys):
    words = ["device_check.py", str(tmp_path), "--rehearse", "--step", "idle"]
    monkeypatch.setattr("sys.argv", [*words, "--step", "duty", "--step", "peaks"])
    device_check.main()
    whole = json.loads((tmp_path / "device_check.json").read_text())
    assert whole["is_rehearsed"]
    assert {one["ended"] for one in whole["steps"].values()} == {"done"}
    rates = whole["steps"]["peaks"]["found"]["operations_per_s"]
    assert set(rates) == {"float32", "tf32", "bfloat16", "int8"}
    assert min(rates.values()) > 0.0
    assert "idle power: done" in capsys.readouterr().out


def test_without_a_board_every_step_says_why(tmp_path, monkeypatch, capsys):
    """On a machine without a GPU nothing is made up."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(
        "sys.argv", ["device_check.py", str(tmp_path), "--step", "idle"]
    )
    with pytest.raises(SystemExit) as refused:
        device_check.main()
    assert refused.value.code == 1
    (step,) = json.loads((tmp_path / "device_check.json").read_text())["steps"].values()
    assert step["ended"] == "failed"
    assert step["found"] == {}
    assert "idle power: failed (" in capsys.readouterr().out


def test_an_unknown_profile_is_refused_before_any_step(tmp_path, monkeypatch, capsys):
    words = ["device_check.py", str(tmp_path / "out"), "--base", "nope"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as refused:
        device_check.main()
    assert refused.value.code == 2
    assert "must be one of 'laptop-cpu'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_every_step_is_rehearsed(tmp_path):
    found = check(tmp_path, "laptop-cpu", list(STEPS), is_rehearsed=True)
    assert {name: one["why"] for name, one in found.items()} == dict.fromkeys(STEPS, "")
    assert (tmp_path / "profile.toml").exists()
    assert "÷" in found["audit"]["found"]["said"]
    (widths,) = found["widths"]["found"]["runs_per_s"].values()
    assert set(widths) == {"1", "2"}
