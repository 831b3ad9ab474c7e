"""Killed at any moment, or shared by processes: no run is lost, none counts twice."""

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import hitl_sim as hs
from hitl_sim.cache import cache_environment
from hitl_sim.session.claim import Claim

SCRIPT = Path(__file__).with_name("killed_loop.py")
ROOT = Path(__file__).parents[3]
REPLICATES, STEPS = 2, 5
ALL_STEPS = 2 * REPLICATES * STEPS


def start(out):
    env = {**os.environ, **cache_environment(), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, str(SCRIPT), str(out), str(REPLICATES)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, env=env)


def step(process, number):
    """Let the loop do some steps; it stands in the next one, or has ended, then."""
    process.stdin.write(b"\n" * number)
    process.stdin.flush()


def finish(process):
    process.stdin.close()
    assert process.wait() == 0


def kill_after(out, number):
    """Kill a loop with SIGKILL once a step that comes after `number` others began."""
    process = start(out)
    step(process, number)
    wanted = number // STEPS
    while process.poll() is None and len(finished(out)) < wanted:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def finished(out):
    return {
        path.name: path.read_bytes() for path in (out / "records").glob("*.parquet")
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The records of a session that was never killed, in another process's folder."""
    out = tmp_path_factory.mktemp("whole") / "out"
    runpy.run_path(str(SCRIPT))["run"](out, REPLICATES)
    assert len(finished(out)) == 2 * REPLICATES
    return finished(out)


@pytest.mark.study
def test_a_killed_session_is_ended_by_two_processes_with_the_same_bytes(
    whole, tmp_path
):
    out = tmp_path / "out"
    kill_after(out, 2 * STEPS + 2)
    before = finished(out)
    assert len(before) == 2
    # the control, which fixes the target too, and the arm if tables were written yet
    assert hs.open_results(out).frame().num_rows in (2, 3)
    processes = [start(out) for _ in range(2)]
    for process in processes:
        step(process, 1)
    for process in processes:
        finish(process)
    assert finished(out) == whole
    assert finished(out).items() > before.items()
    runs = pq.read_table(out / "runs.parquet").to_pylist()
    assert len({run["key"] for run in runs}) == 2 * REPLICATES
    assert hs.open_results(out).frame().num_rows == 3 * REPLICATES


def test_tables_that_a_kill_left_behind_are_written_by_the_next_session(tmp_path):
    out, run = tmp_path / "out", runpy.run_path(str(SCRIPT))["run"]
    run(out, 1)
    whole = (out / "runs.parquet").read_bytes()
    for name in ("runs.parquet", "results.parquet", "manifest.json"):
        (out / name).unlink()
    hs.Session.resume(out, meters=[])
    assert (out / "runs.parquet").read_bytes() == whole
    assert hs.open_results(out).frame().num_rows == 3


@pytest.mark.slow
@pytest.mark.study
def test_ten_kills_at_random_moments(whole, tmp_path):
    dice = random.Random(0)
    for number in range(10):
        out = tmp_path / "out"
        left = ALL_STEPS - STEPS * len(finished(out))
        if left <= 1:
            break
        kill_after(out, dice.randrange(left if number else 3))
    finish(start(out))
    assert finished(out) == whole


def test_a_run_of_another_process_is_passed_over_and_refused(tmp_path):
    session = hs.Session(tmp_path / "out", target=hs.target(smoothing=1), meters=[])
    run = session.arm("control", role="control")
    other = Claim(tmp_path / "out/session" / f"{run.key}.lock")
    assert other.take()
    assert [arm.name for arm in session.runs({"control": "control", "b": "arm"})] == [
        "b"
    ]
    with pytest.raises(ValueError, match="is under way in another process"):
        run.__enter__()
    other.give_back()
    with run as arm:
        assert not Claim(tmp_path / "out/session" / f"{run.key}.lock").take()
        with arm.work("train"):
            pass
        arm.report(step=1, accuracy=0.5)
    assert Claim(tmp_path / "out/session" / f"{run.key}.lock").take()
