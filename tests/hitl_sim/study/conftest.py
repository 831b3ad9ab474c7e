import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"


@pytest.fixture
def tables():
    """The smoke study as plain tables, to be changed by a test."""
    return tomllib.loads(SMOKE.read_text())


@pytest.fixture
def smoke_file():
    return SMOKE


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """A worker that answers at once: `fake.FakeExecutor` and what it answers with."""
    name = "fake_bench"
    if name not in sys.modules:
        path = Path(__file__).with_name("fake_bench.py")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
