import math

import pytest

from hitl_sim.cost import carbon_intensity, grid_regions
from hitl_sim.energy.quantity import Kind


def test_without_a_region_carbon_is_unavailable_and_says_why():
    intensity = carbon_intensity(None)
    assert intensity.kind is Kind.UNAVAILABLE
    assert "region" in intensity.reason


def test_france_emits_what_was_published_for_2024():
    intensity = carbon_intensity("FR")
    assert intensity.value == pytest.approx(0.0442)
    assert intensity.unit == "kgCO2e/kWh"
    for words in (
        "France 2024",
        "Our World in Data",
        "Ember",
        "CC BY 4.0",
        "lifecycle",
    ):
        assert words in intensity.source


def test_the_world_average_says_that_it_is_direct():
    intensity = carbon_intensity("WORLD")
    assert intensity.value == pytest.approx(0.445)
    assert "direct CO2" in intensity.source


def test_the_interval_of_a_year_ago_holds_the_year_before_it():
    """France published 56.0 g/kWh for 2023, 21 % off 2024's 44.2; assumed +-10 g."""
    low, high = carbon_intensity("FR").interval
    assert (low, high) == pytest.approx((0.0342, 0.0542))


def test_a_large_intensity_has_a_relative_interval():
    low, high = carbon_intensity("WORLD").interval
    assert (low, high) == pytest.approx((0.356, 0.534))


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
    assert len(regions) == 211
    for row in regions.values():
        assert len(row.region) == 2 or row.region == "WORLD"
        assert 2020 <= row.year <= 2025
        assert 10 < row.g_per_kwh < 1_400
        intensity = carbon_intensity(row.region)
        low, high = intensity.interval
        assert 0 <= low < intensity.value < high < math.inf
        assert "CC BY 4.0" in intensity.source
