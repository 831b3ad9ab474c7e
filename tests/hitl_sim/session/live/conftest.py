import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def tiny():
    """The study of `tiny.toml` as plain tables, to be changed by a test."""
    return tomllib.loads((HERE / "tiny.toml").read_text())


@pytest.fixture(scope="session")
def played():
    """People who answer: the module `people.py`."""
    name = "live_people"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "people.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
