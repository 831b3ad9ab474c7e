import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.bill import price_units
from hitl_sim.analysis.decision import bill_sample, split_bills
from hitl_sim.analysis.record import read_groups
from hitl_sim.analysis.target import Stop
from hitl_sim.cost import MEASURES, open_pricing
from hitl_sim.energy import Kind, Scope, exact, unavailable

LABEL_S = exact(12.0, "s", Kind.SIMULATED, Scope.HUMAN_TIME, "a labelling arm")


@pytest.fixture
def pricing(synthetic, profile, prices):
    costs = price_units(synthetic.UNITS, profile)
    priced = msgspec.structs.replace(prices, pue=1.5)
    return open_pricing(costs, profile, priced, LABEL_S)


@pytest.fixture
def sample(synthetic, pricing):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=3)
    group = next(g for g in read_groups(table) if g.arm == "relevance")
    stop = Stop(np.array([3, 9, 59]), np.array([True, True, False]))
    return bill_sample(group, stop, pricing)


@pytest.mark.parametrize("measure", MEASURES)
def test_training_and_what_stands_beside_it_add_up_to_the_ledger(
    pricing, sample, measure
):
    split = split_bills(sample, pricing)[measure]
    ledger = pricing.ledger(sample.usage_per_success)
    whole = ledger.total(measure).value
    labels = ledger.total(measure, groups=("labels",)).value
    assert split.training.value + split.beside.value == pytest.approx(whole - labels)


@pytest.mark.parametrize("measure", MEASURES)
def test_bills_by_run_add_up_to_the_pooled_bill(pricing, sample, measure):
    split = split_bills(sample, pricing)[measure]
    successes = sample.num_reached
    training = split.trained.spent.sum() / successes
    beside = split.stood_beside.spent.sum() / successes
    assert training == pytest.approx(split.training.value)
    assert beside == pytest.approx(split.beside.value)


def test_what_is_unavailable_is_nan_by_run_and_never_zero(
    synthetic, sample, profile, prices
):
    costs = price_units(synthetic.UNITS, profile)
    silent = msgspec.structs.replace(prices, device_usd_per_h=None, grid_region=None)
    pricing = open_pricing(costs, profile, silent, LABEL_S)
    splits = split_bills(sample, pricing)
    assert np.isnan(splits["usd"].trained.spent).all()
    assert np.isnan(splits["kgco2e"].stood_beside.spent).all()
    assert not splits["usd"].training.is_known
    assert np.isfinite(splits["joules"].stood_beside.spent).all()


def test_a_label_costs_nothing_when_sunk_and_its_seconds_when_bought(pricing):
    assert pricing.label("joules", "sunk").value == 0.0
    bought = pricing.label("joules", "bought_same_price")
    assert bought.value == pytest.approx(12.0 * 100.0)


def test_a_label_of_unknown_time_has_an_unknown_price(synthetic, profile, prices):
    costs = price_units(synthetic.UNITS, profile)
    nobody = unavailable("s", Scope.HUMAN_TIME, "no labels here")
    pricing = open_pricing(costs, profile, prices, nobody)
    assert not pricing.label("usd", "bought_same_price").is_known


def test_a_label_bought_elsewhere_costs_its_price(synthetic, profile, prices):
    costs = price_units(synthetic.UNITS, profile)
    priced = msgspec.structs.replace(
        prices, label_cost="bought_elsewhere", label_price_usd=0.07
    )
    pricing = open_pricing(costs, profile, priced, LABEL_S)
    assert pricing.label("usd", "bought_elsewhere").value == pytest.approx(0.07)


def test_validation_labels_are_bought_once_however_many_runs_fail(sample):
    assert sample.usage_per_success.validation_labels == 300.0
    assert sample.usage_per_success.pool_labels == 750.0
