"""The study of one's own parts: killed, changed and verified like any other."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hitl_sim.study.plan import build_plan
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import load_spec
from hitl_sim.study.verify import verify_study

pytestmark = pytest.mark.study

FOLDER = Path(__file__).parents[2] / "examples" / "own_parts"
COMMAND = "from hitl_sim.cli import main; main()"
KILLED_RUN_S = 240
EVERY_ARM = {
    "control",
    "own_intervention",
    "own_annotator",
    "own_strategy",
    "own_aggregation",
}


def digests(out):
    """Hash every file that the byte promise covers, and the sources beside them."""
    folders = [*(out / "records").glob("*.parquet"), *(out / "parts").rglob("*.py")]
    files = [*folders, out / "results.parquet", out / "manifest.json"]
    return {str(p.name): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def keys_by_arm(out):
    found = {}
    for row in pq.read_table(out / "results.parquet").to_pylist():
        found.setdefault(row["arm"], set()).add(row["key"])
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A copy of the example that tests may change."""
    folder = tmp_path_factory.mktemp("own") / "own_parts"
    shutil.copytree(FOLDER, folder)
    return folder / "study.toml"


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    """The example, run by two workers and never interrupted."""
    out = tmp_path_factory.mktemp("whole")
    run_study(load_spec(study), out, 2)
    return out


def test_every_run_of_own_parts_ends_well(whole):
    table = pq.read_table(whole / "results.parquet")
    assert set(table.column("outcome").to_pylist()) == {"ok"}


def test_products_counted_are_those_of_a_hand_count_and_random_bits_stand_apart(whole):
    units = json.loads((whole / "manifest.json").read_text())["units"]
    # 64 features, 16 hidden, 10 classes: a product and a sum for each weight
    passed = 2 * (64 * 16 + 16 * 10)
    (train,) = (unit for unit in units.values() if unit["phase"] == "train")
    looks = [unit for unit in units.values() if unit["phase"] == "evaluate"]
    # weights of both layers, and inputs of the second alone, have gradients
    step = 16 * (2 * passed + 2 * 16 * 10)
    assert list(train["matrix_flops"].values()) == [step]
    assert all(list(look["matrix_flops"].values()) == [passed] for look in looks)
    assert train["random_flops"] > 0
    assert all(look["random_flops"] == 0 for look in looks)


@pytest.mark.slow
def test_killed_and_resumed_it_ends_with_the_same_bytes(whole, study, tmp_path):
    out, told = tmp_path / "killed", tmp_path / "told"
    words = ["run", study, "--out", out, "--workers", "2"]
    with told.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
    end = time.monotonic() + KILLED_RUN_S
    while not list((out / "records").glob("*.parquet")):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert "This study executes code of its own" in told.read_text()
    run_study(load_spec(study), out, 2)
    assert digests(out) == digests(whole)


def test_kept_sources_give_the_same_bytes_although_the_originals_are_gone(
    whole, study, tmp_path
):
    moved = study.parent.rename(tmp_path / "elsewhere")
    try:
        seen = verify_study(whole, num_files=2, workers=1)
    finally:
        moved.rename(study.parent)
    assert (seen.files, seen.unlike) == (2, ())


@pytest.mark.parametrize(
    ("file", "dependent"),
    [
        ("doubt.py", {"own_strategy"}),
        ("scaling.py", {"own_strategy", "own_intervention"}),
        ("trust.py", {"own_aggregation"}),
        ("anchoring.py", {"own_annotator", "own_strategy", "own_aggregation"}),
        ("small_net.py", EVERY_ARM),
        ("warm_up.py", EVERY_ARM),
    ],
)
def test_one_changed_comment_recomputes_exactly_what_depends_on_it(
    whole, study, tmp_path, file, dependent
):
    folder = shutil.copytree(study.parent, tmp_path / "changed")
    (folder / file).write_text((folder / file).read_text() + "# one comment more\n")
    before, after = keys_by_arm(whole), {}
    for run in build_plan(load_spec(folder / "study.toml")).runs:
        after.setdefault(run.condition.arm.name, set()).add(run.key)
    changed = {arm for arm, keys in after.items() if keys != before[arm]}
    assert changed == dependent
    assert all(after[arm].isdisjoint(before[arm]) for arm in changed)
