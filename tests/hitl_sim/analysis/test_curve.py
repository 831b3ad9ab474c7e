import numpy as np
import pytest

from hitl_sim.analysis.bill import price_units
from hitl_sim.analysis.curve import trace_curve
from hitl_sim.analysis.record import read_groups


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
