"""The three figures that open the page, each once for all tasks of a study."""

import dataclasses
import math

import matplotlib as mpl
import pytest

from hitl_sim.cost import published_runs
from hitl_sim.report.figure.crowds import draw_crowds
from hitl_sim.report.figure.curves import MOST_PANELS, draw_curves
from hitl_sim.report.figure.ladder import draw_ladder, rungs_of
from hitl_sim.report.figure.registry import draw, draw_page, page_figures
from hitl_sim.report.figure.style import styled
from hitl_sim.report.number import RHO
from hitl_sim.unit import J_PER_KWH


@pytest.fixture(autouse=True)
def _in_style():
    with styled():
        yield


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(mpl.text.Text))


def repeated(result, num):
    return dataclasses.replace(result, tasks=result.tasks * num)


def test_the_page_has_three_figures_in_the_order_of_the_questions():
    assert page_figures() == ["curves", "crowds", "ladder"]


def test_each_is_drawn_once_whatever_the_number_of_tasks(swept, verdict):
    drawn = [name for name, _ in draw_page(repeated(swept, 2), (verdict, verdict))]
    assert drawn == page_figures()


def test_curves_have_a_panel_per_task_of_many_the_first_six(crowded):
    for num in (1, 2, 8):
        figure = draw_curves(repeated(crowded, num))
        shown = [axes for axes in figure.axes if axes.get_visible()]
        assert len(shown) == min(num, MOST_PANELS)


def test_curves_end_where_the_runs_did_and_show_the_target(crowded):
    (axes,) = draw_curves(crowded).axes
    task = crowded.tasks[0]
    control = next(line for line in axes.lines if line.get_label() == "control")
    assert control.get_xdata()[-1] == task.control.curve.joules[-1]
    target = next(line for line in axes.lines if line.get_label() == "target")
    assert set(target.get_ydata()) == {task.target}


def test_crowds_are_rows_from_the_best_with_their_intervals(crowded):
    (axes,) = draw_crowds(crowded, None, "", "people").axes
    own = [f for f in crowded.tasks[0].with_people if f.name == "relevance"]
    own.sort(key=lambda f: f.ratio.value)
    named = [text.get_text() for text in axes.get_yticklabels()]
    # called as on the first screen
    assert named == [f.crowd.replace("spammer", "guessing") for f in own]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    found = [(p.get_xdata()[0], p.get_color()) for p in points]
    assert [x for x, _ in found] == [f.ratio.value for f in own]
    # what saves has the colour of what saves, and no other has
    assert {color for _, color in found[:2]} == {"#0072B2"}
    assert "#0072B2" not in {color for _, color in found[-2:]}


def test_one_parameter_is_a_line_and_two_are_a_map(swept, verdict, mapped):
    line = draw("crowds", swept, (verdict,))
    assert RHO in line.axes[0].get_ylabel()
    assert "accuracy" in line.axes[0].get_xlabel()
    chart = draw("crowds", mapped, (verdict,))
    assert "break-even" in " ".join(
        text.get_text() for text in chart.legends[0].get_texts()
    )


def test_without_people_there_are_neither_crowds_nor_a_ladder(synthetic, analysed):
    alone = analysed([synthetic.Arm("random_half", ratio=1.3, kind="random_share")])
    assert draw_crowds(alone, None, "", "") is None
    assert draw_ladder(alone) is None


def test_the_ladder_places_each_break_even_among_published_trainings(swept):
    above, below = draw_ladder(swept).axes
    (dots,) = [line for line in below.lines if line.get_marker() == "D"]
    published = sorted(float(run.joules.value) / J_PER_KWH for run in published_runs())
    assert list(dots.get_xdata()) == published
    rungs = rungs_of(swept)
    known = [
        rung.size.joules.value / J_PER_KWH
        for rung in rungs
        if math.isfinite(rung.size.joules.value)
    ]
    assert known
    points = [line.get_xdata()[0] for line in above.lines if line.get_marker() == "o"]
    assert points == known


def test_the_ladder_says_in_words_where_nothing_is_paid_back(swept):
    never = [r for r in rungs_of(swept) if math.isinf(r.size.joules.value)]
    assert never
    assert texts(draw_ladder(swept)).count("never") == len(never)
