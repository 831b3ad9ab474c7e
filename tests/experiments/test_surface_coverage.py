"""The planted contours of response surfaces: where they lie, and a reduced coverage.

The whole table, of 400 studies a row, is `experiments/surface_coverage.md`.
"""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from surface_coverage import HERE, Row, bend, contour, judge, plane, rows, step, three

STUDIES = 100
LEVEL = 0.9999
"""Of the interval that a share is judged by: one false alarm in 20,000 seeds."""


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row.name} {row.sd}")
def test_points_of_a_planted_contour_are_on_it_and_inside(row):
    points = contour(row)
    assert len(points) > 30
    assert np.allclose(row.planted(*points.T), math.log(row.level), atol=1e-4)
    for column, values in zip(points.T, row.axes, strict=True):
        assert values[0] <= column.min() <= column.max() <= values[-1]


@pytest.mark.parametrize(
    "row",
    [Row("plane", plane), Row("bend", bend), Row("step", step)],
    ids=lambda row: row.name,
)
def test_nine_of_ten_bands_hold_the_planted_contour(row):
    held, *_ = judge(row, STUDIES)
    assert binomtest(held, STUDIES).proportion_ci(LEVEL).high >= 0.95
    assert held / STUDIES >= 0.9


def test_a_band_is_no_wider_than_it_takes_to_tell_some_of_the_region():
    _, _, untold, _ = judge(Row("plane", plane, sd=0.1), 20)
    assert untold < 0.3


def test_three_axes_have_a_surface_of_all_of_them():
    assert Row("three", three, ((0.6, 0.8), (0.1, 0.3), (0.5, 0.9))).cells.shape == (
        8,
        3,
    )


def test_every_row_of_the_page_holds_nine_of_ten():
    page = (HERE / "surface_coverage.md").read_text()
    told = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    found = [row for row in told if row[0].removeprefix("| ") not in ("planted", "---")]
    assert [row[0].removeprefix("| ") for row in found] == [row.name for row in rows()]
    assert all(float(row[3].split()[0]) >= 0.9 for row in found)
