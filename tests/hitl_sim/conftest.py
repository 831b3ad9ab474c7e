import tomllib
from pathlib import Path

import pytest

SMOKE = Path(__file__).parents[1] / "experiments" / "smoke.toml"


@pytest.fixture(scope="session")
def smoke_path():
    return SMOKE


@pytest.fixture(scope="module")
def smoke():
    """The smoke study as plain tables, for what a module makes once."""
    return tomllib.loads(SMOKE.read_text())
