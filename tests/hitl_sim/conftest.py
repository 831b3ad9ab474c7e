import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

SMOKE = Path(__file__).parents[1] / "experiments" / "smoke.toml"


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The synthetic studies: `synthetic.make_study(...)` and its arms."""
    name = "synthetic_study"
    if name not in sys.modules:
        path = Path(__file__).parent / "analysis" / "synthetic.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def smoke_path():
    return SMOKE


@pytest.fixture(scope="module")
def smoke():
    """The smoke study as plain tables, for what a module makes once."""
    return tomllib.loads(SMOKE.read_text())
