import msgspec
import pytest

from hitl_sim.cost import Prices, check_prices, price_rates
from hitl_sim.cost.price import read_prices
from hitl_sim.energy.quantity import Kind

REQUIRED = {"boundary": "workstation", "label_cost": "sunk", "waiting": "held"}


@pytest.mark.parametrize("name", ["boundary", "label_cost", "waiting"])
def test_the_choices_that_decide_the_answer_have_no_default(name):
    given = {key: value for key, value in REQUIRED.items() if key != name}
    with pytest.raises(msgspec.ValidationError, match=f"`{name}`"):
        msgspec.convert(given, Prices)


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ({"waiting": "held"}, 1.0),
        ({"waiting": "released"}, 0.0),
        ({"waiting": "shared", "waiting_jobs": 4}, 0.25),
    ],
)
def test_a_waiting_device_is_billed_as_the_study_says(given, share):
    assert price_rates(Prices(**REQUIRED | given)).waiting_frac == share


@pytest.mark.parametrize(
    "given", [{"waiting": "shared"}, {"waiting": "held", "waiting_jobs": 2}]
)
def test_jobs_that_share_a_device_are_given_exactly_where_it_is_shared(given):
    with pytest.raises(ValueError, match=r"`prices.waiting_jobs` must be given exact"):
        check_prices(Prices(**REQUIRED | given))


def test_prices_of_before_the_choice_held_the_device():
    old = {"boundary": "workstation", "label_cost": "sunk"}
    assert read_prices(old) == Prices(**old, waiting="held")


def test_an_unknown_key_of_the_study_file_is_refused():
    with pytest.raises(msgspec.ValidationError, match="wage"):
        msgspec.convert({**REQUIRED, "wage": 3.0}, Prices)


def test_a_study_file_of_plain_numbers_becomes_prices():
    table = {**REQUIRED, "wage_usd_per_h": 20, "pue": 1.1, "grid_region": "FR"}
    assert msgspec.convert(table, Prices) == Prices(**table)


def test_a_typed_number_is_assumed_exact_and_names_its_field():
    wage = price_rates(Prices(**REQUIRED, wage_usd_per_h=20)).wage
    assert (wage.value, wage.unit, wage.kind) == (20.0, "USD/h", Kind.ASSUMED)
    assert wage.interval == (20.0, 20.0)
    assert wage.source == "study file, prices.wage_usd_per_h"


@pytest.mark.parametrize("name", ["wage", "overhead", "electricity", "pue"])
def test_a_number_left_out_takes_the_default_with_interval_and_source(name):
    rate = getattr(price_rates(Prices(**REQUIRED)), name)
    low, high = rate.interval
    assert low < rate.value < high
    assert rate.kind is Kind.ASSUMED
    assert rate.source.startswith("assumed ")


@pytest.mark.parametrize("name", ["device", "life_queries", "label", "intensity"])
def test_a_number_that_nobody_can_guess_is_unavailable_not_zero(name):
    rate = getattr(price_rates(Prices(**REQUIRED)), name)
    assert rate.kind is Kind.UNAVAILABLE
    assert rate.value is None


def test_the_boundary_and_region_reach_the_rates():
    prices = Prices(
        boundary="whole_person", label_cost="sunk", waiting="held", grid_region="FR"
    )
    rates = price_rates(prices)
    assert rates.human_energy.value == pytest.approx(3.62e7)
    assert rates.human_carbon.value == pytest.approx(1.7)
    assert rates.intensity.value == pytest.approx(0.04144)


@pytest.mark.parametrize(
    ("name", "value", "condition"),
    [
        ("boundary", "desk", "one of 'device_only', 'workstation', 'whole_person'"),
        ("label_cost", "free", "one of 'sunk', 'bought_same_price', 'bought_else"),
        ("wage_usd_per_h", -1.0, ">= 0"),
        ("wage_usd_per_h", float("nan"), "finite"),
        ("wage_usd_per_h", "cheap", "float"),
        ("overhead_frac", -0.1, ">= 0"),
        ("electricity_usd_per_kwh", float("inf"), "finite"),
        ("device_usd_per_h", -2.0, ">= 0"),
        ("pue", 0.9, ">= 1"),
        ("life_queries", -1.0, ">= 0"),
        ("query_batch", 0, ">= 1"),
    ],
)
def test_a_bad_price_is_refused_by_name_condition_and_value(name, value, condition):
    prices = Prices(**{**REQUIRED, name: value})
    pattern = rf"^`prices.{name}` must be .*{condition}.*, got .*{value}"
    with pytest.raises(ValueError, match=pattern):
        check_prices(prices)


def test_an_unknown_region_is_refused():
    with pytest.raises(ValueError, match="`grid_region` must be"):
        check_prices(Prices(**REQUIRED, grid_region="XX"))


def test_labels_bought_elsewhere_need_a_price():
    prices = Prices(
        boundary="workstation", label_cost="bought_elsewhere", waiting="held"
    )
    with pytest.raises(ValueError, match=r"`prices\.label_price_usd` must be given"):
        check_prices(prices)


@pytest.mark.parametrize("label_cost", ["sunk", "bought_same_price"])
def test_a_label_price_is_refused_where_nothing_would_use_it(label_cost):
    prices = Prices(
        boundary="workstation",
        label_cost=label_cost,
        waiting="held",
        label_price_usd=0.1,
    )
    with pytest.raises(
        ValueError, match=rf"must be left out unless.*0.1.*{label_cost}"
    ):
        check_prices(prices)


def test_rates_are_never_made_from_bad_prices():
    with pytest.raises(ValueError, match=r"`prices\.pue` must be"):
        price_rates(Prices(**REQUIRED, pue=0.5))


OWN = {"value": 0.05, "low": 0.03, "high": 0.09, "year": 2026, "source": "our meter"}


def own_intensity(**given):
    check_prices(prices := msgspec.convert(REQUIRED | given, Prices))
    return price_rates(prices).intensity


def test_a_study_may_give_its_own_carbon_intensity():
    plain = own_intensity(carbon_kgco2e_per_kwh=0.05)
    assert (plain.value, plain.interval) == (0.05, (0.05, 0.05))
    assert "study file" in plain.source
    told = own_intensity(carbon_kgco2e_per_kwh=OWN)
    assert (told.value, told.interval) == (0.05, (0.03, 0.09))
    assert told.source == "our meter (2026)"
    assert told.unit == "kgCO2e/kWh"


@pytest.mark.parametrize(
    "ends", [{"low": 0.06}, {"high": 0.04}, {"value": -1.0}, {"value": float("nan")}]
)
def test_an_own_intensity_must_lie_in_its_interval(ends):
    with pytest.raises(ValueError, match=r"`prices.carbon_kgco2e_per_kwh` must hold"):
        own_intensity(carbon_kgco2e_per_kwh={"value": 0.05} | ends)


@pytest.mark.parametrize(
    "given",
    [
        {"grid_region": "FR", "carbon_kgco2e_per_kwh": 0.05},
        {"grid_region": "FR", "carbon_file": "grid.csv"},
        {"carbon_kgco2e_per_kwh": OWN, "carbon_file": "grid.csv"},
    ],
)
def test_the_carbon_of_electricity_is_given_once(given):
    first, second = (f"'{name}'" for name in given)
    message = f"must give the carbon of electricity once, got {first} and {second}"
    with pytest.raises(ValueError, match=message):
        own_intensity(**given)


def test_hours_without_a_file_are_refused():
    with pytest.raises(
        ValueError, match=r"`prices.carbon_hours` must be two different"
    ):
        own_intensity(carbon_hours=(9, 17))
