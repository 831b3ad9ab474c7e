import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from hitl_sim.cost import Prices, Usage, price_rates, published_runs
from hitl_sim.cost.ledger import Device, build_ledger
from hitl_sim.cost.usage import UnitCount
from hitl_sim.energy import UnitCost
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact, unavailable

H = 3_600.0
KWH = 3.6e6


def modelled(value, unit, scope=Scope.NODE, source="profile", of="device"):
    return Quantity(
        value, unit, Kind.MODELLED_ANALYTIC, scope, (value, value), source, of=of
    )


def work(phase, joules, seconds=1.0, purpose="protocol"):
    """One unit of work of a phase, and what it takes."""
    name = f"{phase} {purpose} {joules} {seconds}"
    cost = UnitCost(modelled(seconds, "s", Scope.DEVICE_TIME), modelled(joules, "J"))
    return UnitCount(name, phase, purpose, 1.0), cost


def bill(
    *device,
    given=None,
    rates=None,
    idle_w=0.0,
    item_j=0.0,
    label_s=0.0,
    embodied_per_s=None,
    **used,
):
    """Build the ledger of some work, and of whatever else was used."""
    counts, costs = zip(*(device or (work("train", 1.0),)), strict=True)
    item = UnitCount("item", "evaluate", "instrument", 0.0)
    prices_of = {count.unit: cost for count, cost in zip(counts, costs, strict=True)}
    if item_j:
        counts = (*counts, item)
        prices_of["item"] = work("evaluate", item_j)[1]
    machine = Device(
        prices_of,
        modelled(idle_w, "W", source="profile idle"),
        embodied_per_s or unavailable("kgCO2e/s", Scope.EMBODIED, "nobody says"),
    )
    label = exact(label_s, "s", Kind.SIMULATED, Scope.HUMAN_TIME, "team label")
    usage = Usage(counts, people="workforce", **used)
    return build_ledger(usage, machine, rates or price_rates(given or prices()), label)


def prices(**given):
    defaults = {
        "boundary": "workstation",
        "label_cost": "sunk",
        "waiting": "held",
        "wage_usd_per_h": 10.0,
        "overhead_frac": 0.5,
        "electricity_usd_per_kwh": 0.2,
        "device_usd_per_h": 2.0,
        "pue": 1.5,
        "grid_region": "WORLD",
        "life_queries": 1_000.0,
    }
    return Prices(**{**defaults, **given})


def with_intensity(kg_per_kwh, **given):
    """Rates with a carbon intensity that is in no table."""
    rates = price_rates(prices(**given))
    exact = modelled(kg_per_kwh, "kgCO2e/kWh", Scope.CONSTANT, "paper", of="")
    return dataclasses.replace(rates, intensity=exact)


def test_gpt3_emits_552_tonnes_with_the_facility_and_502_without():
    """Patterson et al. (2021): 1,287 MWh at a PUE of 1.1 and 429 g/kWh."""
    (gpt3,) = (run for run in published_runs() if run.name == "GPT-3")
    assert gpt3.joules.value == pytest.approx(1_287e3 * KWH)
    assert gpt3.joules.scope is Scope.FACILITY
    device = work("train", gpt3.joules.value / 1.1)
    rates = with_intensity(0.429, pue=1.1)
    ledger = bill(device, rates=rates)
    tonnes = {
        line.name: line.kgco2e.value / 1e3
        for line in ledger.lines
        if line.kgco2e is not None and line.kgco2e.value
    }
    # without the facility, the facility's own line, and both: each under its name
    assert tonnes == pytest.approx({"device_train": 502, "pue": 50.2}, abs=0.5)
    assert ledger["pue"].group == "facility"
    assert ledger.total("kgco2e").value / 1e3 == pytest.approx(552, abs=0.5)
    without = ledger.total("kgco2e", groups=("device", "waiting"))
    assert without.value / 1e3 == pytest.approx(502, abs=0.5)


def bloom():
    """Luccioni et al. (2022), table 3: 433 MWh dynamic, 257 MWh idle, 57 g/kWh, 11.2 t.

    Seconds do not matter here; they only spread the idle power and the manufacture.
    """
    busy_s, idle_s = 1e7, 1e6
    return bill(
        work("train", 433e3 * KWH, busy_s),
        wait_s=idle_s,
        idle_w=257e3 * KWH / idle_s,
        embodied_per_s=modelled(
            11.2e3 / (busy_s + idle_s), "kgCO2e/s", Scope.CONSTANT, "paper", of=""
        ),
        rates=with_intensity(0.057, pue=1.0),
    )


def test_bloom_idles_for_37_percent_of_its_energy():
    ledger = bloom()
    share = ledger["device_waiting"].joules.value / ledger.total("joules").value
    assert ledger.total("joules").value == pytest.approx((433 + 257) * 1e3 * KWH)
    assert share == pytest.approx(0.37, abs=0.005)


def test_bloom_emits_50_5_tonnes_dynamic_idle_and_embodied_each_on_its_line():
    ledger = bloom()
    tonnes = {
        "device_train": 24.7,
        "device_waiting": 14.6,
        "embodied": 11.2,
    }
    for name, expected in tonnes.items():
        assert ledger[name].kgco2e.value / 1e3 == pytest.approx(expected, abs=0.06)
    assert ledger["embodied"].purpose == "lifetime"
    # what the run itself emits leaves manufacture out; the paper's 50.5 t holds it
    run = ledger.total("kgco2e")
    whole = run + ledger.total("kgco2e", purpose="lifetime", groups=("embodied",))
    assert run.value / 1e3 == pytest.approx(39.3, abs=0.1)
    assert whole.value / 1e3 == pytest.approx(50.5, abs=0.1)


def test_each_phase_has_its_own_line_and_repeated_phases_add():
    ledger = bill(work("train", 5.0, 2.0), work("score", 3.0), work("train", 7.0, 4.0))
    assert ledger["device_train"].joules.value == 12.0
    assert ledger["device_train"].seconds.value == 6.0
    assert ledger["device_score"].joules.value == 3.0


def test_instrument_work_is_on_its_own_line_and_in_no_protocol_total():
    instrument = work("evaluate", 90.0, purpose="instrument")
    ledger = bill(work("train", 5.0), instrument, given=prices(pue=1.0))
    assert ledger["instrument"].joules.value == 90.0
    assert ledger.total("joules").value == 5.0
    assert ledger.total("joules", purpose="instrument").value == 90.0


def test_waiting_burns_idle_power():
    ledger = bill(wait_s=100.0, idle_w=5.0)
    assert ledger["device_waiting"].joules.value == 500.0
    assert ledger["device_waiting"].seconds.value == 100.0


def test_a_device_that_is_released_or_shared_is_billed_for_less_of_its_wait():
    used = work("train", 1.0, 0.5 * H)
    shared = prices(device_usd_per_h=2.0, waiting="shared", waiting_jobs=3)
    ledger = bill(used, wait_s=1.5 * H, idle_w=5.0, given=shared)
    assert ledger["device_waiting"].joules.value == pytest.approx(0.5 * H * 5.0)
    assert ledger["device_rent"].usd.value == pytest.approx(2.0 * (0.5 + 0.5))
    released = prices(device_usd_per_h=2.0, waiting="released")
    ledger = bill(used, wait_s=1.5 * H, idle_w=5.0, given=released)
    assert ledger["device_waiting"].joules.value == 0.0
    assert ledger["device_rent"].usd.value == pytest.approx(1.0)


def test_facility_overhead_is_a_line_on_device_and_waiting_joules_alone():
    device, given = work("train", 1_000.0), prices(pue=1.5)
    ledger = bill(device, wait_s=100.0, idle_w=5.0, paid_s=H, given=given)
    assert ledger["pue"].joules.value == pytest.approx(750.0)
    assert ledger["device_train"].joules.value == 1_000.0


def test_electricity_costs_the_tariff():
    ledger = bill(work("train", 2 * KWH))
    assert ledger["device_train"].usd.value == pytest.approx(0.4)


def test_the_device_is_rented_while_it_works_and_waits():
    given = prices(device_usd_per_h=2.0)
    ledger = bill(work("train", 1.0, 0.5 * H), wait_s=1.5 * H, given=given)
    assert ledger["device_rent"].usd.value == pytest.approx(4.0)


def test_people_are_paid_wage_and_overhead_for_paid_time():
    ledger = bill(paid_s=2 * H, requester_s=1 * H)
    assert ledger["human_time"].usd.value == pytest.approx(2 * 10 * 1.5)
    assert ledger["requester_time"].usd.value == pytest.approx(1 * 10 * 1.5)


@pytest.mark.parametrize(
    ("boundary", "joules", "kgco2e", "usd"),
    [
        ("device_only", 0.0, 0.0, 0.0),
        ("workstation", 3 * 360e3, 3 * 0.047294, 0.3 * 0.2),
        ("whole_person", 3 * 36.2e6, 3 * 1.7, 0.0),
    ],
)
def test_the_boundary_decides_what_human_hours_burn(boundary, joules, kgco2e, usd):
    given = prices(boundary=boundary)
    line = bill(paid_s=2 * H, requester_s=1 * H, given=given)["human_energy"]
    assert line.joules.value == pytest.approx(joules)
    assert line.kgco2e.value == pytest.approx(kgco2e)
    assert line.usd.value == pytest.approx(usd)


def test_sunk_labels_cost_nothing_and_say_so():
    line = bill(pool_labels=100, label_s=36.0)["pool_labels"]
    assert line.usd.value == line.joules.value == line.seconds.value == 0.0
    assert "sunk" in line.usd.source


def test_labels_bought_at_the_same_price_cost_the_teams_time():
    given = prices(label_cost="bought_same_price")
    line = bill(pool_labels=100, label_s=36.0, given=given)["pool_labels"]
    assert line.seconds.value == pytest.approx(1 * H)
    assert line.usd.value == pytest.approx(15.0)
    assert line.joules.value == pytest.approx(360e3)


def test_labels_bought_elsewhere_cost_money_and_unknown_joules():
    given = prices(label_cost="bought_elsewhere", label_price_usd=0.05)
    ledger = bill(pool_labels=100, label_s=36.0, given=given)
    assert ledger["pool_labels"].usd.value == pytest.approx(5.0)
    assert ledger["pool_labels"].joules.kind is Kind.UNAVAILABLE
    assert ledger.total("joules").is_partial


def test_sold_labels_burn_nothing_where_people_are_outside_the_boundary():
    given = prices(
        boundary="device_only",
        label_cost="bought_elsewhere",
        waiting="held",
        label_price_usd=0.05,
    )
    ledger = bill(pool_labels=100, given=given)
    assert ledger["pool_labels"].joules.value == 0.0
    assert ledger.total("joules").is_known


def test_no_labels_bought_elsewhere_are_not_an_unknown():
    given = prices(label_cost="bought_elsewhere", label_price_usd=0.05)
    ledger = bill(pool_labels=0, given=given)
    assert ledger.total("joules").is_known
    assert ledger["pool_labels"].usd.value == 0.0


def test_validation_labels_are_billed_even_where_pool_labels_are_sunk():
    ledger = bill(pool_labels=100, validation_labels=50, label_s=36.0)
    assert ledger["validation_labels"].seconds.value == pytest.approx(0.5 * H)
    assert ledger["validation_labels"].usd.value == pytest.approx(7.5)


def test_inference_is_queries_times_joules_of_an_item_outside_the_total():
    ledger = bill(item_j=0.5, given=prices(pue=1.0))
    assert ledger["inference"].joules.value == pytest.approx(500.0)
    assert ledger.total("joules").value == 1.0
    assert ledger["inference"].purpose == "lifetime"


def test_manufacture_is_unknown_unless_somebody_knows_it():
    ledger = bill()
    assert ledger["embodied"].kgco2e.kind is Kind.UNAVAILABLE
    assert ledger["embodied"].joules.kind is Kind.UNAVAILABLE


def test_manufacture_is_shared_by_seconds_of_use():
    """A 318 kg share of a server over five years of use (Chien et al. 2023)."""
    rate = modelled(318 / (5 * 8_766 * H), "kgCO2e/s", Scope.EMBODIED, "Chien 2023")
    line = bill(work("train", 1.0, 1 * H), wait_s=1 * H, embodied_per_s=rate)[
        "embodied"
    ]
    assert line.kgco2e.value == pytest.approx(318 / 5 / 8_766 * 2)


def test_without_a_region_carbon_is_unavailable_and_joules_are_not():
    ledger = bill(paid_s=H, given=prices(grid_region=None))
    assert ledger.total("kgco2e").kind is Kind.UNAVAILABLE
    assert ledger.total("kgco2e").value is None
    assert ledger.total("joules").is_known


def test_without_a_device_price_the_money_is_a_lower_bound():
    ledger = bill(paid_s=H, given=prices(device_usd_per_h=None))
    usd = ledger.total("usd")
    assert usd.is_partial
    assert usd.value == pytest.approx(15.0, rel=0.01)


def test_a_total_keeps_its_composition():
    ledger = bill(work("train", 360e3), paid_s=H, given=prices(pue=1.0))
    whole = ledger.total("joules")
    shares = whole.shares()
    assert shares[Kind.MODELLED_ANALYTIC] == pytest.approx(0.5)
    assert shares[Kind.ASSUMED] == pytest.approx(0.5)
    assert whole.kind is Kind.ASSUMED


def test_a_total_can_be_asked_for_some_groups():
    ledger = bill(work("train", 1.0), wait_s=10.0, idle_w=3.0, paid_s=H)
    paid_back = ledger.total("joules", groups=("people", "waiting"))
    assert paid_back.value == pytest.approx(360e3 + 30.0)


def test_groups_without_the_measure_are_refused():
    ledger = bill()
    with pytest.raises(ValueError, match=r"`groups` must hold.*\('inference',\)"):
        ledger.total("joules", groups=("inference",))


def test_a_line_that_is_not_there_is_refused_with_those_that_are():
    ledger = bill()
    with pytest.raises(KeyError, match="'device_train', 'device_waiting'"):
        ledger["training"]


def test_a_bill_without_protocol_work_is_refused():
    with pytest.raises(ValueError, match=r"`usage\.work` must hold protocol work"):
        bill(work("evaluate", 1.0, purpose="instrument"))


def test_more_work_than_pay_is_refused():
    with pytest.raises(ValueError, match=r"`paid_s` must be >= `worked_s`"):
        bill(paid_s=50.0, worked_s=60.0)


def test_negative_time_is_refused():
    with pytest.raises(ValueError, match=r"`wait_s` must be >= 0 s, got -1"):
        bill(wait_s=-1.0)


def test_arrays_over_runs_give_the_ledger_of_each_run():
    joules, waits, paid = (
        np.array([5.0, 7.0]),
        np.array([0.0, 9.0]),
        np.array([H, 2 * H]),
    )
    both = bill(
        work("train", joules),
        wait_s=waits,
        idle_w=2.0,
        paid_s=paid,
        validation_labels=np.array([0.0, 3.0]),
        label_s=10.0,
    )
    single = bill(
        work("train", 7.0),
        wait_s=9.0,
        idle_w=2.0,
        paid_s=2 * H,
        validation_labels=3,
        label_s=10.0,
    )
    for measure in ("joules", "usd", "kgco2e"):
        runs, one = both.total(measure), single.total(measure)
        assert runs.value[1] == pytest.approx(one.value)
        assert tuple(end[1] for end in runs.interval) == pytest.approx(one.interval)


@settings(max_examples=30, deadline=None)
@given(
    joules=st.floats(0.1, 1e9),
    wait_s=st.floats(0, 1e6),
    paid_s=st.floats(0, 1e6),
    pue=st.floats(1, 3),
    scale=st.floats(0.5, 100),
)
def test_energy_is_additive_over_lines_and_over_runs(
    joules, wait_s, paid_s, pue, scale
):
    def total(factor):
        ledger = bill(
            work("train", factor * joules),
            wait_s=factor * wait_s,
            idle_w=3,
            paid_s=factor * paid_s,
            given=prices(pue=pue),
        )
        lines = [
            line.joules.value
            for line in ledger.lines
            if line.purpose == "protocol" and line.joules is not None
        ]
        assert ledger.total("joules").value == pytest.approx(sum(lines))
        return ledger.total("joules").value

    assert total(scale) == pytest.approx(scale * total(1.0))
