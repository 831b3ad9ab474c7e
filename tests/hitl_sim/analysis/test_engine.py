from dataclasses import replace

import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.analysis.run.sample import bill_sample, price_usages, split_bills
from hitl_sim.analysis.run.target import Stop
from hitl_sim.analysis.run.usage import price_units
from hitl_sim.cost import (
    BOUNDARIES,
    LABEL_COSTS,
    MEASURES,
    Scenarios,
    cross,
    ledger,
    open_pricing,
    price_rates,
    price_table,
    reprice,
)
from hitl_sim.cost.engine import bill
from hitl_sim.energy import Kind, Scope, exact, load_profile

LABEL_S = exact(12.0, "s", Kind.SIMULATED, Scope.HUMAN_TIME, "a labelling arm")


def bills_of(sample, pricing):
    """Bill a condition in every measure."""
    (priced,) = price_usages([sample.usage_per_success], pricing)
    return split_bills(sample, priced, pricing.table)


@pytest.fixture
def market_of(synthetic, profile, prices):
    """Return a function that opens a pricing at some prices, on some device."""

    def opened(prices=prices, profile=profile):
        costs = price_units(synthetic.UNITS, profile)
        return open_pricing(costs, profile, prices, LABEL_S)

    return opened


@pytest.fixture
def sample(synthetic, market_of):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=3)
    group = next(g for g in read_groups(table) if g.arm == "relevance")
    stop = Stop(np.array([3, 9, 59]), np.array([True, True, False]))
    return bill_sample(group, stop, market_of())


def market_bills(pricing, sample, label_cost):
    """What the existing pricing says of each run, pool labels included."""
    found = {}
    for measure, split in bills_of(sample, pricing).items():
        label = pricing.label(measure, label_cost)
        price = np.nan if label.value is None else label.value
        labels = price * split.labelled.spent
        found[measure] = split.trained.spent, split.stood_beside.spent + labels
    return found


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("label_cost", LABEL_COSTS)
@pytest.mark.parametrize("device", ["laptop-cpu", "h100"])
def test_a_scenario_costs_what_the_ledger_says_of_its_prices(
    market_of, sample, prices, boundary, label_cost, device
):
    numbers = {
        "wage_usd_per_h": np.array([3.0, 40.0]),
        "overhead_frac": np.array([0.0, 0.4]),
        "electricity_usd_per_kwh": np.array([0.1, 0.3]),
        "device_usd_per_h": np.array([0.0, 2.0]),
        "pue": np.array([1.0, 1.6]),
        "label_price_usd": np.array([0.03, 0.09]),
        "life_queries": np.array([1e3, 1e6]),
    }
    profiles = [load_profile(name) for name in ("laptop-cpu", "h100")]
    which = ["laptop-cpu", "h100"].index(device)
    scenarios = Scenarios(
        numbers,
        np.full(2, BOUNDARIES.index(boundary)),
        np.full(2, LABEL_COSTS.index(label_cost)),
        np.full(2, which),
    )
    pricings = [market_of(profile=one) for one in profiles]
    table = price_table(pricings, scenarios)
    rows = sample.amounts.spent
    for column in range(2):
        given = {name: float(values[column]) for name, values in numbers.items()}
        if label_cost != "bought_elsewhere":
            given["label_price_usd"] = None
        own = msgspec.structs.replace(
            prices, boundary=boundary, label_cost=label_cost, **given
        )
        pricing = market_of(own, profiles[which])
        for measure, (training, beside) in market_bills(
            pricing, sample, label_cost
        ).items():
            np.testing.assert_allclose(
                bill(rows, table.training[measure])[:, column], training
            )
            np.testing.assert_allclose(
                bill(rows, table.beside[measure])[:, column], beside
            )


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_carbon_follows_the_grid_and_the_energy_of_a_person(
    market_of, sample, prices, boundary
):
    scenarios = Scenarios(
        {
            "grid_kgco2e_per_kwh": np.array([0.05, 0.8]),
            "human_j_per_h": np.array([2e5, 5e5]),
        },
        np.full(2, BOUNDARIES.index(boundary)),
    )
    table = price_table([market_of()], scenarios)
    rows = sample.amounts.spent
    own = msgspec.structs.replace(prices, boundary=boundary)
    rates = price_rates(own)
    for column in range(2):
        intensity = exact(
            scenarios.numbers["grid_kgco2e_per_kwh"][column],
            "kgCO2e/kWh",
            Kind.ASSUMED,
            Scope.CONSTANT,
            "test",
        )
        energy, carbon = rates.human_energy, rates.human_carbon
        if boundary != "device_only":
            energy = replace(
                rates.human_energy,
                value=scenarios.numbers["human_j_per_h"][column],
                interval=None,
                errors=None,
            )
        if boundary == "workstation":
            kwh = energy.scaled(1 / 3.6e6, unit="kWh/h")
            carbon = kwh.times(intensity, unit="kgCO2e/h")
        pricing = replace(
            market_of(own),
            rates=replace(
                rates, intensity=intensity, human_energy=energy, human_carbon=carbon
            ),
        )
        usage = sample.usage
        idle = replace(usage, validation_labels=0.0, pool_labels=0.0)
        ledger = pricing.ledger(idle)
        for measure in ("joules", "kgco2e"):
            np.testing.assert_allclose(
                bill(rows, table.whole(measure))[:, column], ledger.total(measure).value
            )


def test_blocks_of_runs_bill_what_all_runs_together_do(market_of, sample, monkeypatch):
    scenarios = cross(wage_usd_per_h=np.linspace(1, 50, 40), pue=[1.0, 1.5])
    table = price_table([market_of()], scenarios)
    rows = np.tile(sample.amounts.spent, (50, 1))
    monkeypatch.setattr("hitl_sim.cost.engine._BLOCK_BYTES", 2**14)
    blocks = list(reprice(rows, table))
    assert len(blocks) > 10
    for measure in MEASURES:
        parts = np.concatenate([block.costs[measure] for block in blocks])
        np.testing.assert_allclose(parts, bill(rows, table.whole(measure)))


def test_an_unknown_price_makes_a_bill_unknown_and_never_zero(
    market_of, sample, prices
):
    silent = msgspec.structs.replace(prices, device_usd_per_h=None, grid_region=None)
    scenarios = cross(wage_usd_per_h=[10.0, 20.0])
    table = price_table([market_of(silent)], scenarios)
    pooled = sample.amounts.pooled
    assert np.isnan(bill(pooled, table.whole("usd"))).all()
    assert np.isnan(bill(pooled, table.whole("kgco2e"))).all()
    assert np.isfinite(bill(pooled, table.whole("joules"))).all()


def test_without_any_success_a_bill_per_success_is_infinite(market_of, sample, prices):
    none = replace(sample.amounts, is_reached=np.zeros(3, bool))
    table = price_table([market_of()], cross(pue=[1.0, 2.0]))
    assert np.isposinf(bill(none.pooled, table.whole("joules"))).all()


def test_device_energy_scales_joules_and_leaves_seconds(market_of, sample, prices):
    scenarios = cross(device_energy_factor=[1.0, 3.0])
    free = msgspec.structs.replace(prices, electricity_usd_per_kwh=0.0)
    table = price_table([market_of(free)], scenarios)
    rows = sample.amounts.spent
    joules = bill(rows, table.training["joules"])
    np.testing.assert_allclose(joules[:, 1], 3.0 * joules[:, 0])
    rent = bill(rows, table.training["usd"])
    np.testing.assert_allclose(rent[:, 1], rent[:, 0])


def test_pseudo_values_average_to_the_pooled_amounts_and_carry_their_spread():
    rng = np.random.default_rng(3)
    spread = []
    for _ in range(400):
        reached = rng.random(64) < 0.8
        rows = rng.lognormal(0.0, 0.3, (64, 1))
        amounts = CostSample(rows, reached)
        found = amounts.influence()
        np.testing.assert_allclose(found.mean(axis=0), amounts.pooled)
        spread.append((amounts.pooled[0], found.std(ddof=1) / 8.0))
    values, errors = np.array(spread).T
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.12)


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ({"wage": np.ones(2)}, "wage"),
        ({"pue": np.array([0.9, 1.2])}, "pue"),
        ({"wage_usd_per_h": np.array([np.nan])}, "wage_usd_per_h"),
        ({"wage_usd_per_h": np.ones(2), "pue": np.ones(3)}, "numbers"),
        ({}, "numbers"),
    ],
)
def test_scenarios_that_cannot_be_billed_are_refused(numbers, name):
    with pytest.raises(ValueError, match=name):
        Scenarios(numbers)


def test_a_device_that_is_not_offered_is_refused(market_of):
    scenarios = cross(num_devices=2, pue=[1.0])
    with pytest.raises(ValueError, match="device"):
        price_table([market_of()], scenarios)


def test_a_line_that_is_added_to_the_ledger_is_on_every_bill(
    market_of, sample, monkeypatch
):
    """No other place knows the lines: runs, pooled runs and scenarios follow."""
    people = ledger._people

    def with_fee(usage, rates):
        fee = exact(7.0, "1", Kind.ASSUMED, Scope.MONEY, "a fee per second paid")
        usd = usage.seconds("paid_s").times(fee, unit="USD", scope=Scope.MONEY)
        return [*people(usage, rates), ledger.Line("fee", "people", usd=usd)]

    paid = sample.amounts.spent[:, sample.amounts.names.index("paid_s")]
    scenarios = cross(wage_usd_per_h=[3.0, 30.0])
    before = price_table([market_of()], scenarios).whole("usd")
    split = bills_of(sample, market_of())["usd"]
    monkeypatch.setattr(ledger, "_people", with_fee)
    after = price_table([market_of()], scenarios).whole("usd")
    dearer = bills_of(sample, market_of())["usd"]
    rows = sample.amounts.spent
    added = bill(rows, after) - bill(rows, before)
    np.testing.assert_allclose(added, np.tile(7.0 * paid[:, None], 2))
    by_run = dearer.stood_beside.spent - split.stood_beside.spent
    np.testing.assert_allclose(by_run, 7.0 * paid)
    pooled = dearer.beside.value - split.beside.value
    assert pooled == pytest.approx(7.0 * paid.sum() / 2)
