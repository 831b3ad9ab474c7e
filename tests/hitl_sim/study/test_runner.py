"""Whole studies in child processes: same bytes, whatever happened on the way."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hitl_sim.study import runner
from hitl_sim.study.runner import dry_run, load_study, run_study
from hitl_sim.study.spec import SpecError, convert, load_spec
from hitl_sim.study.store import RecordError

pytestmark = pytest.mark.study

RUN = """
import sys
from pathlib import Path
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import load_spec
if __name__ == "__main__":
    run_study(load_spec(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]))
"""
SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"
KILLED_RUN_S = 240
REPLICATES = 24
NUM_CHUNKS = 8 * REPLICATES // 4


def digests(out):
    """Hash every file that the byte promise covers; the sidecar is outside it."""
    names = ("results.parquet", "manifest.json", "study.json")
    files = [*(out / "records").glob("*.parquet"), *(out / n for n in names)]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The smoke study, run once by one worker and never interrupted."""
    out = tmp_path_factory.mktemp("whole")
    run_study(load_spec(SMOKE), out, 1)
    return out


@pytest.fixture(scope="module")
def long_study(tmp_path_factory):
    """A study of many chunks, so that a kill always finds it at work; and its whole."""
    folder = tmp_path_factory.mktemp("long")
    file = folder / "long.toml"
    text = SMOKE.read_text()
    file.write_text(text.replace("replicates = 4", f"replicates = {REPLICATES}"))
    run_study(load_spec(file), folder / "whole", 1)
    return file, folder / "whole"


def finished_chunks(out):
    return len(list((out / "records").glob("*.parquet")))


def run_and_kill(smoke_file, out, workers, after):
    """Start the study in a process of its own and SIGKILL it at a count of chunks."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(smoke_file), str(out), str(workers)],
        start_new_session=True,
    )
    deadline = time.monotonic() + KILLED_RUN_S
    while finished_chunks(out) < after and time.monotonic() < deadline:
        assert process.poll() is None, "the study ended before it was killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_study_ends_with_the_bytes_of_one_never_killed(
    long_study, tmp_path, workers
):
    file, whole = long_study
    rng = np.random.default_rng(20261122)
    counts = sorted(rng.choice(np.arange(1, NUM_CHUNKS // 2), 3, replace=False))
    out = tmp_path / "killed"
    for after in counts:
        run_and_kill(file, out, workers, after)
        assert after <= finished_chunks(out) < NUM_CHUNKS
        assert not (out / "results.parquet").exists()
    run_study(load_spec(file), out, workers)
    assert digests(out) == digests(whole)


def test_workers_end_when_their_parent_is_killed(long_study, tmp_path):
    run_and_kill(long_study[0], tmp_path, 1, after=1)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = subprocess.run(
            ["pgrep", "-f", str(tmp_path)], capture_output=True, check=False
        ).stdout
        before = finished_chunks(tmp_path)
        time.sleep(2)
        if not found and finished_chunks(tmp_path) == before:
            return
    pytest.fail("a worker goes on without its parent")


def test_a_finished_study_computes_nothing(whole, smoke_file, monkeypatch):
    before = digests(whole)
    monkeypatch.setattr(runner, "LocalExecutor", None)
    done = run_study(load_spec(smoke_file), whole, 2)
    assert (done.num_runs, done.num_failed) == (32, 0)
    assert digests(whole) == before


def test_a_wider_study_keeps_what_is_there(whole, tables, tmp_path, monkeypatch):
    out = tmp_path / "grown"
    shutil.copytree(whole, out)
    tables["replicates"] = 6
    assert dry_run(convert(tables), out).runs_left == 8 * 2
    submitted = []
    monkeypatch.setattr(
        runner, "_run_chunks", lambda chunks, *_: submitted.extend(chunks) or []
    )
    run_study(convert(tables), out, 1)
    replicates = {run.replicate for chunk in submitted for run in chunk.runs}
    assert replicates == {4, 5}


def test_a_new_price_recomputes_nothing(whole, tables):
    tables["prices"]["wage_usd_per_h"] = 31.0
    tables["device"] = "h100"
    assert dry_run(convert(tables), whole).runs_left == 0


def test_records_hold_what_the_study_asked_for(whole):
    _, table, _ = load_study(whole)
    rows = table.to_pylist()
    assert len(rows) == 32
    assert {row["outcome"] for row in rows} == {"ok"}
    for row in rows:
        assert len(row["validation_accuracy"]) == len(row["step"]) == 12
        if row["arm"] == "margin_labels":
            # three rounds of 20 questions to three people
            assert row["asked"] == sorted(row["asked"])
            assert row["asked"][-1] == 3 * 20 * 3 == row["answered"][-1]
            assert row["paid_s"][-1] >= row["worked_s"][-1] > 0
        if row["role"] in ("control", "pilot", "null"):
            assert set(row["asked"]) == {0}


def test_better_people_answer_better(whole):
    _, table, _ = load_study(whole)
    accuracy = {}
    for row in table.to_pylist():
        if row["arm"] == "margin_labels":
            accuracy.setdefault(row["population"], []).append(row["answer_accuracy"])
    assert min(accuracy["perfect"]) == 1.0
    assert np.mean(accuracy["spammer"]) < 0.25


def test_the_manifest_says_what_fixes_the_bytes(whole):
    environment = json.loads((whole / "manifest.json").read_text())["environment"]
    assert environment["xla_threads"] == 1
    assert environment["width"] == 4
    assert {"jax", "jaxlib", "numpy", "python", "device_kind"} <= set(environment)


def test_units_of_all_work_are_in_the_manifest(whole):
    _, table, manifest = load_study(whole)
    used = {unit for row in table.to_pylist() for unit in row["work_unit"]}
    assert used == set(manifest["units"])
    assert all(unit["flops"] for unit in manifest["units"].values())


def test_a_failed_chunk_is_kept_counted_and_tried_again(tables, tmp_path):
    tables["arm"] = tables["arm"][:2]
    del tables["axis"]
    spec = convert(tables)
    # the folder of records is a file: writing fails, in the worker
    (tmp_path / "groups").write_text("in the way")
    done = run_study(spec, tmp_path, 1)
    assert done.num_failed == 12
    assert "FileExistsError" in done.messages[0] or "NotADirectory" in done.messages[0]
    errors = list((tmp_path / "errors").glob("*.json"))
    assert "Traceback" in json.loads(errors[0].read_text())["traceback"]
    (tmp_path / "groups").unlink()
    assert run_study(spec, tmp_path, 1).num_failed == 0
    assert list((tmp_path / "errors").glob("*.json")) == []


def test_records_of_two_environments_are_not_mixed(whole, tables, tmp_path):
    out = tmp_path / "mixed"
    shutil.copytree(whole, out)
    path = sorted((out / "groups").glob("*.json"))[0]
    group = json.loads(path.read_text())
    group["environment"]["jaxlib"] = "0.0.1"
    path.write_text(json.dumps(group))
    with pytest.raises(RecordError, match="one environment, got 2"):
        run_study(convert(tables), out, 1)


def test_a_bad_study_leaves_no_trace(tables, tmp_path):
    tables["crowd"] = {"population": "saints"}
    tables["axis"] = []
    with pytest.raises(SpecError, match="saints"):
        run_study(convert(tables), tmp_path / "new", 1)
    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(RecordError, match="must be a folder that `hitl-sim run` made"):
        load_study(tmp_path)


def test_a_worker_that_dies_is_reported_and_loses_nothing(
    whole, tables, tmp_path, monkeypatch
):
    out = tmp_path / "grown"
    shutil.copytree(whole, out)
    tables["replicates"] = 5
    before = finished_chunks(out)
    submit = runner.LocalExecutor.submit
    monkeypatch.setattr(
        runner.LocalExecutor, "submit", lambda pool, *_: submit(pool, "os", "_exit", 1)
    )
    with pytest.raises(RecordError, match="A worker process must live"):
        run_study(convert(tables), out, 1)
    assert finished_chunks(out) == before
