"""Benchmarks are run by hand, so what they stand on may change unseen."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from hitl_sim.study.spec import load_spec

FOLDER = Path(__file__).parents[2] / "experiments" / "benchmarks"
SCRIPTS = sorted(FOLDER.glob("*.py"))
STUDIES = sorted(FOLDER.glob("*.toml"))

IMPORTED = """
import runpy, sys
for path in sys.argv[1:]:
    try:
        runpy.run_path(path, run_name="benchmark")
    except Exception as error:
        sys.exit(f"{path}: {error!r}")
"""


def test_every_benchmark_finds_what_it_imports():
    child = subprocess.run(
        [sys.executable, "-c", IMPORTED, *map(str, SCRIPTS)],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stderr[-500:]) == (0, "")


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_of_a_benchmark_can_be_read(path, tmp_path):
    text = path.read_text().replace("GIVEN", str(path.with_suffix(".npz")))
    study = tmp_path / path.name
    study.write_text(text)
    assert load_spec(study).replicates > 0


def named_calls(path):
    """Yield module and function of every call of a worker that is written out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "submit":
            names = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            if len(names) == 2:
                yield tuple(names)


def test_what_workers_of_benchmarks_are_asked_is_there(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    calls = {call for path in SCRIPTS for call in named_calls(path)}
    assert calls
    for module, function in calls:
        assert callable(getattr(importlib.import_module(module), function))
