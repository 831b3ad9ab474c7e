"""The names that `import hitl_sim` offers: lazy, told in the README, documented."""

import inspect
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import hitl_sim as hs

ROOT = Path(__file__).parents[2]
NAMES = [name for name in hs.__all__ if not name.startswith("_")]
HEAVY = (
    "jax",
    "flax",
    "optax",
    "numpy",
    "pyarrow",
    "msgspec",
    "matplotlib",
    "scipy",
    "simpy",
    "rich",
    "typer",
)


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, hitl_sim; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_opening_results_loads_no_jax():
    code = "import sys, hitl_sim as hs; hs.open_results, hs.devices.names()"
    code += "; print([m for m in ('jax', 'flax', 'optax') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_docs_name_every_public_name_and_no_other():
    page = ROOT / "docs" / "python.md"
    if not page.exists():
        pytest.skip("the docs stand only in a checkout")
    told = re.search(r"offers (.*?)\.\s", page.read_text(), re.DOTALL)
    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == sorted(hs.__all__, key=str.lower)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_offered_and_documented(name):
    assert name in dir(hs)
    assert (getattr(hs, name).__doc__ or "").strip()


@pytest.mark.parametrize(
    "owner",
    [hs.Study, hs.Results, hs.Session, type(hs.crowd), hs.check, hs.part, hs.devices],
    ids=str,
)
def test_everything_that_a_public_name_offers_is_documented(owner):
    if inspect.ismodule(owner):
        offered = {name: getattr(owner, name) for name in owner.__all__}
    else:
        offered = {n: v for n, v in vars(owner).items() if not n.startswith("_")}
    for name, value in offered.items():
        is_code = inspect.isfunction(value) or inspect.isclass(value)
        if is_code or isinstance(value, property):
            assert (value.__doc__ or "").strip(), name


def test_a_name_that_is_not_offered_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'Parameter'"):
        hs.Parameter  # noqa: B018 - asking is the test


def test_types_are_shipped_with_both_packages():
    for package in ("hitl_sim", "oracles"):
        assert files(package).joinpath("py.typed").is_file()
