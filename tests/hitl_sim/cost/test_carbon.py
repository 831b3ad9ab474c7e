import math
import re

import pytest

from hitl_sim.cost.carbon import carbon_intensity, grid_regions
from hitl_sim.cost.constant import load_toml
from hitl_sim.energy.quantity import Kind


def test_without_a_region_carbon_is_unavailable_and_says_why():
    intensity = carbon_intensity(None)
    assert intensity.kind is Kind.UNAVAILABLE
    assert "region" in intensity.reason


def test_france_emits_what_was_published_for_2025():
    intensity = carbon_intensity("FR")
    assert intensity.value == pytest.approx(0.04144)
    assert intensity.unit == "kgCO2e/kWh"
    for words in (
        "France 2025",
        "Our World in Data",
        "Ember",
        "CC BY 4.0",
        "lifecycle",
    ):
        assert words in intensity.source


def test_the_world_average_is_of_the_life_cycle_like_the_countries():
    """445 g/kWh is direct CO2, which the interval still holds."""
    intensity = carbon_intensity("WORLD")
    assert intensity.value == pytest.approx(0.473, rel=1e-3)
    assert "World 2024" in intensity.source
    assert "lifecycle CO2e" in intensity.source
    low, high = intensity.interval
    assert low < 0.445 < 0.481 < high


def test_namibia_is_no_missing_value():
    """Its code is NA, which readers of tables like to take for one."""
    assert grid_regions()["NA"].name == "Namibia"
    assert carbon_intensity("NA").value == pytest.approx(0.04878)


def test_a_state_has_the_direct_emissions_of_what_it_generates():
    """EPA, eGRID2023: 394.769 lb/MWh in California, 771.179 in Texas."""
    pound_per_mwh = 0.45359237 / 1000
    for region, rate in (("US-CA", 394.769), ("US-TX", 771.179)):
        intensity = carbon_intensity(region)
        assert intensity.value == pytest.approx(rate * pound_per_mwh, rel=1e-4)
        assert "without upstream emissions" in intensity.source
    assert sum(region.startswith("US-") for region in grid_regions()) == 51


def test_the_interval_of_a_year_holds_the_year_before_it():
    """France published 44.2 g/kWh for 2024."""
    low, high = carbon_intensity("FR").interval
    assert (low, high) == pytest.approx((0.02901, 0.05387), rel=1e-3)
    assert low < 0.0442 < high


def test_a_large_intensity_has_a_relative_interval():
    low, high = carbon_intensity("PL").interval
    value = carbon_intensity("PL").value
    assert (low, high) == pytest.approx((0.7 * value, 1.3 * value))


def test_an_unknown_region_is_refused_with_its_value():
    with pytest.raises(
        ValueError, match=r"`grid_region` must be 'WORLD' or .*'Atlantis'"
    ):
        carbon_intensity("Atlantis")


@pytest.mark.parametrize("spelling", ["DEU", "de", "Germany"])
def test_another_spelling_of_a_region_is_refused_with_the_right_one(spelling):
    with pytest.raises(ValueError, match=r"Did you mean 'DE'\?"):
        carbon_intensity(spelling)


def test_every_row_is_plausible_and_sourced():
    regions = grid_regions()
    assert len(regions) == 263
    assert {row.source for row in regions.values()} == set(
        load_toml("grid.toml")["source"]
    )
    for row in regions.values():
        assert re.fullmatch(r"[A-Z]{2}|US-[A-Z]{2}|WORLD", row.region)
        assert 2022 <= row.year <= 2025
        assert 10 < row.g_per_kwh < 1_400
        intensity = carbon_intensity(row.region)
        low, high = intensity.interval
        assert 0 <= low < intensity.value < high < math.inf
        assert "CC BY 4.0" in intensity.source or "public domain" in intensity.source
