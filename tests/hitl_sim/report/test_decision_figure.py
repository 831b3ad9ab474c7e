import dataclasses

import matplotlib as mpl
import numpy as np
import pytest

from hitl_sim.analysis.decision.sensitivity import weigh
from hitl_sim.report.figure.acceptability import draw_acceptability
from hitl_sim.report.figure.contour import draw_contour
from hitl_sim.report.figure.frontier import draw_frontier
from hitl_sim.report.figure.sensitivity import draw_sensitivity
from hitl_sim.report.figure.style import styled
from hitl_sim.report.figure.timeline import draw_timeline
from hitl_sim.report.figure.waterfall import draw_waterfall


@pytest.fixture(scope="module")
def figures(verdict, swept):
    decision, sensitivity = verdict
    with styled():
        return {
            "acceptability": draw_acceptability(decision),
            "contour": draw_contour(decision),
            "frontier": draw_frontier(decision),
            "sensitivity": draw_sensitivity(sensitivity),
            "timeline": draw_timeline(decision.leader, swept),
            "waterfall": draw_waterfall(decision),
        }


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(mpl.text.Text))


def test_acceptability_has_a_panel_per_axis_with_its_unit(figures):
    labels = [axes.get_xlabel() for axes in figures["acceptability"].axes]
    assert "times as dear" in labels[0]
    assert "USD/h" in labels[1]
    assert "USD/t CO2e" in labels[2]


def test_what_is_hypothetical_is_marked_as_such(figures):
    assert "hypothetical" in texts(figures["acceptability"])


def test_acceptability_without_money_is_not_drawn(crowded, weighed):
    assert draw_acceptability(weighed[0].decision) is None


def test_every_condition_that_reached_has_a_point_on_the_frontier(verdict, figures):
    above = figures["frontier"].axes[0]
    points = {tuple(place) for line in above.lines for place in line.get_xydata()}
    findings = [verdict.decision.task.control, *verdict.decision.task.findings]
    assert points == {(f.joules.value, f.test_accuracy.value) for f in findings}


def test_only_the_frontier_is_filled(verdict, figures):
    above = figures["frontier"].axes[0]
    filled = {
        tuple(place)
        for line in above.lines
        if line.get_markerfacecolor() != "white"
        for place in line.get_xydata()
    }
    decision = verdict.decision
    findings = [decision.task.control, *(arm.finding for arm in decision.arms)]
    sure = zip(findings, decision.frontier.membership > 0.5, strict=True)
    assert filled == {
        (f.joules.value, f.test_accuracy.value) for f, is_sure in sure if is_sure
    }


def test_the_waterfall_ends_at_the_arm_s_own_bill(verdict, figures):
    (axes,) = figures["waterfall"].axes
    bars = [bar for container in axes.containers for bar in container]
    leader = verdict.decision.leader
    whole = leader.control + sum(amount for _, amount in leader.steps)
    widths = sorted(bar.get_width() for bar in bars)
    assert any(width == pytest.approx(whole) for width in widths)
    assert "USD" in axes.get_xlabel()


def test_the_waterfall_comes_down_to_the_control_where_training_is_just_dear_enough(
    verdict,
):
    leader, scale = verdict.decision.leader, verdict.decision.scale
    assert scale == pytest.approx(leader.finding.at("usd").multiple.value)
    added = sum(amount for _, amount in leader.steps)
    assert added == pytest.approx(0.0, abs=1e-9 * leader.control)


def test_contours_are_over_wage_and_tariff(figures):
    axes = figures["contour"].axes[0]
    assert "USD/h" in axes.get_xlabel()
    assert "USD/kWh" in axes.get_ylabel()


def test_m_star_rises_with_the_wage_and_falls_with_the_tariff(verdict):
    multiple = verdict.decision.leader.contour.multiple
    assert (np.diff(multiple, axis=1) > 0.0).all()
    assert (np.diff(multiple, axis=0) < 0.0).all()


def test_shares_and_worth_are_drawn_for_every_input(verdict, figures):
    above, below = figures["sensitivity"].axes
    num = len(verdict.sensitivity.worths)
    assert len(above.get_yticks()) == len(below.get_yticks()) == num
    (bars,) = [c for c in above.containers if hasattr(c, "patches")]
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1.0)
    assert "share of the variance" in above.get_xlabel()
    assert "USD" in below.get_xlabel()


def test_where_nothing_moves_the_arm_the_worth_is_drawn_alone(verdict):
    without = dataclasses.replace(verdict.sensitivity, effects=())
    with styled():
        assert len(draw_sensitivity(without).axes) == 1


def test_the_timeline_has_a_row_per_person_and_one_for_the_device(figures):
    (axes,) = figures["timeline"].axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["device waits", "person 3", "person 2", "person 1"]


def test_the_device_waits_until_the_last_answer(verdict, figures):
    (axes,) = figures["timeline"].axes
    ends = [bar.get_x() + bar.get_width() for c in axes.containers for bar in c]
    device = axes.containers[-1][0]
    assert device.get_width() == pytest.approx(max(ends))
    worked_s = verdict.decision.leader.finding.usage.worked_s
    assert device.get_width() * 60.0 >= worked_s / 3.0 * 0.99


def test_a_study_without_people_has_neither_steps_nor_days(analysed):
    result = analysed()
    (alone,) = weigh(result)
    assert draw_waterfall(alone.decision) is None
    assert draw_contour(alone.decision) is None
    assert draw_sensitivity(alone.sensitivity) is None
    assert draw_timeline(None, result) is None
    assert draw_acceptability(alone.decision) is None
