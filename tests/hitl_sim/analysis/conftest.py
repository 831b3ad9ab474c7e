"""The synthetic studies, as a fixture: `synthetic.make_study(...)` and its arms."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hitl_sim.analysis.condition.result import analyse
from hitl_sim.cost import Prices
from hitl_sim.energy import load_profile


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    name = "synthetic_study"
    if name not in sys.modules:
        path = Path(__file__).with_name("synthetic.py")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def profile():
    return load_profile("laptop-cpu")


@pytest.fixture(scope="session")
def prices():
    return Prices(
        boundary="workstation",
        label_cost="sunk",
        electricity_usd_per_kwh=0.2,
        device_usd_per_h=1.0,
        pue=1.0,
        grid_region="FR",
    )


@pytest.fixture(scope="session")
def analysed(synthetic, profile, prices):
    """Return a function that analyses a synthetic study of some arms."""

    def run(arms=(), *, prices=prices, smallest_effect=0.05, **study):
        table, manifest = synthetic.make_study(arms, **study)
        return analyse(
            table,
            manifest,
            profile,
            prices,
            fraction=1.0,
            smoothing=1,
            smallest_effect=smallest_effect,
            seed=7,
        )

    return run
