import dataclasses
import itertools
import json
import math

import matplotlib as mpl
import numpy as np
import pytest

from hitl_sim.analysis.chance.surface import Form, Line, fit_surface
from hitl_sim.analysis.condition.surface import Cell, find_surfaces
from hitl_sim.analysis.decision.sensitivity import weigh
from hitl_sim.report.figure.registry import draw_page
from hitl_sim.report.figure.style import styled
from hitl_sim.report.figure.surface import draw_surface
from hitl_sim.report.number import RHO, digits
from hitl_sim.report.page import write_report
from hitl_sim.report.surface import (
    break_even_table,
    candidate_table,
    form_words,
    line_text,
    surface_tables,
    tell_surface,
    tell_surfaces,
    term_table,
)
from hitl_sim.report.words import tell

NAMES = ("accuracy of an answer", "shared error: two people on one item")


@pytest.fixture(scope="module")
def found(mapped):
    (surface,) = find_surfaces(mapped)
    return surface


@pytest.fixture(scope="module")
def wider(found):
    """The same with a third axis, along which rho jumps a decade."""
    values = (0.6, 0.75, 0.9), (0.0, 0.3, 0.6), (10.0, 100.0, 1000.0)
    cells = np.array(list(itertools.product(*values)))
    logs = 2.0 * (0.75 - cells[:, 0]) + 0.1 * np.log10(cells[:, 2] / 100.0)
    rng = np.random.default_rng(0)
    logs = logs + 0.01 * rng.standard_normal(len(cells))
    draws = logs + 0.01 * rng.standard_normal((500, len(cells)))
    finding = found.cells[0].finding
    return dataclasses.replace(
        found,
        axes=(*found.axes, "task.pool"),
        words=(*found.words, "pool"),
        cells=tuple(Cell(tuple(map(float, one)), finding, True) for one in cells),
        surface=fit_surface(cells, logs, draws, 12),
    )


def test_the_sentence_tells_shares_break_even_and_what_is_left_out(found):
    said = tell_surface(found)
    assert said.startswith("Trade-offs, relevance, typical on digits, over accuracy of")
    assert "between the values that were run it saves energy in 4" in said
    assert "it saves, by accuracy of an answer, from 0.7" in said
    assert f"leaves out 1 of 9 settings, whose {RHO} is infinite" in said


def test_a_refused_map_says_why(found):
    refused = dataclasses.replace(found, surface=None, reason="it has 4 cells")
    said = tell_surface(refused)
    assert said.startswith("No map of trade-offs of relevance, typical on digits")
    assert said.endswith(": it has 4 cells.")
    assert surface_tables(refused) == []
    assert draw_surface(refused) is None


def test_only_what_stands_for_its_arm_is_told(found):
    other = dataclasses.replace(found, is_reference=False)
    assert len(tell_surfaces([found, other])) == 1


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line((), (), True), "throughout"),
        (Line((), (), False), "nowhere"),
        (
            Line((), ((0.5, 0.6),), True),
            "throughout, though in [0.500, 0.600] that cannot be told",
        ),
        (Line((0.72,), ((0.7, 0.75),), False), "from 0.720 on [0.700, 0.750]"),
        (Line((0.72,), ((0.7, 0.75),), True), "up to 0.720 [0.700, 0.750]"),
        (
            Line((0.6, 0.8), ((0.5, 0.9),), True),
            "below 0.600, turning at 0.600 and 0.800 [0.500, 0.900]",
        ),
    ],
)
def test_a_line_says_where_an_arm_saves(line, text):
    assert line_text(line) == text


def test_break_evens_are_listed_by_the_other_axis(found):
    table = break_even_table(found, found.surface)
    assert table.headings[0] == "shared error"
    assert [row[0] for row in table.rows] == ["0.00", "0.300", "0.600"]
    # the more people err alike, the better they have to be
    starts = [float(row[1].split()[1]) for row in table.rows]
    assert starts == sorted(starts)


def test_of_many_combinations_only_those_of_the_second_axis_are_listed(wider):
    assert len(break_even_table(wider, wider.surface).rows) == 9
    pool = [
        Cell((0.6, 0.0, 10.0 + k), found.finding, True)
        for k, found in enumerate(wider.cells[:9])
    ]
    many = dataclasses.replace(wider, cells=(*wider.cells, *pool))
    rows = break_even_table(many, many.surface).rows
    assert [row[0] for row in rows] == ["0.00", "0.300", "0.600"]


def test_terms_and_candidates_are_named(found, wider):
    assert term_table(found, found.surface).rows[0][0] == "middle of all axes"
    names = [row[0] for row in term_table(wider, wider.surface).rows]
    assert "log pool" in names
    rows = candidate_table(wider, wider.surface).rows
    assert sum(row[3] == "the surface" for row in rows) == 1
    assert rows[0][:2] == ("the same everywhere", "1")


def test_forms_are_told_in_words():
    terms = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0))
    form = Form((False, True), terms)
    assert form_words(form, ("accuracy", "size: of a pool")) == (
        "quadratic in accuracy and log size, with products"
    )


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(mpl.text.Text))


def test_the_figure_has_break_even_band_and_every_cell(found):
    with styled():
        figure = draw_surface(found)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == NAMES
    marks = [line.get_marker() for line in axes.lines for _ in line.get_xdata()]
    assert (marks.count("o"), marks.count("x")) == (8, 1)
    drawn = [c for c in axes.collections if c.get_linestyle() and len(c.levels) == 1]
    assert len(drawn) == 3
    assert "break-even" in texts(figure)


def test_a_third_axis_has_a_panel_for_each_of_three_values(wider):
    with styled():
        figure = draw_surface(wider)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles[:3] == ["pool 10.0", "pool 100", "pool 1,000"]


def test_the_page_shows_figure_and_tables_and_the_numbers_are_kept(mapped, tmp_path):
    page = write_report(
        mapped, tmp_path, rerun_command="again", title="study", verdicts=weigh(mapped)
    )
    text = page.read_text()
    assert text.count("as a polynomial") == 1
    assert "break-even: relevance, typical, digits" in text
    assert (tmp_path / "figures" / "crowds.svg").exists()
    (kept,) = json.loads((tmp_path / "report.json").read_text())["surfaces"]
    assert kept["axes"] == ["crowd.accuracy", "crowd.shared_error"]
    # numbers have six digits
    assert math.isclose(sum(kept["surface"]["shares"].values()), 1.0, abs_tol=3e-6)
    assert [cell["is_fitted"] for cell in kept["cells"]].count(False) == 1


def test_notes_tell_of_the_map_and_of_none_where_one_number_was_swept(mapped, swept):
    assert any(note.startswith("Trade-offs") for note in tell(mapped).notes)
    assert not any("rade-offs" in note for note in tell(swept).notes)


@pytest.fixture(scope="module")
def narrowed(wider):
    """Settings that were drawn: rho is finite in the midst of two axes alone."""
    rng = np.random.default_rng(1)
    cells = rng.uniform((0.6, 0.0, 10.0), (0.9, 0.6, 1000.0), (90, 3))
    usable = (np.abs(cells[:, 1] - 0.3) < 0.2) & (cells[:, 2] > 200.0)
    logs = 2.0 * (0.75 - cells[:, 0]) + 0.01 * rng.standard_normal(len(cells))
    draws = logs + 0.01 * rng.standard_normal((500, len(cells)))
    finding = wider.cells[0].finding
    return dataclasses.replace(
        wider,
        cells=tuple(
            Cell(tuple(map(float, one)), finding, bool(fitted))
            for one, fitted in zip(cells, usable, strict=True)
        ),
        surface=fit_surface(cells[usable], logs[usable], draws[:, usable], 12),
    )


def test_settings_beyond_the_surface_are_neither_drawn_nor_told_of(narrowed):
    low, high = narrowed.surface.bounds.T
    assert narrowed.values[1][0] < low[1]
    assert ((low <= narrowed.middle) & (narrowed.middle <= high)).all()
    with styled():
        figure = draw_surface(narrowed)
    panels = figure.axes[:3]
    held = [float(axes.get_title("left").split()[-1]) for axes in panels]
    assert low[2] < held[0] < held[1] < held[2] < high[2]
    # every setting stands in the panel that is nearest to it, and none is a tick
    marks = [len(line.get_xdata()) for axes in panels for line in axes.lines]
    assert sum(marks) == len(narrowed.cells)
    assert max(len(axes.get_xticks()) for axes in panels) < 20
    assert len(break_even_table(narrowed, narrowed.surface).rows) == 25
    reach = "shared error {} to {}".format(*map(digits, narrowed.surface.bounds[1]))
    assert reach in tell_surface(narrowed)


def test_a_point_beyond_is_refused_in_one_line(narrowed):
    points = narrowed.surface.lattice()
    points[3, 2] = 1e6
    with pytest.raises(ValueError, match=r"axis 2, got 1e\+06\.$") as refused:
        narrowed.surface.at(points)
    assert len(str(refused.value)) < 150


def test_a_figure_that_cannot_be_drawn_says_why_and_ends_no_report(mapped, monkeypatch):
    def refuse(*_):
        raise ValueError("`points` must be inside, got " + "0.5, " * 10_000)

    monkeypatch.setattr("hitl_sim.report.figure.crowds.draw_surface", refuse)
    said = []
    monkeypatch.setattr("hitl_sim.report.figure.registry.folded", said.append)
    assert "crowds" in dict(draw_page(mapped, weigh(mapped)))
    (reason,) = said
    assert reason.startswith("No figure of crowds: `points` must be inside, got")
    assert len(reason) < 250
