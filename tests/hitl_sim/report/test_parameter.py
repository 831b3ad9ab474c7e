import pytest

from hitl_sim.report.figure.parameter import draw_parameter
from hitl_sim.report.figure.style import styled
from hitl_sim.report.study_table import swept_parameters


@pytest.fixture(scope="module")
def panel(dialled):
    with styled():
        figure = draw_parameter(
            dialled.tasks, "accuracy", "typical (relevance: assumed)"
        )
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


def test_a_study_without_a_dialled_parameter_has_none(crowded):
    assert swept_parameters(crowded) == []


def test_of_many_lines_those_through_the_reference_are_drawn(synthetic, analysed):
    arms = [
        synthetic.relevance(
            ratio,
            settings={
                "crowd.accuracy": accuracy,
                "crowd.shared_error": shared,
                "crowd.seconds": seconds,
            },
        )
        for accuracy, ratio in ((1.0, 0.5), (0.8, 0.8), (0.6, 1.4))
        for shared in (0.0, 0.3, 0.6)
        for seconds in (2.0, 4.0, 8.0)
    ]
    result = analysed(arms)
    assert (
        len([c for c in result.tasks[0].crossings if c.sweep.parameter == "accuracy"])
        == 9
    )
    with styled():
        figure = draw_parameter(result.tasks, "accuracy", "typical")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sum(label.startswith("relevance") for label in labels) == 1


def test_where_no_line_goes_through_the_reference_the_first_are_drawn(
    synthetic, analysed
):
    # no systematic error is varied where people share none, as the reference does
    arms = [synthetic.relevance(0.5, settings={"crowd.shared_error": 0.0})]
    arms += [
        synthetic.relevance(
            0.7,
            settings={
                "crowd.shared_error": shared,
                "crowd.systematic": systematic,
                "crowd.seconds": seconds,
            },
        )
        for shared in (0.3, 0.6)
        for systematic in (0.0, 0.4, 0.8)
        for seconds in (2.0, 3.0, 4.0, 8.0)
    ]
    result = analysed(arms)
    with styled():
        figure = draw_parameter(result.tasks, "systematic", "typical")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sum(label.startswith("relevance") for label in labels) == 6
