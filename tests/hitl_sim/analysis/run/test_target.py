import types

import numpy as np
import pytest

from hitl_sim.analysis.run.record import read_groups
from hitl_sim.analysis.run.target import (
    find_stop,
    find_targets,
    smooth,
    trace_curve,
)
from hitl_sim.analysis.run.usage import price_units


def groups_of(table):
    return {group.role: group for group in read_groups(table)}


def test_smoothing_averages_the_last_checkpoints():
    smoothed = smooth([0.0, 3.0, 6.0, 0.0], 3)
    np.testing.assert_allclose(smoothed, [0.0, 1.5, 3.0, 3.0])


def test_smoothing_never_looks_ahead():
    before = smooth([0.1, 0.2, 0.3, 0.4, 0.5], 3)
    after = smooth([0.1, 0.2, 0.3, 0.9, 0.0], 3)
    np.testing.assert_array_equal(before[:3], after[:3])


@pytest.mark.parametrize("smoothing", [0, 6])
def test_smoothing_outside_the_curve_is_refused(smoothing):
    with pytest.raises(ValueError, match="`smoothing` must be in 1 to 5 checkpoints"):
        smooth(np.zeros(5), smoothing)


def stops(curves, target):
    """Return where runs of some curves stop at a target; None at the cap."""
    group = types.SimpleNamespace(
        validation_accuracy=np.array(curves),
        is_ok=np.ones(len(curves), bool),
        num_checkpoints=len(curves[0]),
    )
    found = find_stop(group, np.full(len(curves), target), smoothing=1)
    assert (found.checkpoint[~found.is_reached] == len(curves[0]) - 1).all()
    pairs = zip(found.checkpoint, found.is_reached, strict=True)
    return [int(place) if is_reached else None for place, is_reached in pairs]


def test_a_run_stops_at_the_first_of_several_crossings():
    assert stops([[0.1, 0.6, 0.4, 0.7], [0.1, 0.2, 0.3, 0.4]], 0.5) == [1, None]


def test_a_curve_at_its_target_counts_as_there():
    assert stops([[0.1, 0.5]], 0.5) == [1]


def test_nan_accuracy_is_at_no_target():
    assert stops([[np.nan, np.nan]], 0.0) == [None]


def test_the_target_is_a_fraction_of_the_pilots_best_smoothed_accuracy(synthetic):
    table, _ = synthetic.make_study(num_replicates=3)
    pilot = groups_of(table)["pilot"]
    targets = find_targets(pilot, fraction=0.5, smoothing=2)
    np.testing.assert_allclose(targets.accuracy, 0.45, rtol=1e-6)


def test_the_control_does_not_move_its_own_target(synthetic):
    slow, _ = synthetic.make_study(num_replicates=3, sd=1.0, seed=1)
    fast, _ = synthetic.make_study(num_replicates=3, sd=0.0)
    targets = [
        find_targets(groups_of(t)["pilot"], fraction=0.9, smoothing=1).accuracy
        for t in (slow, fast)
    ]
    np.testing.assert_array_equal(*targets)


def test_a_pilot_that_is_not_finite_gives_no_target(synthetic):
    table, _ = synthetic.make_study(
        num_replicates=4, outcomes={("control", 2): "not_finite"}
    )
    targets = find_targets(groups_of(table)["pilot"], fraction=1.0, smoothing=1)
    assert targets.replicate.tolist() == [0, 1, 3]
    assert targets.without == (2,)


@pytest.mark.parametrize("fraction", [0.0, 1.2])
def test_a_fraction_outside_0_to_1_is_refused(synthetic, fraction):
    table, _ = synthetic.make_study(num_replicates=2)
    with pytest.raises(ValueError, match=r"`fraction` must be in \(0, 1\], got"):
        find_targets(groups_of(table)["pilot"], fraction=fraction, smoothing=1)


def test_runs_stop_at_their_target_or_at_the_cap(synthetic):
    arm = synthetic.Arm("fixed", steps=[95.0, 100.0, 101.0, 9e9])
    table, _ = synthetic.make_study([arm], num_replicates=4, num_checkpoints=20)
    group = groups_of(table)["arm"]
    stop = find_stop(group, np.full(4, np.float64(np.float32(0.9))), smoothing=1)
    assert stop.checkpoint.tolist() == [9, 9, 10, 19]
    assert stop.is_reached.tolist() == [True, True, True, False]


def test_a_run_that_is_not_finite_never_reaches(synthetic):
    arm = synthetic.Arm("fixed", steps=[50.0, 50.0])
    table, _ = synthetic.make_study(
        [arm], num_replicates=2, outcomes={("fixed", 1): "not_finite"}
    )
    stop = find_stop(groups_of(table)["arm"], np.full(2, 0.8), smoothing=1)
    assert stop.is_reached.tolist() == [True, False]
    assert stop.checkpoint[1] == 59


def test_a_model_that_is_not_there_yet_has_no_part_in_the_mean():
    accuracy = [np.nan, np.nan, 0.4, 0.6, 0.8]
    found = smooth(accuracy, 2)
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2:], [0.4, 0.5, 0.7])


def group_of(synthetic, arm, **study):
    table, _ = synthetic.make_study([arm], **study)
    return next(g for g in read_groups(table) if g.arm == arm.name)


def test_a_curve_counts_protocol_joules_and_human_hours(synthetic, profile):
    group = group_of(synthetic, synthetic.relevance(), num_replicates=3)
    costs = price_units(synthetic.UNITS, profile)
    curve = trace_curve(group, costs, smoothing=1)
    each = {name: float(cost.joules.value) for name, cost in costs.items()}
    expected = (
        10 * each["train:small"]
        + 20 * each["choose:small"]
        + 300 * each["evaluate:small"]
    )
    assert curve.joules[0] == pytest.approx(expected)
    np.testing.assert_allclose(curve.human_h, 1.0)


def test_the_band_lies_around_the_mean(synthetic, profile):
    group = group_of(synthetic, synthetic.Arm("noisy"), num_replicates=40, sd=0.5)
    curve = trace_curve(group, price_units(synthetic.UNITS, profile), smoothing=3)
    middle = slice(5, 15)
    assert (curve.low[middle] < curve.accuracy[middle]).all()
    assert (curve.accuracy[middle] < curve.high[middle]).all()


def test_runs_that_are_not_finite_do_not_bend_a_curve(synthetic, profile):
    arm = synthetic.Arm("frail", steps=[100.0, 100.0, 9e9])
    group = group_of(
        synthetic, arm, num_replicates=3, outcomes={("frail", 2): "not_finite"}
    )
    curve = trace_curve(group, price_units(synthetic.UNITS, profile), smoothing=1)
    assert curve.accuracy[-1] == pytest.approx(0.9, rel=1e-6)
