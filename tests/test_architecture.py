"""The picture of the rooms is what the code is."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def rooms():
    if not (ROOT / "docs").is_dir():
        pytest.skip("the docs stand only in a checkout")
    return runpy.run_path(str(ROOT / "docs/rooms.py"))


def test_the_picture_shows_the_rooms_as_they_are(rooms):
    drawn = (ROOT / "docs/rooms.svg").read_text()
    assert drawn == rooms["draw"](), "run `python docs/rooms.py` and look at it"


def test_the_page_says_what_each_room_is_for(rooms):
    page = (ROOT / "docs/architecture.md").read_text()
    told = set(re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE))
    assert told == set(rooms["imports"]())


def test_rooms_that_import_each_other_are_refused(rooms):
    with pytest.raises(ValueError, match="in a circle: a, b"):
        rooms["floors"]({"a": ["b"], "b": ["a"], "c": []})


def test_an_arrow_that_follows_from_others_is_left_out(rooms):
    used = {"a": ["b", "c"], "b": ["c"], "c": []}
    assert rooms["reduced"](used) == {"a": ["b"], "b": ["c"], "c": []}


IMPORT_ALL = """
import importlib, pkgutil, sys
import hitl_sim, oracles
for package in (oracles, hitl_sim):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            from jax._src import xla_bridge
            assert not xla_bridge._backends, module.name
"""


def test_importing_starts_no_backend_of_jax():
    # a worker sets its one thread up after the import and before the backend
    subprocess.run([sys.executable, "-c", IMPORT_ALL], check=True)
