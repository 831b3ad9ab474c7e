"""Figures for papers: as wide as columns, readable, vector, fonts within them."""

import dataclasses
import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

from hitl_sim.report.figure.registry import draw, figure_parts
from hitl_sim.report.figure.style import (
    BLACK,
    COLOURS,
    GREY,
    LEAST_PT,
    look_of,
    save_figure,
)

WIDTHS_IN = {1: 3.5, 2: 7.16}
ROUNDING_IN = 0.01


def drawn(name, columns, swept, verdict, mapped):
    study = mapped if name == "surface" else swept
    return draw(name, study, (verdict,), look=look_of("paper", columns))


@pytest.mark.parametrize("columns", WIDTHS_IN)
@pytest.mark.parametrize("name", figure_parts())
def test_all_of_a_figure_is_within_it_and_can_be_read(
    name, columns, swept, verdict, mapped
):
    figure = drawn(name, columns, swept, verdict, mapped)
    figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert width == WIDTHS_IN[columns]
    left, low, right, high = figure.get_tightbbox().extents
    assert left > -ROUNDING_IN
    assert low > -ROUNDING_IN
    assert right < width + ROUNDING_IN
    assert high < height + ROUNDING_IN
    sizes = [
        text.get_size()
        for text in figure.findobj(mpl.text.Text)
        if text.get_text().strip() and text.get_visible()
    ]
    assert min(sizes) >= LEAST_PT


@pytest.mark.parametrize("name", ["learning", "equivalents"])
def test_ticks_do_not_run_into_each_other(name, swept, verdict, mapped):
    figure = drawn(name, 1, swept, verdict, mapped)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [
            label.get_window_extent()
            for label in axes.get_xticklabels()
            if label.get_text() and not label.get_rotation()
        ]
        ends = sorted((box.x0, box.x1) for box in boxes)
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(ends))


def test_ticks_of_targets_are_what_they_say(swept, verdict, mapped):
    (axes,) = drawn("targets", 2, swept, verdict, mapped).axes
    said = [label.get_text() for label in axes.get_xticklabels()]
    assert said == [f"{100 * place:.0f}%" for place in axes.get_xticks()]
    assert np.allclose(np.mod(100 * axes.get_xticks() + 0.5, 1.0), 0.5)


def test_how_many_times_as_dear_is_written_as_a_power(swept, verdict, mapped):
    figure = drawn("contour", 1, swept, verdict, mapped)
    texts = [text.get_text() for text in figure.findobj(mpl.text.Text)]
    assert any(" \N{MULTIPLICATION SIGN} 10" in text for text in texts)
    assert not any("e+" in text for text in texts)


def test_lines_and_points_are_told_apart_by_colour_blind_readers(crowded, weighed):
    figure = draw("curves", crowded, weighed, look=look_of("paper", 1))
    used = {to_hex(line.get_color()).upper() for line in figure.axes[0].lines}
    assert used <= {colour.upper() for colour in (*COLOURS, BLACK, GREY)}


def test_fonts_are_within_a_pdf_as_truetype(swept, verdict, tmp_path):
    figure = draw("ladder", swept, (verdict,), look=look_of("paper", 2))
    paths = [tmp_path / name / "a.pdf" for name in ("one", "two")]
    for path in paths:
        save_figure(figure, path)
    found = [path.read_bytes() for path in paths]
    assert b"/FontFile2" in found[0]
    assert b"/Type3" not in found[0]
    assert found[0] == found[1]


def test_an_svg_needs_no_font(swept, verdict, tmp_path):
    figure = draw("ladder", swept, (verdict,), look=look_of("paper", 1))
    save_figure(figure, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "<text" not in text
    assert re.search(r'width="252pt"', text)


def test_a_long_name_is_broken_where_its_words_meet(crowded, weighed):
    long = "a_very_long_name_of_an_arm_that_no_narrow_column_of_a_paper_has_room_for"
    task = crowded.tasks[0]
    findings = tuple(
        dataclasses.replace(f, arm=long) if f.arm == "relevance" else f
        for f in task.findings
    )
    task = dataclasses.replace(task, findings=findings)
    result = dataclasses.replace(crowded, tasks=(task,))
    figure = draw("curves", result, weighed, look=look_of("paper", 1))
    (name,) = (
        text.get_text()
        for legend in figure.legends
        for text in legend.get_texts()
        if text.get_text().startswith("a_very")
    )
    assert "\n" in name
    assert all(line.endswith("_") for line in name.split("\n")[:-1])
    assert name.replace("\n", "") == long


def test_what_a_paper_cannot_have_is_refused(swept, verdict, tmp_path):
    with pytest.raises(ValueError, match="`style` must be one of 'page', 'paper'"):
        look_of("poster", 1)
    with pytest.raises(ValueError, match="`columns` must be 1 or 2 with style 'paper'"):
        look_of("paper", 3)
    with pytest.raises(ValueError, match="`columns` must be 1 with style 'page'"):
        look_of("page", 2)
    figure = draw("ladder", swept, (verdict,))
    with pytest.raises(ValueError, match=r"`path` must end in .pdf or .svg"):
        save_figure(figure, tmp_path / "a.jpg")
    assert not list(tmp_path.iterdir())


def test_figures_of_the_page_stay_as_they_are_after_one_for_a_paper(swept, verdict):
    before = draw("ladder", swept, (verdict,)).get_size_inches().tolist()
    draw("ladder", swept, (verdict,), look=look_of("paper", 1))
    assert draw("ladder", swept, (verdict,)).get_size_inches().tolist() == before
