"""A loop whose every number is known, to be run through sessions."""

import importlib.util
import sys
from pathlib import Path

import pytest

import hitl_sim as hs

TESTS = next(folder for folder in Path(__file__).parents if folder.name == "tests")
sys.path.insert(0, str(TESTS))

STEPS = 6
ITEMS = 8


def train(arm, gain=0.1, steps=STEPS, phase=lambda: None):
    """Train something that gets better by `gain` a step, with 8 items in each."""
    for step in range(1, steps + 1):
        with arm.work("train", items=ITEMS):
            phase()
        with arm.work("evaluate", items=20):
            pass
        arm.report(step=step, accuracy=min(0.9, gain * step))


def run(session, replicates=2, asks=True, gain=0.15):
    """Run a control and an arm that is better for asking."""
    for arm in session.runs({"control": "control", "guided": "arm"}, replicates):
        with arm:
            if arm.role == "arm" and asks:
                arm.ask("relevance", [3, 5, 7], truth=[1, 0, 1], people=2)
            train(arm, gain=gain if arm.role == "arm" else 0.1)


@pytest.fixture
def target():
    return hs.target(smoothing=1)


@pytest.fixture
def open_session(tmp_path, target):
    """Open a session without meters in a folder of its own."""

    def build(name="out", **changes):
        own = {"target": target, "crowd": hs.crowd("typical", size=3), "meters": []}
        return hs.Session(tmp_path / name, **(own | changes))

    return build


@pytest.fixture(scope="session")
def played():
    """People who answer at a page's desk: the module `live/people.py`."""
    name = "live_people"
    if name not in sys.modules:
        path = Path(__file__).parent / "live" / "people.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
