import dataclasses

import numpy as np
import pytest

from hitl_sim.analysis.run.record import read_groups
from hitl_sim.analysis.run.sample import bill_sample, resting_on
from hitl_sim.analysis.run.target import Stop
from hitl_sim.analysis.run.usage import (
    describe_people,
    kinds_of,
    label_seconds,
    price_units,
    usage_at,
    work_unit,
)
from hitl_sim.cost import open_pricing
from hitl_sim.cost.usage import NOBODY
from hitl_sim.energy import Kind, Scope, exact, load_profile, unavailable
from hitl_sim.record import RecordError

NO_LABELS = unavailable("s", Scope.HUMAN_TIME, "no label is asked for")


@pytest.fixture
def group(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=2)
    return next(g for g in read_groups(table) if g.arm == "relevance")


@pytest.fixture
def market_of(synthetic, prices):
    """Return a function that opens the pricing of a device and units of work."""

    def opened(profile, units=synthetic.UNITS):
        return open_pricing(price_units(units, profile), profile, prices, NO_LABELS)

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
        device.work(usage, purpose)["evaluate"].joules.value
        for purpose in ("protocol", "instrument")
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


MEASURED, SIMULATED = Kind.MEASURED_COUNTER, Kind.SIMULATED
CLOCK = Kind.MODELLED_ANALYTIC


@pytest.fixture
def replayed(synthetic):
    """Return a labelling arm of two runs whose answers were replayed."""

    def build(**counts):
        table, _ = synthetic.make_study([synthetic.labelling()], num_replicates=2)
        group = next(g for g in read_groups(table) if g.kind == "labelling")
        whole = {"replayed": 300, "modelled": 0, "untimed": 0, "left_out": 0} | counts
        replay = {name: np.full(2, float(n)) for name, n in whole.items()}
        return dataclasses.replace(group, replay=replay)

    return build


@pytest.mark.parametrize(
    ("counts", "answers", "worked", "clock"),
    [
        ({}, MEASURED, MEASURED, CLOCK),
        ({"left_out": 5}, MEASURED, MEASURED, CLOCK),
        ({"untimed": 1}, MEASURED, SIMULATED, SIMULATED),
        ({"modelled": 1}, SIMULATED, SIMULATED, SIMULATED),
    ],
)
def test_one_answer_or_time_that_is_modelled_makes_all_simulated(
    replayed, counts, answers, worked, clock
):
    kinds = kinds_of(replayed(**counts))
    assert (kinds.answers, kinds.worked, kinds.clock) == (answers, worked, clock)


def test_pay_beyond_the_answers_rests_on_the_model_of_a_shift(replayed):
    group = replayed()
    assert kinds_of(group).paid is CLOCK
    plain = dataclasses.replace(group, paid_s=group.worked_s)
    assert kinds_of(plain).paid is MEASURED


def test_recorded_seconds_are_measured_and_cite_the_recording(replayed):
    group = replayed()
    stop = Stop(np.array([4, 4]), np.array([True, True]))
    plain = dataclasses.replace(group, paid_s=group.worked_s)
    paid_s = usage_at(plain, stop).shared_among(2.0).seconds("paid_s")
    assert paid_s.kind is MEASURED
    assert paid_s.source == describe_people(group)
    assert paid_s.source.startswith("recorded people: ")
    assert label_seconds([group], {}).kind is CLOCK


def test_outcomes_of_measured_answers_stay_measured(replayed):
    stop = Stop(np.array([4, 4]), np.array([True, True]))
    outcome = exact(0.5, "1", MEASURED, Scope.CONSTANT, "a test set")
    for counts, kind in (({}, MEASURED), ({"modelled": 1}, SIMULATED)):
        usage = usage_at(replayed(**counts), stop)
        assert resting_on(outcome, usage).kind is kind


def test_runs_that_are_selected_keep_their_counts(replayed):
    group = replayed()
    group.replay["modelled"][:] = [3.0, 4.0]
    assert group.select(np.array([1])).replay["modelled"].tolist() == [4.0]


def test_labelling_arms_show_what_a_label_takes(synthetic):
    table, _ = synthetic.make_study([synthetic.labelling()], num_replicates=2)
    found = label_seconds(read_groups(table), {})
    # 300 answers of 3 people are 100 labels, in 1.1 h of paid time.
    assert found.value == pytest.approx(1.1 * 3600.0 / 100)
    assert found.kind is Kind.SIMULATED


@pytest.mark.parametrize(
    ("kind", "feedback", "is_shown"),
    [
        ("machine_verified", "label", True),
        ("pseudo_labels", "label", True),
        ("machine_disagreement", "verification", False),
        ("review", "label", False),
    ],
)
def test_people_beside_a_machine_show_what_a_label_takes_where_they_name_it(
    synthetic, kind, feedback, is_shown
):
    table, _ = synthetic.make_study([synthetic.labelling()], num_replicates=2)
    groups = [
        dataclasses.replace(
            g, kind=kind, parameters=g.parameters | {"feedback": feedback}
        )
        for g in read_groups(table)
        if g.kind == "labelling"
    ]
    assert (label_seconds(groups, {}).value is not None) is is_shown


def test_the_manifest_speaks_where_no_arm_asks_for_labels(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=2)
    given = {"label_seconds": {"seconds": 9.0, "source": "a population"}}
    found = label_seconds(read_groups(table), given)
    assert (found.value, found.source) == (9.0, "a population")


def test_without_either_the_time_of_a_label_is_unavailable(synthetic):
    table, _ = synthetic.make_study([synthetic.relevance()], num_replicates=2)
    assert label_seconds(read_groups(table), {}).value is None
