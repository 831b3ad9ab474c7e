import tomllib
from pathlib import Path

import pytest

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"


@pytest.fixture
def tables():
    """The smoke study as plain tables, to be changed by a test."""
    return tomllib.loads(SMOKE.read_text())


@pytest.fixture
def smoke_file():
    return SMOKE
