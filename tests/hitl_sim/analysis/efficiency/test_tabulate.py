import dataclasses
import math

import numpy as np
import pytest

from hitl_sim.analysis.efficiency.clock import clock_policies
from hitl_sim.analysis.efficiency.serve import Serving
from hitl_sim.analysis.efficiency.tabulate import tabulate_methods
from hitl_sim.analysis.run.usage import work_unit
from hitl_sim.energy import Kind, load_profile
from hitl_sim.energy.split_inference import load_link

CUT = {"kind": "prune", "form": "structured", "share": 0.5, "after": 3, "until": None}
TUNE = {"kind": "fine_tune", "steps": 100}
ROUGH = {"kind": "quantise", "form": "approximate", "multiplier": "mitchell"}
WHOLE = {"kind": "whole_pool", "role": "arm"}
PEOPLE = {"kind": "relevance", "questions": 300}
ARMS = [
    {"name": "control", "kind": "whole_pool", "role": "control", "method": []},
    {"name": "people", **PEOPLE, "method": []},
    {"name": "small", **WHOLE, "method": [CUT]},
    {"name": "tuned", **WHOLE, "method": [TUNE]},
    {"name": "rough", **WHOLE, "method": [ROUGH]},
    {"name": "both", **WHOLE, "method": [CUT, TUNE]},
    {"name": "people_small", **PEOPLE, "method": [CUT]},
    {"name": "people_rough", **PEOPLE, "method": [CUT, ROUGH]},
]
RATIO = {"small": 0.8, "tuned": 0.5, "rough": 1.1, "both": 0.4}


def _tables(result, policies=()):
    server, link = load_profile("server-cpu"), load_link("wifi")
    serving = Serving(result.profile, server, link, "wifi")
    return tabulate_methods(result, serving, policies)


@pytest.fixture(scope="module")
def table(synthetic, analysed):
    guided = {"people": 0.6, "people_small": 0.5, "people_rough": 0.7}
    arms = [synthetic.Arm(name, ratio) for name, ratio in RATIO.items()]
    arms += [synthetic.relevance(ratio, name=name) for name, ratio in guided.items()]
    result = analysed(arms, num_replicates=24, sd=0.05)
    result = dataclasses.replace(result, study={"arm": ARMS})
    (found,) = _tables(result, clock_policies(1.1, 0.7))
    return found


def _row(table, arm):
    return next(row for row in table.rows if row.finding.arm == arm)


def test_a_combined_arm_stands_beside_the_product_and_the_sum_of_its_parts(table):
    both = next(c for c in table.combined if c.arm == "both")
    small, tuned = (
        _row(table, name).finding.ratio.value for name in ("small", "tuned")
    )
    assert both.parts == ("small", "tuned")
    assert both.product.value == pytest.approx(small * tuned)
    assert both.added.value == pytest.approx(small + tuned - 1.0)
    assert both.beside.value == pytest.approx(both.ratio.value / (small * tuned))
    for estimate in (both.product, both.added, both.beside):
        assert estimate.low < estimate.value < estimate.high


def test_guidance_is_a_part_and_a_part_without_an_arm_makes_no_row(table):
    parts = {c.arm: c.parts for c in table.combined}
    assert parts["people_small"] == ("people", "small")
    assert parts["people_rough"] == ("people", "small", "rough")
    assert parts["people_clock_in_time"] == ("people", "clock_in_time")
    assert set(parts) == {
        "both",
        "people_small",
        "people_rough",
        "people_clock_in_time",
    }


def test_a_combination_with_people_is_no_more_than_simulated(table):
    kinds = {c.arm: c.product.quantity.kind for c in table.combined}
    assert kinds["both"] is Kind.MODELLED_ANALYTIC
    assert kinds["people_small"] is Kind.SIMULATED


def test_a_method_is_worth_the_hours_that_save_as_much(table):
    """People save in proportion to their hours: the guide by its own is its hours."""
    assert table.guide.arm == "people"
    worked = float(table.guide.usage.worked_s) / 3600.0
    assert _row(table, "people").hours.value == pytest.approx(worked)
    saved = {
        name: 1.0 - _row(table, name).finding.ratio.value
        for name in ("people", "tuned")
    }
    want = worked * saved["tuned"] / saved["people"]
    assert _row(table, "tuned").hours.value == pytest.approx(want)
    assert _row(table, "rough").hours.value < 0.0
    assert _row(table, "tuned").hours.quantity.kind is Kind.SIMULATED


def test_without_guidance_that_saves_hours_are_unknown(synthetic, analysed):
    arms = [synthetic.Arm("small", 0.8), synthetic.relevance(1.4, name="people")]
    result = analysed(arms, num_replicates=8)
    result = dataclasses.replace(result, study={"arm": ARMS})
    (found,) = _tables(result)
    assert found.guide is None
    assert not _row(found, "small").hours.is_known


def test_only_arms_that_need_other_silicon_are_hypothetical(table):
    for row in table.rows:
        is_rough = "rough" in row.finding.arm
        assert (row.hypothetical is not None) == is_rough
        assert (row.use.hypothetical is not None) == is_rough
    rough = _row(table, "rough")
    assert rough.hypothetical.ratio.quantity.kind is Kind.HYPOTHETICAL
    assert rough.chip.ratio.quantity.kind is Kind.ASSUMED
    assert rough.chip.operations.quantity.kind is Kind.MODELLED_ANALYTIC


def test_accuracy_is_told_beside_the_control_of_the_same_replicate(table):
    row = _row(table, "small")
    change = row.finding.test_by_run - table.task.control.test_by_run
    assert row.accuracy.value == pytest.approx(change.mean())
    assert row.accuracy.low <= row.accuracy.value <= row.accuracy.high


def test_the_same_network_answers_at_the_control_s_operations(table):
    assert math.isclose(float(np.asarray(_row(table, "tuned").use.operations.value)), 1)


def test_a_study_without_methods_has_no_table(analysed):
    result = analysed()
    with pytest.raises(ValueError, match=r"`arm.method` must be given in at least one"):
        _tables(result)


def test_at_another_clock_the_same_runs_take_fewer_joules_and_more_time(table):
    control = table.task.control
    for name in ("clock_free", "clock_in_time", "power_cap"):
        row = _row(table, name)
        assert row.finding.ratio.value < 1.0 < row.clock.time
        assert row.finding.ratio.quantity.kind is Kind.ASSUMED
        assert row.accuracy.value == 0.0
        assert (row.finding.test_by_run == control.test_by_run).all()
        assert row.chip is None
    assert _row(table, "clock_in_time").clock.time <= 1.1
    free, bound = (_row(table, f"clock_{n}") for n in ("free", "in_time"))
    assert free.finding.ratio.value < bound.finding.ratio.value


def test_a_clock_multiplies_what_guidance_leaves(table):
    """All units slow down alike here, so nothing stands in the other's way."""
    (found,) = (c for c in table.combined if c.arm == "people_clock_in_time")
    assert found.beside.value == pytest.approx(1.0, rel=0.02)
    assert found.ratio.value < found.added.value * 1.1


def test_a_swept_number_of_a_method_is_that_of_its_row(synthetic, analysed):
    arms = [
        synthetic.Arm("small", 0.8, settings={"arm.method.prune.share": share})
        for share in (0.25, 0.75)
    ]
    result = dataclasses.replace(analysed(arms), study={"arm": ARMS})
    (found,) = _tables(result)
    assert [row.tables[0]["share"] for row in found.rows] == [0.25, 0.75]
    assert [row.name for row in found.rows] == [
        "small (share 0.25)",
        "small (share 0.75)",
    ]


QUERY = {
    "phase": "evaluate",
    "flops": {"float32": 1e4},
    "bytes_moved": 1e5,
    "num_kernels": 5.0,
    "products": [],
    "batch": 1,
}


@pytest.fixture(scope="module")
def in_two_batches(synthetic, analysed):
    """The same study with queries as held-out items were, and one by one."""
    plain = analysed([synthetic.Arm("small", 0.8), synthetic.Arm("tuned", 1.2)])
    plain = dataclasses.replace(plain, study={"arm": ARMS})
    work = {**plain.work, "query of evaluate:small": QUERY}
    alone = dataclasses.replace(plain, work=work)
    return tuple(
        _tables(result, clock_policies(1.1, 0.7))[0] for result in (plain, alone)
    )


def test_a_query_by_itself_is_billed_at_its_own_cost(in_two_batches, profile):
    many, one = (_row(table, "small").use.device for table in in_two_batches)
    want = profile.unit_cost(work_unit("query of evaluate:small", QUERY)).joules
    assert one.value == pytest.approx(want.value)
    assert one.value > 20 * many.value


def test_a_query_s_batch_moves_no_training_and_is_named(in_two_batches):
    many, one = in_two_batches
    assert (many.query_batch, one.query_batch) == (None, 1)
    for arm in ("small", "tuned", "clock_free"):
        assert _row(one, arm).finding.ratio == _row(many, arm).finding.ratio


def test_a_clock_slows_a_query_of_the_same_batch(in_two_batches):
    for table in in_two_batches:
        small, slow = (_row(table, arm).use for arm in ("small", "clock_free"))
        assert 0.6 < float(slow.device.value) / float(small.device.value) < 1.0
