from dataclasses import replace

import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.run.record import read_groups
from hitl_sim.analysis.run.sample import bill_sample, price_usages, split_bills
from hitl_sim.analysis.run.target import Stop
from hitl_sim.analysis.run.usage import price_units
from hitl_sim.cost import MEASURES, open_pricing
from hitl_sim.cost.usage import NOBODY
from hitl_sim.energy import Kind, Scope, exact, unavailable

LABEL_S = exact(12.0, "s", Kind.SIMULATED, Scope.HUMAN_TIME, "a labelling arm")


def bills_of(sample, pricing):
    """Bill a condition in every measure."""
    (priced,) = price_usages([sample.usage_per_success], pricing)
    return split_bills(sample, priced, pricing.table)


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
    split = bills_of(sample, pricing)[measure]
    ledger = pricing.ledger(sample.usage_per_success)
    whole = ledger.total(measure).value
    labels = ledger.total(measure, groups=("labels",)).value
    assert split.training.value + split.beside.value == pytest.approx(whole - labels)


@pytest.mark.parametrize("measure", MEASURES)
def test_bills_by_run_add_up_to_the_pooled_bill(pricing, sample, measure):
    split = bills_of(sample, pricing)[measure]
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
    splits = bills_of(sample, pricing)
    assert np.isnan(splits["usd"].trained.spent).all()
    assert np.isnan(splits["kgco2e"].stood_beside.spent).all()
    assert not splits["usd"].training.is_known
    assert np.isfinite(splits["joules"].stood_beside.spent).all()


def test_ledgers_that_are_made_together_are_those_that_each_has_alone(pricing, sample):
    used = sample.usage_per_success
    idle = tuple(replace(line, count=0.0) for line in used.work)
    usages = [
        used,
        replace(used, paid_s=7e3, people="simulated people: careful"),
        replace(used, wait_s=0.0),
        replace(used, work=idle, pool_labels=0.0),
        replace(used, people=NOBODY, paid_s=0.0, worked_s=0.0),
    ]
    for usage, priced in zip(usages, price_usages(usages, pricing), strict=True):
        alone, together = pricing.ledger(usage), priced.ledger()
        for line, other in zip(alone.lines, together.lines, strict=True):
            assert line.name == other.name
            for name in ("seconds", "joules", "usd", "kgco2e"):
                one, two = getattr(line, name), getattr(other, name)
                assert (one is None) is (two is None)
                if one is not None:
                    assert_same(one, two)
        assert_same(pricing.device.joules(usage), priced.joules)


def assert_same(one, two):
    for name in ("unit", "kind", "scope", "source", "reason", "of"):
        assert getattr(one, name) == getattr(two, name)
    numbers = [None if q.value is None else [q.value, *q.interval] for q in (one, two)]
    assert numbers[0] == (None if one.value is None else pytest.approx(numbers[1]))
    assert [e.source for e in one.errors or ()] == [e.source for e in two.errors or ()]
    assert [p.source for p in one.parts] == [p.source for p in two.parts]


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
