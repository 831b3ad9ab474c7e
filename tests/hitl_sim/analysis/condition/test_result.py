import dataclasses
import json
import math
import subprocess
import sys

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.condition.finding import best, cheapest
from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.analysis.run.sample import draw_sample, estimate_ratio
from hitl_sim.analysis.run.target import find_targets
from hitl_sim.analysis.run.usage import price_units
from hitl_sim.cost import open_pricing
from hitl_sim.energy import Scope, unavailable
from hitl_sim.energy.profile import Constant, MeasuredCost
from hitl_sim.record import RecordError
from hitl_sim.report.words import tell

RULES = {"fraction": 1.0, "smoothing": 1, "smallest_effect": 0.05, "seed": 7}


def only(result, arm):
    return next(f for f in result.tasks[0].findings if f.arm == arm)


def test_the_null_arm_holds_one(synthetic, analysed):
    null = analysed([synthetic.NULL], num_replicates=32).tasks[0].null
    assert null.ratio.holds(1.0)
    assert null.ratio.low < 1.0 < null.ratio.high


def test_a_null_arm_that_differs_is_caught(synthetic, analysed):
    off = dataclasses.replace(synthetic.NULL, ratio=1.8)
    assert not analysed([off], num_replicates=32).tasks[0].null.ratio.holds(1.0)


def test_the_null_arm_rings_false_in_about_one_study_of_twenty(
    synthetic, profile, prices
):
    costs = price_units(synthetic.UNITS, profile)
    label_s = unavailable("s", Scope.HUMAN_TIME, "no label is asked for")
    pricing = open_pricing(costs, profile, prices, label_s)
    alarms, studies = 0, 200
    for seed in range(studies):
        table, _ = synthetic.make_study(
            [synthetic.NULL], num_replicates=16, num_checkpoints=40, seed=seed
        )
        groups = {g.role: g for g in read_groups(table)}
        targets = find_targets(groups["pilot"], fraction=1.0, smoothing=1)
        null, control = (
            draw_sample(groups[role], targets, pricing, smoothing=1)
            for role in ("null", "control")
        )
        spent = tuple(
            pricing.device.joules(one.usage_per_success) for one in (null, control)
        )
        ratio = estimate_ratio(null, control, spent, 0)
        alarms += not ratio.low <= 1.0 <= ratio.high
    # 5 %, and 7.5 % at most as `interval` promises, give or take 4 standard errors.
    assert alarms / studies <= 0.075 + 4 * math.sqrt(0.075 * 0.925 / studies)
    assert alarms > 0


def test_every_record_is_compared_and_none_is_dropped(synthetic, analysed):
    arms = [synthetic.relevance(), synthetic.Arm("lost", steps=[9e9] * 12)]
    result = analysed(arms)
    task = result.tasks[0]
    compared = sum(f.num_runs for f in (task.control, *task.findings))
    assert compared + 12 == result.num_records  # the 12 runs of the pilot


def test_a_missing_run_leaves_its_pair_and_is_counted(synthetic, profile, prices):
    table, manifest = synthetic.make_study([synthetic.relevance()])
    lost = [
        not (row["arm"] == "relevance" and row["replicate"] == 4)
        for row in table.to_pylist()
    ]
    result = analyse(
        read_groups(table.filter(pa.array(lost))), manifest, profile, prices, **RULES
    )
    found = only(result, "relevance")
    assert (found.num_runs, found.num_missing) == (11, 1)


def test_an_arm_without_a_run_beside_the_control_is_named(synthetic, profile, prices):
    table, manifest = synthetic.make_study([synthetic.NULL, synthetic.relevance()])
    wanted = {"control": range(6), "again": range(5, 12), "relevance": range(6, 12)}
    there = [row["replicate"] in wanted[row["arm"]] for row in table.to_pylist()]
    result = analyse(
        read_groups(table.filter(pa.array(there))), manifest, profile, prices, **RULES
    )
    (task,) = result.tasks
    assert task.without_runs == ("relevance, typical",)
    assert [f.arm for f in task.findings] == ["again"]
    (told,) = tell(result).tasks
    assert any("No run is there yet" in check for check in told.checks)


def test_money_is_told_with_all_that_a_device_costs_and_by_electricity_alone(
    synthetic, analysed, prices
):
    arms = [synthetic.relevance()]
    free = msgspec.structs.replace(prices, device_usd_per_h=0.0)
    rented, bare = (
        only(analysed(arms, prices=own), "relevance") for own in (prices, free)
    )
    assert rented.without_rent.multiple == bare.at("usd").multiple
    # a saving of rent pays people back sooner
    assert rented.at("usd").multiple.value < bare.at("usd").multiple.value
    assert bare.without_rent is None
    words = tell(analysed(arms)).tasks[0].break_even
    assert "all that the device costs counted; by its electricity alone from" in words
    assert "alone" not in tell(analysed(arms, prices=free)).tasks[0].break_even


def test_a_replicate_without_target_takes_part_in_nothing(synthetic, analysed):
    result = analysed([synthetic.relevance()], outcomes={("control", 5): "not_finite"})
    task = result.tasks[0]
    assert task.without_target == (5,)
    assert 5 not in task.replicates
    assert only(result, "relevance").num_runs == 11


def test_the_order_of_records_changes_nothing(synthetic, profile, prices):
    table, manifest = synthetic.make_study([synthetic.relevance(), synthetic.NULL])
    mixed = table.take(np.random.default_rng(1).permutation(table.num_rows))
    first = analyse(read_groups(table), manifest, profile, prices, **RULES)
    second = analyse(read_groups(mixed), manifest, profile, prices, **RULES)
    for one, two in zip(first.tasks[0].findings, second.tasks[0].findings, strict=True):
        assert one.label == two.label
        assert (one.ratio.low, one.ratio.high) == (two.ratio.low, two.ratio.high)
        assert one.ratio.quantity == two.ratio.quantity


def test_each_task_is_compared_with_its_own_control(synthetic, profile, prices):
    digits, manifest = synthetic.make_study([synthetic.relevance(0.5)])
    words, _ = synthetic.make_study([synthetic.relevance(2.0)], task="words", seed=4)
    both = pa.concat_tables([digits, words])
    result = analyse(read_groups(both), manifest, profile, prices, **RULES)
    ratios = {t.task: t.findings[0].ratio.value for t in result.tasks}
    assert ratios["digits"] < 1.0 < ratios["words"]


def test_tasks_that_differ_in_a_number_are_told_in_its_order(
    synthetic, profile, prices
):
    tables = []
    for pool in (1000, 50, 200):
        table, manifest = synthetic.make_study(num_replicates=6)
        settings = json.dumps({"task.pool": pool})
        own = {
            "settings": [settings] * table.num_rows,
            "base": [f"base-{pool}"] * table.num_rows,
            "condition": [f"{c} {pool}" for c in table["condition"].to_pylist()],
        }
        for name, values in own.items():
            column = table.column_names.index(name)
            table = table.set_column(column, name, pa.array(values))
        tables.append(table)
    result = analyse(
        read_groups(pa.concat_tables(tables)), manifest, profile, prices, **RULES
    )
    found = [task.control.settings["task.pool"] for task in result.tasks]
    assert found == [50, 200, 1000]
    assert result.tasks[0].label == "digits (pool 50)"


def test_a_base_without_pilot_is_skipped_and_named(synthetic, profile, prices):
    good, manifest = synthetic.make_study([synthetic.relevance()])
    bad, _ = synthetic.make_study(task="bare")
    bare = bad.filter(pa.compute.equal(bad["role"], "control"))
    both = pa.concat_tables([good, bare])
    result = analyse(read_groups(both), manifest, profile, prices, **RULES)
    assert [task.task for task in result.tasks] == ["digits"]
    assert "'pilot' in exactly one condition of task 'bare'" in result.skipped[0]


def test_nothing_to_analyse_is_an_error(synthetic, profile, prices):
    table, manifest = synthetic.make_study()
    bare = table.filter(pa.compute.equal(table["role"], "control"))
    with pytest.raises(RecordError, match="'pilot' in exactly one condition"):
        analyse(read_groups(bare), manifest, profile, prices, **RULES)


def test_nothing_but_trials_is_an_error_that_says_so(synthetic, profile, prices):
    table, manifest = synthetic.make_study()
    place = table.schema.get_field_index("role")
    roles = pa.array(["trial"] * len(table), table.schema.field(place).type)
    trials = table.set_column(place, table.schema.field(place), roles)
    with pytest.raises(RecordError, match="No run but trials of settings is recorded"):
        analyse(read_groups(trials), manifest, profile, prices, **RULES)


def test_a_smallest_effect_outside_0_to_1_is_refused(synthetic, analysed):
    with pytest.raises(ValueError, match=r"`smallest_effect` must be in \(0, 1\)"):
        analysed(smallest_effect=1.5)


def test_break_even_is_human_and_waiting_joules_over_the_saving(synthetic, analysed):
    result = analysed([synthetic.relevance(0.6)], num_replicates=32)
    found = only(result, "relevance")
    control = result.tasks[0].control
    people_j = (1.1 * 3600.0 + 1800.0) * 100.0
    waiting_j = 1500.0 * result.profile.idle_w.value
    saved_j = control.joules.value * (1.0 - found.ratio.value)
    expected = (people_j + waiting_j) / saved_j
    assert found.at("joules").multiple.value == pytest.approx(expected)


def test_the_answer_says_where_labels_decide_it(synthetic, analysed):
    result = analysed([synthetic.relevance(1.3), synthetic.labelling()])
    cases = {
        (label_cost, case.measure): case
        for label_cost, case in only(result, "relevance").label_cases
    }
    assert cases["sunk", "joules"].payback is Payback.NEVER
    assert cases["bought_same_price", "joules"].payback is Payback.UP_TO
    assert cases["bought_same_price", "joules"].pays_here is Answer.YES
    assert ("bought_elsewhere", "joules") not in cases


def test_without_a_region_carbon_is_unknown_and_energy_is_not(
    synthetic, analysed, prices
):
    silent = msgspec.structs.replace(prices, grid_region=None)
    found = only(analysed([synthetic.relevance()], prices=silent), "relevance")
    assert found.at("kgco2e").payback is Payback.UNKNOWN
    assert found.at("joules").payback is Payback.FROM
    assert not found.ledger["human_energy"].kgco2e.is_known


def test_a_dearer_wage_changes_money_and_nothing_physical(synthetic, analysed, prices):
    arms = [synthetic.relevance()]
    cheap = msgspec.structs.replace(prices, wage_usd_per_h=5.0)
    dear = msgspec.structs.replace(prices, wage_usd_per_h=50.0)
    one, two = (only(analysed(arms, prices=p), "relevance") for p in (cheap, dear))
    assert one.ratio.quantity == two.ratio.quantity
    assert one.at("joules").multiple == two.at("joules").multiple
    assert two.at("usd").multiple.value > 5 * one.at("usd").multiple.value


def test_the_device_only_boundary_charges_people_nothing(synthetic, analysed, prices):
    outside = msgspec.structs.replace(prices, boundary="device_only")
    found = only(analysed([synthetic.relevance()], prices=outside), "relevance")
    waiting = found.ledger["device_waiting"].joules.value
    assert found.at("joules").beside.value == pytest.approx(waiting)


def test_the_best_arm_has_the_least_rho_and_the_cheapest_the_least_multiple(
    synthetic, analysed
):
    arms = [
        synthetic.relevance(0.5, name="long", worked_s=90_000.0),
        synthetic.relevance(0.7, name="short", worked_s=10.0, requester_s=0.0),
        synthetic.relevance(1.5, name="harmful"),
    ]
    people = analysed(arms, num_replicates=32).tasks[0].with_people
    assert best(people).arm == "long"
    assert cheapest(people, "joules").arm == "short"


def test_no_joule_is_called_measured_on_an_analytic_profile(analysed):
    assert not analysed().is_measured


def test_a_measured_profile_is_called_measured(synthetic, profile, prices):
    def counted(value):
        return Constant(
            value=value,
            low=value,
            high=value,
            kind="measured_counter",
            source="a counter",
        )

    costs = {
        name: MeasuredCost(seconds=counted(1e-3), joules=counted(2e-3))
        for name in synthetic.UNITS
    }
    measured = msgspec.structs.replace(profile, unit=costs)
    table, manifest = synthetic.make_study()
    assert analyse(read_groups(table), manifest, measured, prices, **RULES).is_measured


def test_analysis_never_loads_jax():
    code = "import hitl_sim.analysis, sys; sys.exit('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
