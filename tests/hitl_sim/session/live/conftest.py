import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def tiny():
    """The study of `tiny.toml` as plain tables, to be changed by a test."""
    return tomllib.loads((HERE / "tiny.toml").read_text())
