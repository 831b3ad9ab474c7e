import numpy as np
import pytest

from hitl_sim.cost import equivalent_lines, equivalents_of, published_runs
from hitl_sim.energy.quantity import Kind


def test_a_gigajoule_buys_2778_workstation_hours():
    human_s = equivalents_of(1e9, "workstation")
    assert human_s.value / 3_600 == pytest.approx(1e9 / 360e3)
    assert human_s.interval[0] / 3_600 == pytest.approx(1e9 / 540e3)
    assert human_s.interval[1] / 3_600 == pytest.approx(1e9 / 180e3)
    assert human_s.kind is Kind.ASSUMED


def test_a_whole_person_gets_a_hundredth_of_that():
    ratio = equivalents_of(1e9, "workstation").value
    ratio /= equivalents_of(1e9, "whole_person").value
    assert ratio == pytest.approx(36.2e6 / 360e3)


def test_outside_the_boundary_a_budget_sets_no_limit_to_people():
    human_s = equivalents_of(1e9, "device_only")
    assert human_s.kind is Kind.UNAVAILABLE
    assert "any number of hours" in human_s.reason


@pytest.mark.parametrize("joules", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_budget_is_refused(joules):
    with pytest.raises(ValueError, match=r"`joules` must be finite and > 0 J, got"):
        equivalents_of(joules, "workstation")
    with pytest.raises(ValueError, match=r"`joules` must be finite and > 0 J, got"):
        equivalent_lines([1.0, joules])


def test_the_figure_has_a_line_for_each_boundary_that_charges_people():
    lines = equivalent_lines(np.geomspace(1e3, 1e12, 4))
    assert [line.boundary for line in lines] == ["workstation", "whole_person"]
    np.testing.assert_allclose(lines[0].hours.value, lines[0].joules / 360e3)
    assert (lines[0].hours.interval[0] < lines[0].hours.value).all()


def test_published_runs_are_marked_in_joules_with_their_source():
    runs = {run.name: run.joules for run in published_runs()}
    assert runs["GPT-3"].value == pytest.approx(1_287e3 * 3.6e6)
    assert "arXiv:2104.10350" in runs["GPT-3"].source
