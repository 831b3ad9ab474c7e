import numpy as np
import pytest

from hitl_sim.analysis.bill import price_units, usage_at, work_unit
from hitl_sim.analysis.decision import bill_sample
from hitl_sim.analysis.record import read_groups
from hitl_sim.analysis.target import Stop
from hitl_sim.cost import open_market
from hitl_sim.cost.usage import NOBODY
from hitl_sim.energy import Kind, Scope, load_profile, unavailable
from hitl_sim.record import RecordError

NO_LABELS = unavailable("s", Scope.HUMAN_TIME, "no label is asked for")


@pytest.fixture
def group(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=2)
    return next(g for g in read_groups(table) if g.arm == "relevance")


@pytest.fixture
def market_of(synthetic, prices):
    """Return a function that opens the market of a device and units of work."""

    def opened(profile, units=synthetic.UNITS):
        return open_market(price_units(units, profile), profile, prices, NO_LABELS)

    return opened


@pytest.fixture
def device(market_of, profile):
    return market_of(profile).device


def stop_at(*checkpoints):
    return Stop(np.array(checkpoints), np.ones(len(checkpoints), bool))


def test_usage_is_read_where_each_run_stopped(group):
    usage = usage_at(group, stop_at(4, 9))
    assert usage.steps.tolist() == [50.0, 100.0]
    assert usage.work[0].count.tolist() == [50.0, 100.0]
    assert usage.worked_s.tolist() == [3600.0, 3600.0]


def test_joules_are_counts_times_unit_costs(group, device):
    usage = usage_at(group, stop_at(4, 9))
    each = {name: cost.joules.value for name, cost in device.costs.items()}
    expected = [
        50 * each["train:small"]
        + 20 * each["choose:small"]
        + 1500 * each["evaluate:small"],
        100 * each["train:small"]
        + 20 * each["choose:small"]
        + 3000 * each["evaluate:small"],
    ]
    np.testing.assert_allclose(device.joules(usage).value, expected)


def test_instrument_work_stands_apart(group, device):
    usage = usage_at(group, stop_at(9, 9))
    protocol, instrument = (
        device.work(usage, standing)["evaluate"].joules.value
        for standing in ("protocol", "instrument")
    )
    np.testing.assert_allclose(instrument / protocol, 500 / 300)


def test_sharing_out_adds_all_runs_up(group):
    usage = usage_at(group, stop_at(4, 9)).shared_among(1.0)
    assert usage.steps == 150.0
    assert usage.work[0].count == 150.0
    assert usage.requester_s == 3600.0


def test_waiting_joules_are_idle_watts_times_waiting_seconds(group, market_of, profile):
    usage = usage_at(group, stop_at(4, 4)).shared_among(2.0)
    line = market_of(profile).ledger(usage)["device_waiting"]
    assert line.joules.value == pytest.approx(1500.0 * profile.idle_w.value)


def test_human_time_is_simulated_and_cites_the_population(group):
    usage = usage_at(group, stop_at(4, 4)).shared_among(2.0)
    paid_s = usage.seconds("paid_s")
    assert paid_s.kind is Kind.SIMULATED
    assert "typical" in paid_s.source
    assert paid_s.value == pytest.approx(1.1 * 3600.0)


def test_nobody_is_named_where_nobody_is_asked(synthetic):
    table, _ = synthetic.make_study(num_replicates=2)
    control = next(g for g in read_groups(table) if g.role == "control")
    assert usage_at(control, stop_at(0, 0)).people == NOBODY


def test_a_unit_that_the_manifest_lacks_is_named(group, synthetic, market_of, profile):
    units = {k: v for k, v in synthetic.UNITS.items() if k != "choose:small"}
    with pytest.raises(RecordError, match="must hold 'choose:small', got"):
        bill_sample(group, stop_at(0, 0), market_of(profile, units))


def test_a_unit_without_its_counts_is_named(profile):
    with pytest.raises(RecordError, match=r"`units.x` .* must have the field 'flops'"):
        price_units({"x": {"phase": "train"}}, profile)


def test_an_item_of_the_model_s_life_takes_a_query_of_the_batch_in_use(
    group, synthetic, market_of, profile
):
    """Training is billed as it was; only what is asked later changes."""
    looking = "evaluate:small"
    query = {**synthetic.UNITS[looking], "num_kernels": 5.0, "batch": 1}
    units = {**synthetic.UNITS, f"query of {looking}": query}
    usage = usage_at(group, stop_at(4, 4)).shared_among(2.0)
    plain, asked = (
        market_of(profile, known).device for known in (synthetic.UNITS, units)
    )
    want = profile.unit_cost(work_unit(looking, query)).joules
    assert asked.item_joules(usage).value == pytest.approx(want.value)
    assert asked.item_joules(usage).value > 10 * plain.item_joules(usage).value
    assert asked.joules(usage) == plain.joules(usage)


COUNTED = {
    "phase": "train",
    "flops": {"float32": 100.0},
    "bytes_moved": 1.0,
    "num_kernels": 1.0,
}
PRODUCT = {"size": [2, 3, 4], "dtype": "float32", "times": 0.5}


def test_a_unit_keeps_what_its_products_ask_for():
    asked = {"float32 highest": 48.0}
    unit = work_unit("step", {**COUNTED, "matrix_flops": asked, "products": [PRODUCT]})
    assert unit.matrix_flops == asked


def test_products_of_older_manifests_are_of_default_precision():
    """Two operations per multiply-add, 2 x 3 x 4 of them, half a time per item."""
    unit = work_unit("step", {**COUNTED, "products": [PRODUCT]})
    assert unit.matrix_flops == {"float32 default": 24.0}
    assert work_unit("step", COUNTED).matrix_flops is None


def test_the_manufacture_of_a_device_is_on_the_ledger_by_its_time_in_use(market_of):
    """A100: 181 kgCO2e over four years of 8,766 h."""
    rate = market_of(load_profile("a100")).device.embodied_per_s
    assert rate.value == pytest.approx(181 / (4 * 8_766 * 3_600))
    low, high = rate.interval
    assert low < rate.value / 1.3
    assert high > rate.value * 1.3
    assert "Lees-Perasso" in rate.source


def test_a_device_of_which_nobody_says_it_has_no_known_manufacture(market_of):
    rate = market_of(load_profile("laptop-cpu")).device.embodied_per_s
    assert rate.value is None
    assert rate.reason == (
        "profile laptop-cpu does not say what making the device emitted"
    )
