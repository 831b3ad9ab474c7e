"""What machines among the annotators cost: a line of their own, and never nothing."""

import dataclasses

import msgspec
import numpy as np
import pytest

from hitl_sim.cost import MEASURES, Prices, Usage, check_prices, price_rates
from hitl_sim.cost.engine import amount_rows, bill, open_pricing, price_table
from hitl_sim.cost.machine import MachinePrice, nothing_here, rate_of
from hitl_sim.cost.scenario import Scenarios
from hitl_sim.cost.usage import UnitCount
from hitl_sim.energy import UnitCost, exact, load_profile
from hitl_sim.energy.quantity import Kind, Scope

UNIT, ANSWERS = "machine:judge", 200.0


def prices(**price):
    table = {
        "boundary": "workstation",
        "label_cost": "sunk",
        "waiting": "held",
        "electricity_usd_per_kwh": 0.5,
        "pue": 1.5,
        "carbon_kgco2e_per_kwh": 0.4,
        "device_usd_per_h": 0.1,
        "machine": {"judge": price} if price else {},
    }
    found = msgspec.convert(table, Prices)
    check_prices(found)
    return found


@pytest.fixture
def pricing():
    profile = load_profile("laptop-cpu")
    second = exact(2.0, "s", Kind.MODELLED_ANALYTIC, Scope.DEVICE_TIME, "profile")
    joule = exact(
        3.0, "J", Kind.MODELLED_ANALYTIC, Scope(profile.scope), "profile", of="laptop"
    )
    costs = {"train": UnitCost(second, joule), UNIT: nothing_here()}
    label = exact(1.0, "s", Kind.SIMULATED, Scope.HUMAN_TIME, "team")
    return lambda given: open_pricing(costs, profile, given, label)


def usage(answers=ANSWERS):
    work = (
        UnitCount("train", "train", "protocol", 5.0),
        UnitCount(UNIT, "machine", "protocol", answers),
    )
    return Usage(work, people="crowd", paid_s=30.0, worked_s=20.0)


def test_an_answer_has_its_price_and_joules_and_no_human_time(pricing):
    given = prices(usd=0.002, joules={"value": 9.0, "low": 3.0, "high": 30.0})
    ledger = pricing(given).ledger(usage())
    line = ledger["machine_judge"]
    assert line.group == "machines"
    assert line.usd.value == pytest.approx(0.4)
    assert line.joules.value == pytest.approx(1800.0)
    assert line.joules.interval == pytest.approx((600.0, 6000.0))
    assert line.kgco2e.value == pytest.approx(1800.0 / 3.6e6 * 0.4)
    assert line.seconds.kind is Kind.UNAVAILABLE
    without = pricing(given).ledger(dataclasses.replace(usage(), work=usage().work[:1]))
    for name in ("human_time", "human_energy", "device_train", "pue"):
        for measure in ("seconds", *MEASURES):
            one, other = (getattr(book[name], measure) for book in (ledger, without))
            assert (one is None) == (other is None)
            assert one is None or one.value == other.value


def test_what_nobody_says_is_unknown_and_never_nothing(pricing):
    ledger = pricing(prices()).ledger(usage())
    line = ledger["machine_judge"]
    for measure in MEASURES:
        assert not getattr(line, measure).is_known
        assert not ledger.total(measure).is_known
    assert "prices.machine.judge.usd" in line.usd.reason


def test_tokens_are_read_and_written_at_prices_of_their_own():
    price = MachinePrice(
        usd_per_million_input=0.5,
        usd_per_million_output=2.0,
        input_tokens=300,
        output_tokens=10,
    )
    rate = rate_of("judge", price)
    assert rate.usd.value == pytest.approx((0.5 * 300 + 2.0 * 10) / 1e6)


def test_a_device_of_ones_own_costs_its_electricity_and_overhead(pricing):
    price = {"is_own": True, "device": "h100", "parameters": 8e9}
    price |= {"input_tokens": 300, "output_tokens": 2}
    line = pricing(prices(**price)).ledger(usage())["machine_judge"]
    rate = rate_of("judge", msgspec.convert(price, MachinePrice))
    assert rate.usd is None
    by_flop = {"device": "h100", "flop": 2 * 8e9 * 302}
    same = rate_of("judge", msgspec.convert(by_flop, MachinePrice))
    assert rate.joules.value == pytest.approx(same.joules.value)
    assert line.joules.value == pytest.approx(ANSWERS * rate.joules.value * 1.5)
    assert line.usd.value == pytest.approx(line.joules.value / 3.6e6 * 0.5)
    low, high = line.joules.interval
    assert low < line.joules.value < high


def test_the_engine_bills_a_machine_as_the_ledger_does(pricing):
    opened = pricing(prices(usd=0.002, joules=9.0))
    rows = amount_rows(usage(), opened.table.names, 1)
    ledger = opened.ledger(usage())
    for measure in MEASURES:
        found = bill(rows, opened.table.whole(measure))
        assert found[0, 0] == pytest.approx(ledger.total(measure).value)
        # a machine is beside training, as people are
        trained = bill(rows, opened.table.training[measure])
        alone = bill(
            amount_rows(usage(0.0), opened.table.names, 1),
            opened.table.training[measure],
        )
        assert trained == pytest.approx(alone)
    assert opened.table.device_j[opened.table.names.index(UNIT)] == 0.0


def test_an_unknown_price_makes_no_bill(pricing):
    opened = pricing(prices(joules=9.0))
    rows = amount_rows(usage(), opened.table.names, 1)
    assert np.isnan(bill(rows, opened.table.whole("usd"))).all()
    assert np.isfinite(bill(rows, opened.table.whole("joules"))).all()
    unused = amount_rows(usage(0.0), opened.table.names, 1)
    assert np.isfinite(bill(unused, opened.table.whole("usd"))).all()


def test_scenarios_of_electricity_move_a_machine_of_ones_own_alone(pricing):
    tariffs = Scenarios({"electricity_usd_per_kwh": np.array([0.1, 0.4])})
    for price, factor in (({"is_own": True}, 4.0), ({"usd": 0.002}, 1.0)):
        opened = pricing(prices(joules=9.0, **price))
        table = price_table((opened,), tariffs)
        row = table.beside["usd"][table.names.index(UNIT)]
        assert row[1] == pytest.approx(factor * row[0])


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (
            {"usd": 1.0, "is_own": True},
            "must give one price: .* got 'usd' and 'is_own'",
        ),
        ({"usd_per_million_input": 1.0}, "must give both 'usd_per_million_input' and"),
        (
            {"usd_per_million_input": 1.0, "usd_per_million_output": 1.0},
            "must give `input_tokens` and `output_tokens` exactly where",
        ),
        ({"input_tokens": 5.0, "output_tokens": 5.0}, "`input_tokens` and"),
        ({"device": "h100"}, "device` must be given exactly where .* with neither"),
        ({"flop": 1e9}, "device` must be given exactly where .* got None"),
        ({"flop": 1e9, "device": "h100", "joules": 1.0}, "got 'joules' and 'h100'"),
        ({"flop": 1e9, "device": "abacus"}, r"`prices\.machine\.judge\.device` must"),
        ({"joules": {"value": 2.0, "low": 3.0}}, "low <= value"),
    ],
)
def test_a_price_that_contradicts_itself_is_refused(price, words):
    with pytest.raises(ValueError, match=words):
        prices(**price)


def test_rates_without_machines_are_as_they_were():
    assert price_rates(prices()).machines == {}
