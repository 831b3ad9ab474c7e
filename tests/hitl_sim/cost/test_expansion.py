"""Unit prices written out equal the ledger's at any prices."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hitl_sim.cost import BOUNDARIES, MEASURES, Prices, Scenarios, price_table
from hitl_sim.cost.constant import exactly
from hitl_sim.cost.engine import open_pricing
from hitl_sim.cost.expansion import ASKED, NODES, expand
from hitl_sim.cost.price import LABEL_COSTS
from hitl_sim.energy import Scope, UnitCost, load_profile

DEVICES = ("laptop-cpu", "h100")


@pytest.fixture(scope="module")
def pricings():
    prices = Prices(
        boundary="workstation",
        label_cost="sunk",
        waiting="held",
        device_usd_per_h=0.0,
        grid_region="FR",
    )
    label_s = exactly(7.5, "s", "time of a label", Scope.HUMAN_TIME)
    found = []
    for name in DEVICES:
        profile = load_profile(name)
        second = exactly(1.0, "s", "one", Scope.DEVICE_TIME)
        joule = replace(
            exactly(1.0, "J", "one", profile.idle_power.scope),
            of=profile.idle_power.of,
        )
        costs = {
            "second": UnitCost(second, joule.scaled(0.0)),
            "joule": UnitCost(second.scaled(0.0), joule),
        }
        found.append(open_pricing(costs, profile, prices, label_s))
    return found


def test_unit_prices_equal_the_ledgers_at_random_prices(pricings):
    generator = np.random.default_rng(3)
    expansions = expand(pricings)
    num = 40
    numbers = {
        name: (1.0 if name == "pue" else 0.0) + generator.uniform(0.0, 30.0, num)
        for name in NODES
    }
    places = [generator.integers(0, size, num) for size in (3, 3, 2)]
    scenarios = Scenarios(
        numbers, boundary=places[0], label_cost=places[1], device=places[2]
    )
    table = price_table(pricings, scenarios)
    num_known = 0
    for row, (boundary, cost, device) in enumerate(zip(*places, strict=True)):
        expansion = expansions[device, BOUNDARIES[boundary], LABEL_COSTS[cost]]
        prices = {name: float(values[row]) for name, values in numbers.items()}
        for measure in MEASURES:
            for place, name in enumerate(ASKED):
                known = float(table.whole(measure)[place, row])
                told = expansion.at(prices, measure, name)
                assert math.isnan(known) == math.isnan(told)
                if not math.isnan(known):
                    assert math.isclose(told, known, rel_tol=1e-11, abs_tol=1e-15)
                    num_known += known != 0.0
    assert num_known > 5 * num


def test_labels_that_somebody_sold_took_an_unknown_time(pricings):
    found = expand(pricings[:1])[0, "workstation", "bought_elsewhere"]
    assert found.terms["joules"]["pool_labels"] is None
    assert found.terms["usd"]["pool_labels"] is not None
