import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.claim import Effect, judge
from hitl_sim.analysis.condition.result import analyse
from hitl_sim.analysis.run.record import read_groups
from hitl_sim.energy import Kind


@pytest.mark.parametrize(
    ("low", "high", "effect"),
    [
        (0.5, 0.95, Effect.SAVES),
        (0.5, 0.96, Effect.UNDETERMINED),
        (1.05, 3.0, Effect.COSTS_MORE),
        (1.05, math.inf, Effect.COSTS_MORE),
        (0.96, 1.04, Effect.NO_DIFFERENCE),
        (0.9, 1.2, Effect.UNDETERMINED),
    ],
)
def test_an_effect_is_called_only_beyond_the_smallest_that_matters(low, high, effect):
    assert judge(low, high, 0.05) is effect


def only(result, arm):
    return next(f for f in result.tasks[0].findings if f.arm == arm)


def test_a_planted_rho_is_found_within_its_interval(synthetic, analysed):
    arm = synthetic.Arm("machine", ratio=0.6)
    found = only(analysed([arm], num_replicates=64), "machine").ratio
    assert found.low < 0.6 < found.high
    assert found.high - found.low < 0.2


def test_the_cost_of_choosing_is_part_of_rho(synthetic, analysed):
    plain = synthetic.Arm("plain", steps=[200.0] * 12)
    dear = synthetic.Arm("dear", steps=[200.0] * 12, choose=100)
    result = analysed([plain, dear])
    assert only(result, "dear").ratio.value > 1.3 * only(result, "plain").ratio.value


def test_runs_that_never_reach_are_billed_to_the_cap_and_kept(synthetic, analysed):
    steps = [100.0] * 8 + [9e9] * 4
    found = only(analysed([synthetic.Arm("half", steps=steps)]), "half")
    assert (found.reach.hits, found.reach.trials) == (8, 12)
    each = found.usage.steps
    assert each == pytest.approx((8 * 100 + 4 * 600) / 8)


def test_a_failed_run_counts_as_a_failure_and_stays(synthetic, analysed):
    arm = synthetic.Arm("frail", steps=[100.0] * 12)
    result = analysed([arm], outcomes={("frail", 3): "not_finite"})
    found = only(result, "frail")
    assert (found.reach.hits, found.num_failed) == (11, 1)
    assert found.usage.steps == pytest.approx((11 * 100 + 600) / 11)
    assert [(run.arm, run.replicate) for run in result.failed] == [("frail", 3)]


def test_an_arm_that_never_reaches_has_infinite_rho_above_a_bound(synthetic, analysed):
    found = only(analysed([synthetic.Arm("lost", steps=[9e9] * 12)]), "lost")
    assert found.ratio.value == math.inf
    assert found.ratio.low > 1.0
    assert found.claim.effect is Effect.COSTS_MORE
    assert found.joules.is_infinite
    assert not found.is_per_success


def test_device_constants_cancel_where_the_work_is_alike(synthetic, analysed):
    found = only(analysed([synthetic.Arm("twice", ratio=2.0)]), "twice").ratio
    low, high = found.quantity.interval
    spread = (high - low) / found.value
    assert spread < 0.02
    upper_bound = analysed().tasks[0].control.joules.quantity
    assert (upper_bound.interval[1] - upper_bound.interval[0]) / upper_bound.value > 1.0


def test_rho_of_people_is_no_stronger_than_simulated(synthetic, analysed):
    result = analysed([synthetic.relevance(), synthetic.Arm("machine")])
    assert only(result, "relevance").ratio.quantity.kind is Kind.SIMULATED
    assert only(result, "machine").ratio.quantity.kind is Kind.MODELLED_ANALYTIC


def test_the_restricted_mean_holds_all_arms_to_one_horizon(synthetic, analysed):
    slow = synthetic.Arm("slow", steps=[100.0] * 6 + [9e9] * 6)
    result = analysed([slow])
    assert only(result, "slow").steps.value == pytest.approx(350.0)
    assert result.tasks[0].horizon_steps == 600
    found = only(result, "slow")
    assert found.mean_joules.value <= result.tasks[0].horizon_j


def test_the_ceiling_is_the_controls_joules_and_its_workstation_time(analysed):
    task = analysed().tasks[0]
    joules = task.control.joules.value
    assert joules == pytest.approx(task.control.joules.value)
    assert task.workstation_s.value == pytest.approx(joules / 100.0)
    assert task.control.joules.low < joules < task.control.joules.high


def test_shared_replicates_save_variance_and_the_share_is_told(synthetic, analysed):
    arm = synthetic.Arm("machine", ratio=0.8)
    found = only(analysed([arm], num_replicates=64, sd=0.4), "machine")
    assert 0.2 < found.variance_saved_frac < 0.8


def test_the_control_against_itself_is_exactly_one(analysed):
    control = analysed().tasks[0].control
    assert control.ratio.value == 1.0
    assert (control.ratio.low, control.ratio.high) == (1.0, 1.0)


def test_without_success_of_the_control_rho_is_unknown(synthetic, profile, prices):
    table, manifest = synthetic.make_study([synthetic.Arm("quick", ratio=0.1)])
    is_control = np.array([r == "control" for r in table["role"].to_pylist()])
    rows = table.to_pylist()
    for row, hit in zip(rows, is_control, strict=True):
        if hit:
            row["validation_accuracy"] = [0.1] * len(row["validation_accuracy"])
    result = analyse(
        read_groups(table.from_pylist(rows)),
        manifest,
        profile,
        prices,
        fraction=1.0,
        smoothing=1,
        smallest_effect=0.05,
        seed=0,
    )
    found = only(result, "quick")
    assert math.isnan(found.ratio.value)
    assert "no run of the control" in found.ratio.quantity.reason
    assert result.tasks[0].control.joules.is_infinite
