import dataclasses
import math
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from hitl_sim.analysis.condition.finding import reference_arms
from hitl_sim.report.figure.bill import draw_bill
from hitl_sim.report.figure.equivalents import draw_equivalents
from hitl_sim.report.figure.learning import draw_learning
from hitl_sim.report.figure.quality import draw_quality
from hitl_sim.report.figure.style import (
    colour_of,
    marker_of,
    new_figure,
    power_of_ten,
    short_joules,
    styled,
    to_png,
    to_svg,
)

DRAW = (draw_learning, draw_quality, draw_equivalents, draw_bill)


@pytest.fixture(scope="module")
def figures(crowded):
    with styled():
        return {draw: draw(crowded.tasks[0]) for draw in DRAW}


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(mpl.text.Text))


def test_learning_axes_carry_names_and_units(figures):
    above, below = figures[draw_learning].axes
    assert "J" in above.get_xlabel()
    assert "hours" in below.get_xlabel()
    assert above.get_ylabel() == "validation accuracy (share right)"
    assert below.get_ylabel() == "validation accuracy (share right)"


def test_the_target_is_drawn_where_it_is(crowded, figures):
    above = figures[draw_learning].axes[0]
    levels = [
        line.get_ydata()[0] for line in above.lines if line.get_linestyle() == "--"
    ]
    assert crowded.tasks[0].target in levels


def test_learning_curves_start_after_the_cost_of_choosing(figures):
    above = figures[draw_learning].axes[0]
    first = {line.get_label(): line.get_xdata()[0] for line in above.lines}
    assert first["relevance"] > first["control"]


def test_rho_is_drawn_on_log_axes_that_share_a_line_at_1(figures):
    shown = [axes for axes in figures[draw_quality].axes if axes.get_visible()]
    assert len(shown) == 3
    for axes in shown:
        assert axes.get_yscale() == "log"
        assert any(set(line.get_ydata()) == {1.0} for line in axes.lines)


def test_every_condition_has_its_point_and_interval(crowded, figures):
    panel = next(
        a for a in figures[draw_quality].axes if a.get_title("left") == "relevance"
    )
    people = [f for f in crowded.tasks[0].findings if f.arm == "relevance"]
    points = {line.get_ydata()[0] for line in panel.lines if line.get_marker() in "os"}
    bars = {
        tuple(line.get_ydata()) for line in panel.lines if len(line.get_ydata()) == 2
    }
    assert points == {f.ratio.value for f in people}
    assert {(f.ratio.low, f.ratio.high) for f in people} <= bars


def test_shared_error_changes_the_marker(figures):
    panel = next(
        a for a in figures[draw_quality].axes if a.get_title("left") == "relevance"
    )
    markers = {line.get_marker() for line in panel.lines if line.get_marker() != "None"}
    assert {"o", "s"} <= markers


def test_an_arm_that_nobody_finished_is_a_triangle_inside_the_panel(figures):
    panel = figures[draw_quality].axes[0]
    tops = [line.get_ydata()[0] for line in panel.lines if line.get_marker() == "^"]
    assert len(tops) == 1
    assert math.isfinite(tops[0])
    assert tops[0] < panel.get_ylim()[1]


def test_lines_are_dashed_beyond_a_decade_past_the_study(crowded, figures):
    (axes,) = figures[draw_equivalents].axes
    limit = 10.0 * crowded.tasks[0].horizon_j
    solid = [line for line in axes.lines if str(line.get_label()).endswith("person")]
    dashed = [
        line
        for line in axes.lines
        if line.get_linestyle() == "--" and len(line.get_xdata()) > 2
    ]
    assert len(solid) == len(dashed) == 2
    assert all(line.get_xdata().max() <= limit for line in solid)
    assert all(line.get_xdata().min() > limit for line in dashed)


def test_the_ceiling_and_the_arms_that_saved_are_marked(crowded, figures):
    (axes,) = figures[draw_equivalents].axes
    upper_bound = crowded.tasks[0].control.joules.value
    assert any(np.allclose(line.get_xdata(), upper_bound) for line in axes.lines)
    (point,) = [
        line for line in axes.lines if str(line.get_label()).startswith("relevance")
    ]
    leader = min(
        (f for f in crowded.tasks[0].findings if f.arm == "relevance"),
        key=lambda f: f.ratio.value,
    )
    assert point.get_xdata()[0] == leader.at("joules").saved.value
    assert point.get_ydata()[0] == leader.usage.worked_s / 3600.0


def test_bars_add_up_to_the_ledger(crowded, figures):
    above, below = figures[draw_bill].axes
    control = crowded.tasks[0].control
    device = control.ledger.total("joules", groups=("device",)).value
    widths = [bars[0].get_width() for bars in above.containers]
    assert sum(widths) == pytest.approx(device)
    assert "joules per success" in below.get_xlabel()


def test_a_bar_that_would_dwarf_the_rest_is_cut_and_its_sum_written(
    synthetic, analysed
):
    rare = synthetic.Arm("rare", steps=[100.0] + [9e9] * 11)
    task = analysed([rare, synthetic.Arm("plain")]).tasks[0]
    with styled():
        above = draw_bill(task).axes[0]
    lengths = [sum(c[i].get_width() for c in above.containers) for i in range(3)]
    names = [label.get_text() for label in above.get_yticklabels()]
    sums = {f.arm: f.joules.value for f in (task.control, *task.findings)}
    by_name = dict(zip(names, lengths, strict=True))
    assert by_name["plain"] == pytest.approx(sums["plain"])
    assert by_name["rare"] < sums["rare"] / 2
    written = [text.get_text() for text in above.texts]
    assert "//" in written
    assert short_joules(sums["rare"]) in written


def test_the_people_panel_says_how_much_longer_its_scale_is(figures):
    assert "times the one above" in figures[draw_bill].axes[1].get_title("left")


def test_one_condition_per_arm_is_shown_and_typical_people_first(crowded):
    shown = reference_arms(crowded.tasks[0])
    assert len({f.arm for f in shown}) == len(shown)
    assert {f.population for f in shown if f.has_people} == {"typical"}
    (people,) = [f for f in shown if f.arm == "relevance"]
    assert people.parameters["shared_error"] == 0.0


def test_nothing_is_drawn_outside_the_picture(figures):
    for draw, figure in figures.items():
        with styled():
            figure.draw_without_rendering()
            drawn = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert min(drawn.x0, drawn.y0) > -0.02, draw
        assert drawn.x1 < width + 0.02, draw
        assert drawn.y1 < height + 0.02, draw


def test_legends_lie_outside_the_data(figures):
    for figure in figures.values():
        with styled():
            figure.draw_without_rendering()
        legends = [*figure.legends, *(a.get_legend() for a in figure.axes)]
        for legend in filter(None, legends):
            box = legend.get_window_extent()
            for axes in figure.axes:
                if axes.get_visible():
                    assert not box.overlaps(axes.get_window_extent())


@pytest.mark.parametrize("draw", DRAW)
def test_pictures_are_the_same_bytes_every_time(crowded, draw):
    pictures = []
    for _ in range(2):
        with styled():
            figure = draw(crowded.tasks[0])
        pictures.append((to_svg(figure, "x"), to_png(figure, "x")))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("salt", ["x", "y"])
def test_the_last_digits_of_a_layout_do_not_show_in_a_picture(salt):
    pictures = []
    for moved in (0.0, 1e-13):
        with styled():
            figure = new_figure(2.0)
            figure.set_layout_engine("none")
            for place in (0.1, 0.6):
                axes = figure.add_axes((0.1 + moved, place, 0.8, 0.3))
                axes.plot([0.0, 1.0], [0.0, 1.0])
        pictures.append(to_svg(figure, salt))
    assert pictures[0] == pictures[1]
    frames = set(re.findall(r'clipPath id="(\w+)"', pictures[0]))
    assert len(frames) == 2
    assert all(f"url(#{name})" in pictures[0] for name in frames)


def test_a_study_without_people_or_saving_can_be_drawn(analysed):
    task = analysed().tasks[0]
    for draw in DRAW:
        with styled():
            assert task.task in texts(draw(task))


def test_a_control_that_never_reaches_can_be_drawn(synthetic, analysed, crowded):
    task = crowded.tasks[0]
    lost = next(f for f in task.findings if f.arm == "lost")
    control = dataclasses.replace(task.control, joules=lost.joules)
    broken = dataclasses.replace(task, control=control)
    with styled():
        assert "upper bound" not in texts(draw_equivalents(broken))


def test_drawing_leaves_matplotlibs_settings_alone(crowded):
    before = dict(mpl.rcParams)
    with styled("salt"):
        to_svg(draw_bill(crowded.tasks[0]), "salt")
    assert dict(mpl.rcParams) == before


def test_reports_never_load_pyplot():
    code = (
        "import hitl_sim.report.page, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_beyond_seven_arms_no_two_look_alike():
    names = [str(i) for i in range(20)]
    looks = zip(colour_of(names).values(), marker_of(names).values(), strict=True)
    assert len(set(looks)) == 20


@pytest.mark.parametrize(
    ("value", "text"), [(1e-3, "10⁻³"), (1.0, "10⁰"), (1e12, "10¹²"), (2.0, "10⁰·³⁰¹")]
)
def test_powers_of_ten_are_written_raised(value, text):
    assert power_of_ten(value, 0) == text


def test_no_offset_stands_where_a_title_is():
    with styled():
        figure = new_figure(2.0)
        axes = figure.subplots()
        axes.plot([0.98761, 0.98762], [0.98761, 0.98762])
        to_svg(figure, "x")
    assert axes.yaxis.get_offset_text().get_text() == ""
