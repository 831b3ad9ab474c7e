"""Footprints of trainings against the closed form and published figures."""

import pytest

from hitl_sim.cost.estimate import Training, estimate
from hitl_sim.cost.footprint import EMBODIED, FACILITY, HOST, Site
from hitl_sim.cost.green_algorithms import green_algorithms
from hitl_sim.energy import load_profile
from hitl_sim.energy.workload import Stated
from hitl_sim.unit import J_PER_KWH


def kwh(quantity):
    return quantity.value / J_PER_KWH


def line(footprint, name):
    return next(entry for entry in footprint.entries if entry.name == name)


def test_the_closed_form_is_that_of_its_paper():
    # 12 h, 12 cores of 11.625 W in full use, 64 GB, PUE 1.67 and 253.19 g/kWh
    found = green_algorithms(12, 12, 11.625, memory_gb=64, pue=1.67, g_per_kwh=253.19)
    energy = 12 * (12 * 11.625 + 64 * 0.3725) * 1.67 / 1000
    assert found.kwh == pytest.approx(energy, rel=1e-12)
    assert found.kgco2e == pytest.approx(energy * 0.25319, rel=1e-12)


@pytest.mark.parametrize("busy", [None, 0.75])
def test_on_the_same_inputs_both_give_the_same(busy):
    """TDP as watts, memory as the rest of the server, nothing idle."""
    hours, count, watts, memory_gb, pue, grid = 240, 8, 700.0, 1024, 1.2, 35.26
    profile = load_profile("h100")
    usage = 1.0 if busy is None else busy
    memory = memory_gb * 0.3725 / (count * watts * usage)
    # its form has no idle power: a device that computes 3/4 of the time at 3/4
    site = Site(pue=pue, host_frac=memory, carbon_kgco2e_per_kwh=grid / 1000)
    training = Training(count=count, hours=hours, watts=watts * usage)
    found = estimate(training, profile, site).training
    theirs = hours * (count * watts * usage + memory_gb * 0.3725) * pue / 1000
    assert kwh(found.joules) == pytest.approx(theirs, rel=1e-6)
    electric = found.electric_kgco2e.value
    assert electric == pytest.approx(theirs * grid / 1000, rel=1e-6)


def test_an_idle_device_draws_what_the_closed_form_leaves_out():
    site = Site(pue=1.0, host_frac=0.0)
    found = estimate(Training(hours=10, busy=0.5), load_profile("h100"), site)
    assert kwh(found.training.joules) == pytest.approx(
        10 * (0.5 * 500 + 0.5 * 70) / 1e3
    )
    assert found.green_algorithms.kwh == pytest.approx(10 * 0.5 * 700 / 1e3)
    assert found.green_algorithms.kgco2e is None


def test_gpt_3_is_552_tonnes_with_its_facility_and_502_without():
    """Patterson et al. (2021), arXiv:2104.10350, table 4: 1,287 MWh, 552.1 t."""
    training = Training(flop=3.14e23, utilisation=24.6 / 125, watts=330.0)
    site = Site(pue=1.1, host_frac=0.0, carbon_kgco2e_per_kwh=0.429)
    found = estimate(training, load_profile("v100"), site).training
    assert kwh(found.joules) / 1e3 == pytest.approx(1287, rel=1e-3)
    assert found.electric_kgco2e.value / 1e3 == pytest.approx(552.1, rel=1e-3)
    assert line(found, "training").kgco2e.value / 1e3 == pytest.approx(502, rel=1e-3)


def test_lines_stand_apart_and_add_up():
    site = Site(pue=1.5, host_frac=0.4, grid_region="SE", device_usd_per_h=2.0)
    found = estimate(Training(count=4, hours=100), load_profile("a100"), site).training
    devices = kwh(line(found, "training").joules)
    assert devices == pytest.approx(400 * 0.3)
    assert kwh(line(found, HOST).joules) == pytest.approx(0.4 * devices)
    assert kwh(line(found, FACILITY).joules) == pytest.approx(0.5 * 1.4 * devices)
    assert kwh(found.joules) == pytest.approx(1.5 * 1.4 * devices)
    assert kwh(found.equipment) == pytest.approx(1.4 * devices)
    made = line(found, EMBODIED).kgco2e.value
    assert made == pytest.approx(400 * 181 / 35064)
    assert found.kgco2e.value == pytest.approx(found.electric_kgco2e.value + made)
    assert line(found, "rent").usd.value == pytest.approx(800)


def test_what_nobody_tells_makes_a_lower_bound_and_no_zero():
    found = estimate(Training(hours=1), load_profile("h100"), Site(pue=1.1)).training
    assert found.joules.is_known
    assert not found.kgco2e.is_known
    assert "no grid region" in found.kgco2e.reason
    assert found.usd.is_partial
    assert "device_usd_per_h" in found.usd.reason


def test_the_server_around_a_processor_package_is_unknown():
    package = estimate(Training(hours=1), load_profile("laptop-cpu"), Site())
    assert load_profile("laptop-cpu").scope == "package"
    assert package.training.joules.is_partial
    assert "host_frac" in package.training.joules.reason
    whole = estimate(Training(hours=1), load_profile("apple-m1"), Site())
    assert line(whole.training, HOST).joules.value == 0.0


def test_answers_of_a_life_take_two_operations_per_parameter_and_token():
    training = Training(
        tokens=1e9, parameters=1e9, utilisation=0.1, queries=1e6, query_tokens=3e3
    )
    found = estimate(training, load_profile("h100"), Site(grid_region="SE"))
    # as many operations as training, and the default share of the peak is this one
    assert kwh(found.answers.joules) == pytest.approx(kwh(found.training.joules))
    low, high = found.answers.joules.interval
    assert high / low > 10


def test_an_interval_of_a_total_is_that_of_its_factors():
    """Watts alone are uncertain: the total is as wide as they are."""
    site = Site(pue=1.3, host_frac=0.2)
    found = estimate(Training(hours=1), load_profile("h100"), site).training.joules
    low, high = found.interval
    assert (low / found.value, high / found.value) == pytest.approx((0.5, 1.4))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "exactly one of `hours`, `flop` and `tokens` must be given, got none"),
        ({"hours": 1, "flop": 1e9}, "got `hours` and `flop`"),
        ({"tokens": 1e9}, "`parameters` must be given exactly where"),
        ({"hours": 1, "parameters": 1e9}, "`parameters` must be given exactly where"),
        ({"hours": 1, "queries": 5, "parameters": 1e9}, "`query_tokens` must be given"),
        ({"flop": 1e9, "busy": 0.5}, "`busy` must be given beside `hours`"),
        ({"hours": 1, "utilisation": 0.5}, "`utilisation` must be left out"),
        ({"hours": -1}, "`hours` must be finite and > 0, got -1"),
        ({"hours": float("nan")}, "`hours` must be finite and > 0, got nan"),
        ({"hours": 1, "count": 0}, "`count` must be finite and > 0, got 0"),
    ],
)
def test_what_contradicts_itself_is_refused(told, message):
    with pytest.raises(ValueError, match=message):
        Training(**told)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"pue": 0.9}, "`pue` must be >= 1, got 0.9"),
        ({"host_frac": -1.0}, "`host_frac` must be finite and >= 0, got -1"),
        ({"grid_region": "XX"}, "`grid_region` must be 'WORLD' or"),
        ({"grid_region": "SE", "carbon_kgco2e_per_kwh": 1.0}, "must be left out where"),
    ],
)
def test_a_site_that_cannot_be_is_refused(told, message):
    with pytest.raises(ValueError, match=message):
        estimate(Training(hours=1), load_profile("h100"), Site(**told))


def test_lines_that_err_as_factors_do_so_in_their_sum():
    wide = {"low": 0.5, "high": 2.0, "kind": "stated"}
    training = Training(flop=1e20, watts=Stated(value=1.0, source="a", **wide))
    known = Site(pue=1.5, host_frac=0.5, grid_region="SE")
    whole = estimate(training, load_profile("a100"), known).training
    own = line(whole, "training").joules
    low, high = (end / own.value for end in own.interval)
    found = whole.joules
    assert found.value == pytest.approx(own.value * 1.5 * 1.5)
    assert found.interval == pytest.approx((found.value * low, found.value * high))
