"""Results stand alone: a folder moved by itself, read where nothing else is."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from hitl_sim.record import RecordError
from hitl_sim.study.conclude import analyse_folder
from hitl_sim.study.folder import read_folder
from hitl_sim.study.runner import run_study
from hitl_sim.study.spec import convert
from hitl_sim.study.status import status_of

pytestmark = pytest.mark.study

ALONE = """
import sys
REFUSED = (
    "jax", "flax", "optax", "hitl_sim.learn", "hitl_sim.task",
    "hitl_sim.study.spec", "hitl_sim.study.plan", "hitl_sim.study.grid",
    "hitl_sim.check", "hitl_sim.part_source",
)
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in REFUSED):
            raise ImportError(f"reading must not load {name}")
sys.meta_path.insert(0, Refuse())
"""
COMMAND = ALONE + "from hitl_sim.cli import app; app(sys.argv[1:])"


@pytest.fixture(scope="module")
def moved(tmp_path_factory, smoke):
    """A study with a method that was run, its folder moved away, and all else gone."""
    away = tmp_path_factory.mktemp("away")
    tables = smoke | {"replicates": 2}
    guide = next(arm for arm in tables["arm"] if arm["name"] == "relevance")
    method = [{"kind": "prune", "share": 0.5, "form": "structured", "after": 3}]
    pruned = {"name": "pruned", "kind": "whole_pool", "role": "arm", "method": method}
    tables["arm"] = [*tables["arm"][:2], guide, pruned]
    out = away / "before"
    run_study(convert(tables), out, 2)
    (out / "study.json").unlink()
    for name in ("one", "other"):
        shutil.copytree(out, away / "elsewhere" / name)
    shutil.rmtree(out)
    return away / "elsewhere"


def read_alone(script, moved, *args):
    """Run a script in the folder that a study was moved to; return what it prints."""
    home = {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(moved)}
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        cwd=moved,
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("report", "one"), "the page: one/report.html"),
        (("status", "one"), "pruned"),
        (("compare", "one", "other"), "relevance"),
        (("methods", "one"), "Page: one/methods.md"),
    ],
)
def test_a_folder_moved_alone_is_read_without_study_data_or_jax(moved, command, said):
    assert said in read_alone(COMMAND, moved, *command)


def test_a_finished_folder_of_an_earlier_version_is_read(moved, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(moved / "one", old)
    (old / "runs.parquet").unlink()
    manifest = json.loads((old / "manifest.json").read_text())
    for name in ("profile", "groups", "use"):
        del manifest[name]
    (old / "manifest.json").write_text(json.dumps(manifest))
    # as text, for a run without a model yet has an accuracy of NaN
    records = [read_folder(folder).records for folder in (old, moved / "one")]
    assert repr(records[0].to_pylist()) == repr(records[1].to_pylist())
    assert records[0].schema == records[1].schema
    ratios = [
        [finding.ratio.value for finding in analyse_folder(folder).tasks[0].findings]
        for folder in (old, moved / "one")
    ]
    assert repr(ratios[0]) == repr(ratios[1])
    with pytest.raises(RecordError, match=r"must hold runs\.parquet, got none"):
        status_of(old)


def test_the_devices_own_numbers_are_those_of_the_run(moved, tmp_path):
    folder = tmp_path / "other_device"
    shutil.copytree(moved / "one", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["study"]["device"] = str(tmp_path / "gone.toml")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert analyse_folder(folder).profile.name == "laptop-cpu"
    assert analyse_folder(folder, "h100").profile.name == "h100"


def test_runs_of_a_search_are_not_told_as_those_of_the_study(moved, tmp_path):
    folder = tmp_path / "searching"
    shutil.copytree(moved / "one", folder)
    assert not status_of(folder).is_searching
    manifest = json.loads((folder / "manifest.json").read_text())
    space = [{"field": "training.learning_rate", "values": [1e-3, 1e-2]}]
    manifest["study"]["tune"] = {"people": "fresh", "bill": "sunk", "space": space}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert status_of(folder).is_searching
    told = " ".join(read_alone(COMMAND, tmp_path, "status", "searching").split())
    assert "The search for settings is under way: " in told
    assert "another form" not in told
    manifest["tuning"] = [{"settings": {}}]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert not status_of(folder).is_searching


def test_a_killed_study_is_read_as_far_as_it_is(moved, tmp_path):
    folder = tmp_path / "killed"
    shutil.copytree(moved / "one", folder)
    (folder / "results.parquet").unlink()
    for path in sorted((folder / "records").glob("*.parquet"))[1:]:
        path.unlink()
    status = status_of(folder)
    assert 0 < status.done < status.total
    assert not status.is_reported
    assert len(set(read_folder(folder).records["key"].to_pylist())) == status.done
