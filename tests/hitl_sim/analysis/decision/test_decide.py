import math

import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.fieller import Shape
from hitl_sim.analysis.decision.decide import SCALES, decide
from hitl_sim.analysis.decision.world import draw_worlds


@pytest.fixture(scope="module")
def study(synthetic, analysed):
    arms = [synthetic.NULL, synthetic.Arm("random_half", ratio=1.3)]
    for accuracy, ratio in ((1.0, 0.5), (0.8, 0.8), (0.6, 1.4)):
        for shared in (0.0, 0.25, 0.5):
            settings = {"crowd.accuracy": accuracy, "crowd.shared_error": shared}
            arms.append(synthetic.relevance(ratio + 0.1 * shared, settings=settings))
    return analysed(arms, num_replicates=16, sd=0.05)


@pytest.fixture(scope="module")
def decision(study):
    return decide(study, study.tasks[0])


def arm_of(decision, **settings):
    for arm in decision.arms:
        own = arm.finding.settings
        if all(own.get(f"crowd.{k}") == v for k, v in settings.items()):
            return arm
    raise AssertionError(settings)


def test_the_arms_are_all_conditions_but_control_and_copy(decision):
    assert len(decision.arms) == 10
    assert {a.finding.role for a in decision.arms} == {"arm"}


def test_joules_saved_per_hour_are_the_saving_over_paid_and_requester_hours(decision):
    arm = arm_of(decision, accuracy=1.0, shared_error=0.0)
    usage = arm.finding.usage
    hours = (usage.paid_s + usage.requester_s) / 3600.0
    saved = decision.task.control.joules.value - arm.finding.joules.value
    assert arm.saved_per_hour.value == pytest.approx(saved / hours)
    assert arm.saved_per_hour.shape is Shape.INTERVAL


def test_people_who_cannot_be_told_from_useless_save_per_hour_an_unbounded_set(
    synthetic, analysed
):
    # nobody is paid in most runs, so that the hours may be none
    arm = synthetic.relevance(0.7, worked_s=0.0, requester_s=0.0)
    result = analysed([arm])
    found = decide(result, result.tasks[0]).arms[0].saved_per_hour
    assert found.shape is not Shape.INTERVAL


def test_acceptability_rises_with_the_scale_of_training_and_turns_at_m_star(decision):
    arm = arm_of(decision, accuracy=1.0, shared_error=0.0)
    curve = arm.by_scale["joules"]
    assert (np.diff(curve) >= 0.0).all()
    assert curve[0] == 0.0
    assert curve[-1] == 1.0
    even = np.interp(0.5, curve, np.log10(SCALES))
    assert even == pytest.approx(
        math.log10(arm.finding.at("joules").multiple.value), abs=0.3
    )


def test_people_who_lengthen_training_pay_at_no_scale(decision):
    arm = arm_of(decision, accuracy=0.6, shared_error=0.5)
    assert (arm.by_scale["joules"] == 0.0).all()
    assert arm.pays_here["joules"] == 0.0


def test_a_higher_wage_pays_less_surely(decision):
    arm = arm_of(decision, accuracy=1.0, shared_error=0.0)
    assert (np.diff(arm.by_wage) <= 0.0).all()
    assert arm.by_wage[0] > arm.by_wage[-1]


def test_no_price_is_solved_at_the_scale_that_it_defined(decision):
    """There the wage breaks even at the study's own, whatever anybody did."""
    arm = arm_of(decision, accuracy=0.8, shared_error=0.0).finding
    assert decision.scale == arm.at("usd").multiple.value
    assert {b.scale for b in decision.break_evens} == {1.0}


def test_at_the_study_s_own_scale_the_wage_never_breaks_even(decision):
    found = [b for b in decision.break_evens if b.along == "wage" and b.scale == 1.0]
    assert len(found) == 9
    assert all(b.crossing.course is Payback.NEVER for b in found)


def test_accuracy_breaks_even_in_training_between_the_settings_around_it(decision):
    found = [
        b.crossing
        for b in decision.break_evens
        if b.along.startswith("accuracy") and b.yardstick == "training"
    ]
    assert len(found) == 3
    for crossing in found:
        assert crossing.course is Payback.FROM
        assert crossing.brackets == ((0.6, 0.8),)
        assert 0.6 < crossing.roots[0] < 0.8


def test_the_consistency_that_never_matters_says_so(decision):
    found = [
        b.crossing
        for b in decision.break_evens
        if b.along.startswith("shared error") and b.yardstick == "training"
    ]
    assert {c.course for c in found} <= {Payback.ALWAYS, Payback.NEVER}
    assert len(found) == 3


def test_the_frontier_holds_the_control_which_asks_nobody(decision):
    frontier = decision.frontier
    assert frontier.labels[0] == "control"
    assert frontier.is_member[0]
    assert frontier.membership[0] == pytest.approx(1.0)
    assert len(frontier.objectives) == 5
    assert not frontier.is_member[frontier.labels.index("random_half")]


def test_chance_and_world_and_their_interaction_are_all_of_the_variance(decision):
    for arm in decision.arms:
        for spread in arm.spread:
            parts = (spread.chance, spread.world, spread.both)
            assert sum(part.value for part in parts) == pytest.approx(1.0, abs=1e-12)
            assert all(0.0 <= part.low <= part.high <= 1.0 for part in parts)


def test_carbon_is_left_out_of_the_frontier_where_no_grid_is_known(
    synthetic, analysed, prices
):
    silent = msgspec.structs.replace(prices, grid_region=None)
    result = analysed([synthetic.relevance()], prices=silent)
    found = decide(result, result.tasks[0])
    assert found.frontier.left_out == ("carbon",)
    assert np.isnan(found.arms[0].by_carbon_price[1:]).all()


def test_worlds_keep_the_study_s_values_as_their_medians(decision):
    worlds = draw_worlds(decision.inputs, 20_000, 0)
    for one in decision.inputs:
        drawn = worlds.numbers[one.name]
        assert np.mean(drawn < one.value) == pytest.approx(0.5, abs=0.02)
        outside = np.mean(drawn > one.high)
        assert outside == pytest.approx(0.025, abs=0.006)
