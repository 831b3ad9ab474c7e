import pytest

from hitl_sim.cost import BOUNDARIES, human_hour_energy
from hitl_sim.cost.boundary import human_hour_carbon
from hitl_sim.cost.carbon import carbon_intensity
from hitl_sim.energy.quantity import Kind, Scope


def hour_carbon(boundary, region):
    energy = human_hour_energy(boundary)
    return human_hour_carbon(boundary, carbon_intensity(region), energy)


def test_people_outside_the_boundary_cost_nothing_by_definition():
    energy = human_hour_energy("device_only")
    assert energy.value == 0.0
    assert energy.kind is Kind.ASSUMED
    assert "outside the boundary" in energy.source


def test_a_workstation_hour_is_a_tenth_of_a_kilowatt_hour():
    energy = human_hour_energy("workstation")
    assert energy.value == pytest.approx(360e3)
    assert energy.interval == pytest.approx((180e3, 540e3))
    assert energy.scope is Scope.WORKSTATION


def test_a_whole_person_takes_ten_kilowatts_of_primary_energy():
    energy = human_hour_energy("whole_person")
    assert energy.value == pytest.approx(301e6 * 1_055.06 / 8_766, rel=0.001)
    assert energy.interval[0] == pytest.approx(76e6 * 1_055.06 / 8_766, rel=0.001)
    assert "primary energy" in energy.source
    assert energy.scope is Scope.PERSON


def test_a_whole_person_emits_what_tomlinson_published():
    carbon = hour_carbon("whole_person", None)
    assert carbon.value == pytest.approx(1.7)
    assert "10.1038/s41598-024-54271-x" in carbon.source


def test_whole_person_and_workstation_differ_36_fold_in_carbon():
    person = hour_carbon("whole_person", "WORLD")
    workstation = hour_carbon("workstation", "WORLD")
    assert workstation.value == pytest.approx(0.047294)
    assert person.value / workstation.value == pytest.approx(36, rel=0.01)


def test_a_workstation_without_a_region_emits_an_unknown_amount():
    carbon = hour_carbon("workstation", None)
    assert carbon.kind is Kind.UNAVAILABLE


def test_people_outside_the_boundary_emit_nothing_even_without_a_region():
    assert hour_carbon("device_only", None).value == 0.0


def test_a_boundary_without_a_name_is_refused_with_the_choices():
    choices = ", ".join(map(repr, BOUNDARIES))
    with pytest.raises(ValueError, match=f"`boundary` must be one of {choices}"):
        human_hour_energy("desk")
