"""Synthetic studies, analysed."""

import pytest

from hitl_sim.analysis.chance.fieller import RatioSet, Shape
from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.cost import Prices
from hitl_sim.energy import load_profile


@pytest.fixture(scope="session")
def profile():
    return load_profile("laptop-cpu")


@pytest.fixture(scope="session")
def prices():
    return Prices(
        boundary="workstation",
        label_cost="sunk",
        waiting="held",
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
            read_groups(table),
            manifest,
            profile,
            prices,
            fraction=1.0,
            smoothing=1,
            smallest_effect=smallest_effect,
            seed=7,
        )

    return run


@pytest.fixture(scope="session")
def holds():
    """Whether a value is in a 95 % set: of a ratio, or of where a crossing may be."""

    def holds(found, value):
        if isinstance(found, RatioSet):
            is_outside = found.shape is Shape.GAP
            return (
                (value <= found.low or value >= found.high)
                if is_outside
                else (found.low <= value <= found.high)
            )
        # a set that reaches an end of the range holds all beyond that end
        low, high = found.low, found.high
        is_below = value < low and any(a <= low for a, _ in found.region)
        is_above = value > high and any(b >= high for _, b in found.region)
        return is_below or is_above or any(a <= value <= b for a, b in found.region)

    return holds
