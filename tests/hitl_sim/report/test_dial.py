import pytest

from hitl_sim.report.figure import draw_dial, styled
from hitl_sim.report.standing import swept_dials


@pytest.fixture(scope="module")
def panel(dialled):
    with styled():
        figure = draw_dial(dialled.tasks, "accuracy", "typical (relevance: assumed)")
    (axes,) = figure.axes
    return axes


def test_the_axes_say_what_they_show(panel):
    assert panel.get_xlabel() == "accuracy of an answer"
    assert panel.get_yscale() == "log"
    assert "assumed" in panel.figure.get_suptitle()


def test_only_an_arm_that_breaks_even_has_its_line(dialled, panel):
    finite = [
        root for line in dialled.tasks[0].crossings for root in line.crossing.roots
    ]
    drawn = [
        line.get_xdata()[0]
        for line in panel.lines
        if len(set(line.get_xdata())) == 1 and list(line.get_ydata()) == [0, 1]
    ]
    assert len(finite) == 1
    assert drawn == finite


def test_every_condition_has_its_point(dialled, panel):
    heights = {height for line in panel.lines for height in line.get_ydata()}
    asked = [f for f in dialled.tasks[0].findings if f.has_people]
    assert len(asked) == 9
    assert {f.ratio.value for f in asked} <= heights


def test_arms_that_ask_nobody_are_level_lines(dialled, panel):
    (alone,) = dialled.tasks[0].without_people
    assert [alone.ratio.value] * 2 in [list(line.get_ydata()) for line in panel.lines]


def test_the_legend_names_every_arm(panel):
    (legend,) = panel.figure.legends
    named = {text.get_text() for text in legend.get_texts()}
    assert {"cheap", "middling", "dear", "random_half, alone", "break-even"} <= named


def test_a_study_without_a_dialled_dial_has_none(crowded):
    assert swept_dials(crowded) == []
