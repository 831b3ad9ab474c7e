import dataclasses
import math

import numpy as np

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.condition.parameter import find_parameter_crossings


def swept(synthetic, field, ratios, name="relevance"):
    """One condition per value of a parameter."""
    return [
        synthetic.relevance(ratio, name=name, choose=0, settings={field: value})
        for value, ratio in ratios.items()
    ]


def test_a_planted_break_even_quality_is_found(synthetic, analysed):
    ratios = {value: math.exp(2.0 * (0.75 - value)) for value in (0.5, 0.6, 0.8, 1.0)}
    arms = swept(synthetic, "crowd.accuracy", ratios)
    (found,) = analysed(arms, num_replicates=64).tasks[0].crossings
    assert found.sweep.parameter == "accuracy"
    assert found.sweep.values == (0.5, 0.6, 0.8, 1.0)
    assert found.crossing.course is Payback.FROM
    ((low, high),) = found.crossing.region
    assert low < 0.75 < high
    assert high - low < 0.2
    assert low < found.crossing.roots[0] < high


def test_a_parameter_that_harms_is_crossed_from_below(holds, synthetic, analysed):
    ratios = {0.0: 0.6, 0.2: 0.8, 0.4: 1.25, 0.6: 1.6}
    arms = swept(synthetic, "crowd.lapse", ratios)
    (found,) = analysed(arms, num_replicates=64).tasks[0].crossings
    assert found.crossing.course is Payback.UP_TO
    assert holds(found.crossing, 0.3)


def test_arms_that_save_nowhere_or_everywhere_say_so(synthetic, analysed):
    arms = [
        *swept(synthetic, "crowd.accuracy", {0.5: 2.0, 0.7: 1.8, 0.9: 1.6}, "dear"),
        *swept(synthetic, "crowd.accuracy", {0.5: 0.6, 0.7: 0.5, 0.9: 0.4}, "cheap"),
    ]
    lines = analysed(arms, num_replicates=32).tasks[0].crossings
    cheap, dear = sorted(lines, key=lambda line: line.sweep.arm)
    assert dear.crossing.course is Payback.NEVER
    assert cheap.crossing.course is Payback.ALWAYS
    assert dear.crossing.region == cheap.crossing.region == ()


def test_each_arm_and_each_other_setting_has_a_line_of_its_own(synthetic, analysed):
    arms = [
        synthetic.relevance(
            1.6 - value, settings={"crowd.accuracy": value, "crowd.shared_error": error}
        )
        for value in (0.5, 0.7, 0.9)
        for error in (0.0, 0.5)
    ]
    found = analysed(arms).tasks[0].crossings
    assert [line.sweep.parameter for line in found] == ["accuracy"] * 2
    assert {len(line.sweep.findings) for line in found} == {3}
    assert len({line.sweep.arm for line in found}) == 2


def test_two_values_draw_no_line(synthetic, analysed):
    arms = swept(synthetic, "crowd.accuracy", {0.5: 1.5, 1.0: 0.5})
    assert analysed(arms).tasks[0].crossings == ()


def test_runs_that_never_reach_stand_in_the_line_as_very_dear(synthetic, analysed):
    arms = swept(synthetic, "crowd.accuracy", {0.7: 0.8, 0.9: 0.6})
    lost = synthetic.relevance(settings={"crowd.accuracy": 0.5}, steps=[9e9] * 12)
    (found,) = analysed([lost, *arms]).tasks[0].crossings
    assert 0.5 < found.crossing.roots[0] < 0.7


def test_the_interval_holds_the_planted_crossing_as_often_as_it_says(
    holds, synthetic, analysed
):
    """Log rho falls in a straight line, so interpolation is exact.

    300 studies of 16 replicates; at 95 % the count has a standard deviation of 3.8, so
    that a sound interval falls below 270 less than once in 1e4 times.
    """
    ratios = dict.fromkeys((0.5, 0.6, 0.7, 0.8, 0.9), 1.0)
    arms = swept(synthetic, "crowd.accuracy", ratios)
    task = analysed(arms, num_replicates=16).tasks[0]
    generator = np.random.default_rng(5)
    reached = np.ones(16, np.bool_)
    held = 0
    for _ in range(300):
        shared = generator.normal(0.0, 0.2, 16)

        def planted(finding, log_ratio, shared=shared):
            own = generator.normal(0.0, 0.1, 16)
            spent = np.exp(log_ratio + shared + own)
            return dataclasses.replace(finding, cost_sample=CostSample(spent, reached))

        control = planted(task.control, 0.0)
        line = [
            planted(finding, 2.0 * (0.7 - finding.settings["crowd.accuracy"]))
            for finding in task.findings
        ]
        (found,) = find_parameter_crossings(control, line, 7)
        held += holds(found.crossing, 0.7)
    assert held >= 270
