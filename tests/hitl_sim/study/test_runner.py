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
import pyarrow.parquet as pq
import pytest

from hitl_sim.output import DiskFullError
from hitl_sim.record import RecordError
from hitl_sim.study import runner, sweep
from hitl_sim.study.cluster import Place
from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.made_by import made_by
from hitl_sim.study.probe import probe_study
from hitl_sim.study.runner import dry_run, load_study, run_study
from hitl_sim.study.spec import SpecError, convert, load_spec
from hitl_sim.study.status import status_of

pytestmark = pytest.mark.study

RUN = """
import sys
from pathlib import Path
from hitl_sim.output import DiskFullError
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import load_spec
if __name__ == "__main__":
    run_study(load_spec(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]))
"""
SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"
KILLED_RUN_S = 240
REPLICATES = 48
# of the control, its copy, its pilot and one arm: programs without people start soon
NUM_CHUNKS = 4 * REPLICATES // 4


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


def run_of_three_arms(folder, replicates):
    """Write the smoke study with its first arms alone, and run it by one worker."""
    text = "[[arm]]".join(SMOKE.read_text().split("[[arm]]")[:4])
    file = folder / "few.toml"
    file.write_text(text.replace("replicates = 4", f"replicates = {replicates}"))
    run_study(load_spec(file), folder / "whole", 1)
    return file, folder / "whole"


@pytest.fixture(scope="module")
def few_arms(tmp_path_factory):
    """A study of two programs that start soon; and its whole."""
    return run_of_three_arms(tmp_path_factory.mktemp("few"), 4)


@pytest.fixture(scope="module")
def long_study(tmp_path_factory):
    """A study of many chunks, so that a kill always finds it at work; and its whole."""
    return run_of_three_arms(tmp_path_factory.mktemp("long"), REPLICATES)


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


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_killed_study_ends_with_the_bytes_of_one_never_killed(
    long_study, tmp_path, workers
):
    file, whole = long_study
    rng = np.random.default_rng(20261122)
    counts = sorted(rng.choice(np.arange(1, NUM_CHUNKS // 2), 2, replace=False))
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
            assert before < NUM_CHUNKS
            return
    pytest.fail("a worker goes on without its parent")


def test_a_finished_study_computes_nothing(whole, smoke_file, monkeypatch):
    before = digests(whole)
    monkeypatch.setattr(runner, "open_executor", None)
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
        sweep.Sweep, "run", lambda self, *_: submitted.extend(self._chunks) or []
    )
    run_study(convert(tables), out, 1)
    replicates = {run.replicate for chunk in submitted for run in chunk.runs}
    assert replicates == {4, 5}


def test_a_narrower_study_says_what_it_leaves_out_and_keeps_it(whole, tables, tmp_path):
    out = tmp_path / "narrowed"
    shutil.copytree(whole, out)
    tables["axis"][0]["values"] = ["perfect"]
    foreseen = dry_run(convert(tables), out)
    assert (foreseen.runs, foreseen.runs_left, foreseen.others) == (24, 0, 8)
    told = []
    done = run_study(convert(tables), out, 1, on_plan=told.append)
    assert told == [foreseen]
    assert done.num_others == 8
    assert pq.read_metadata(out / "results.parquet").num_rows == 24
    tables["axis"][0]["values"] = ["perfect", "spammer"]
    run_study(convert(tables), out, 1)
    assert digests(out)["results.parquet"] == digests(whole)["results.parquet"]


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
    assert environment["dispatch_size"] == 4
    assert {"jax", "jaxlib", "numpy", "python", "device_kind"} <= set(environment)


def test_the_manifest_says_what_code_made_it_and_on_what_it_stands(whole):
    made = json.loads((whole / "manifest.json").read_text())["made_by"]
    assert made == made_by()
    assert {"jax", "scipy", "pyarrow", "msgspec"} <= set(made["packages"])
    assert "ruff" not in made["packages"]


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


@pytest.mark.parametrize("number", [1, 4])
def test_another_environment_is_refused_before_any_run(
    whole, tables, tmp_path, monkeypatch, number
):
    """Of one program or of all: told before the sweep, not after it."""
    out = tmp_path / "moved"
    shutil.copytree(whole, out)
    for path in sorted((out / "groups").glob("*.json"))[:number]:
        group = json.loads(path.read_text())
        group["environment"]["jaxlib"] = "0.0.1"
        path.write_text(json.dumps(group))
    before = digests(out)
    monkeypatch.setattr(sweep.Sweep, "run", None)
    message = "one environment, got 2" if number == 1 else r"'0\.0\.1' of jaxlib there"
    with pytest.raises(RecordError, match=message):
        run_study(convert(tables | {"replicates": 6}), out, 1)
    assert digests(out) == before


def test_a_bad_study_leaves_no_trace(tables, tmp_path):
    tables["crowd"] = {"population": "saints"}
    tables["axis"] = []
    with pytest.raises(SpecError, match="saints"):
        run_study(convert(tables), tmp_path / "new", 1)
    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(RecordError, match="must be a folder that `hitl-sim run` made"):
        load_study(tmp_path)


def sitecustomize(folder, monkeypatch, body):
    """Run some lines at the start of every child process."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(body)
    path = os.pathsep.join([str(folder), *sys.path])
    monkeypatch.setenv("PYTHONPATH", path)


FULL = """
import errno, os
fsync, count = os.fsync, [0]
def full(file):
    if "/records/" in os.readlink(f"/proc/self/fd/{file}"):
        count[0] += 1
        if count[0] > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
    fsync(file)
os.fsync = full
"""


def test_a_full_disk_ends_the_study_and_loses_nothing(few_arms, tmp_path, monkeypatch):
    file, whole = few_arms
    out = tmp_path / "full"
    with monkeypatch.context() as patch:
        sitecustomize(tmp_path / "site", patch, FULL)
        with pytest.raises(DiskFullError, match=r"must have space left .* are kept"):
            run_study(load_spec(file), out, 1)
    assert finished_chunks(out) == 2
    assert not list((out / "records").glob(".*"))
    assert run_study(load_spec(file), out, 1).num_failed == 0
    assert digests(out) == digests(whole)


DIE = """
import os, pathlib
mark = pathlib.Path({mark!r})
fsync = os.fsync
def die(file):
    if "/records/" in os.readlink(f"/proc/self/fd/{{file}}") and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)
    fsync(file)
os.fsync = die
"""


def test_a_worker_killed_mid_chunk_is_replaced(few_arms, tmp_path, monkeypatch):
    file, whole = few_arms
    out, mark = tmp_path / "killed", tmp_path / "mark"
    sitecustomize(tmp_path / "site", monkeypatch, DIE.format(mark=str(mark)))
    done = run_study(load_spec(file), out, 1)
    assert mark.exists()
    assert (done.num_failed, done.messages) == (0, ())
    assert digests(out) == digests(whole)


@pytest.fixture
def grown(whole, tables, tmp_path):
    """A finished folder, and a study of one more replicate."""
    out = tmp_path / "grown"
    shutil.copytree(whole, out)
    tables["replicates"] = 5
    return convert(tables), out


def submit_instead(monkeypatch, module, function, *args):
    """Let workers do something else than compute."""
    submit = LocalExecutor.submit
    monkeypatch.setattr(
        LocalExecutor, "submit", lambda pool, *_: submit(pool, module, function, *args)
    )


def test_a_worker_that_always_dies_leaves_an_error_and_loses_nothing(
    grown, monkeypatch
):
    spec, out = grown
    before = finished_chunks(out)
    submit_instead(monkeypatch, "os", "_exit", 7)
    done = run_study(spec, out, 1)
    assert done.num_failed == 8
    assert "A worker process must live until" in done.messages[0]
    assert "code 7" in done.messages[0]
    assert finished_chunks(out) == before
    status = status_of(out)
    assert (status.done, status.total, status.failures[0].runs) == (32, 40, 8)


def test_a_chunk_that_hangs_is_ended_and_stored(grown):
    spec, out = grown
    before = finished_chunks(out)
    done = run_study(spec, out, 1, limit_s=0.05)
    assert done.num_failed == 8
    assert "must be done within 0.05 s" in done.messages[0]
    stacks = json.loads(next((out / "errors").glob("*.json")).read_text())["traceback"]
    assert "most recent call first" in stacks
    assert finished_chunks(out) == before


def test_a_damaged_record_file_is_set_aside_and_computed_again(whole, tmp_path):
    out = tmp_path / "damaged"
    shutil.copytree(whole, out)
    path = sorted((out / "records").glob("*.parquet"))[0]
    data = bytearray(path.read_bytes())
    # a single byte may be one of a page's statistics, which nobody reads
    for i in range(len(data) // 3, len(data) // 3 + 64):
        data[i] ^= 0xFF
    path.write_bytes(data)
    assert status_of(out).damaged == (path,)
    with pytest.raises(RecordError, match=f"{path.name}' cannot be read .* aside"):
        load_study(out)
    done = run_study(load_spec(SMOKE), out, 1)
    assert done.set_aside == (out / "damaged" / path.name,)
    assert done.set_aside[0].read_bytes() == data
    assert digests(out) == digests(whole)


def test_a_folder_of_a_newer_schema_is_left_as_it_is(whole, tmp_path):
    out = tmp_path / "newer"
    shutil.copytree(whole, out)
    (out / "schema.json").write_text('{"schema": 99, "hitl_sim": "9.0"}')
    before = digests(out)
    for use in (lambda: run_study(load_spec(SMOKE), out, 1), lambda: load_study(out)):
        with pytest.raises(RecordError, match=r"got 99 of hitl_sim 9\.0: upgrade"):
            use()
    assert digests(out) == before


def test_two_runners_of_one_folder_end_with_the_bytes_of_one(few_arms, tmp_path):
    file, whole = few_arms
    out = tmp_path / "shared"
    command = [sys.executable, "-c", RUN, str(file), str(out), "1"]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(KILLED_RUN_S) for process in both] == [0, 0]
    assert digests(out) == digests(whole)


def test_progress_tells_programs_apart_and_ends_with_all(tables, tmp_path):
    tables["arm"] = tables["arm"][:3]
    del tables["axis"]
    seen = []
    run_study(convert(tables), tmp_path, 1, seen.append)
    assert seen[0].is_compiling
    assert {group.done for group in seen[0].groups} == {0}
    assert [(g.done, g.total) for g in seen[-1].groups] == [(12, 12), (4, 4)]
    assert (seen[-1].done, seen[-1].total) == (16, 16)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(Place("dask", 2), id="dask"),
        pytest.param(Place("slurm", 2, slurm={"cluster": "local"}), id="submitit"),
    ],
)
def test_a_cluster_gives_the_bytes_of_a_local_worker(few_arms, tmp_path, place):
    for module in ("distributed", "submitit"):
        pytest.importorskip(module)
    file, whole = few_arms
    done = run_study(load_spec(file), tmp_path, 1, place=place)
    assert done.num_failed == 0, done.messages
    assert digests(tmp_path) == digests(whole)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ten_kills_change_no_byte(long_study, tmp_path, workers):
    file, whole = long_study
    rng = np.random.default_rng(20261123 + workers)
    counts = sorted(rng.choice(np.arange(1, NUM_CHUNKS - 2), 10, replace=False))
    for after in counts:
        run_and_kill(file, tmp_path, workers, after)
    run_study(load_spec(file), tmp_path, workers)
    assert digests(tmp_path) == digests(whole)


def test_labels_that_were_there_are_a_stage_before_anybody_is_asked(tables, tmp_path):
    tables["arm"] = [tables["arm"][0], tables["arm"][4]]
    tables["arm"][1] |= {"initial": 20, "refit": "scratch", "people": 1}
    tables["training"]["batch"] = "all"
    tables["replicates"] = 2
    del tables["axis"]
    run_study(convert(tables), tmp_path, 1)
    _, table, manifest = load_study(tmp_path)
    row = next(r for r in table.to_pylist() if r["arm"] == "margin_labels")
    assert row["asked"] == [0] * 3 + [20] * 3 + [40] * 3 + [60] * 3
    assert row["paid_s"][2] == 0 < row["paid_s"][3]
    assert (row["pool_labels"], row["train_items"]) == (20, 80)
    billed = [unit for unit in row["work_unit"] if unit.startswith("train:")]
    assert [unit.split(":n")[1] for unit in billed] == ["20", "40", "60", "80"]
    flops = [manifest["units"][unit]["flops"]["float32"] for unit in billed]
    assert flops[3] == pytest.approx(4 * flops[0], rel=0.2)


def test_a_probe_keeps_its_runs_and_tells_what_is_left(tables, tmp_path):
    tables["arm"] = tables["arm"][:2]
    del tables["axis"]
    spec = convert(tables)
    probe = probe_study(spec, tmp_path, 1)
    (group,) = probe.groups
    # two chunks of four runs where the first was over at once, as it is on a quiet core
    assert group.runs_left in (4, 8)
    assert dry_run(spec, tmp_path).runs_left == group.runs_left
    assert probe.seconds > group.runs_left * group.run_s + group.setup_s
    assert probe.peak_mib > 100
