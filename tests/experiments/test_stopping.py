"""Stopping on width: its counting, and a reduced form of what it promises.

The whole table, of 4,000 studies a cell, is `experiments/stopping.md`.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest
from stopping import RULE, Cell, Found, Way, _stop, cells, look, rows

STUDIES = 400
LEVEL = 0.9999
"""Of the interval that a share is judged by: a cell that is just right raises a false
alarm once in 20,000 changes of seed."""


@pytest.mark.parametrize("sd", [0.08, 0.15])
def test_stopped_studies_hold_rho_as_often_as_they_say(sd):
    found = look(Cell(sd), STUDIES)
    held = binomtest(found.ruled.held, found.ruled.intervals)
    assert held.proportion_ci(LEVEL).high >= 0.95
    assert held.proportion_ci(LEVEL).low <= 0.95
    assert found.ruled.width <= 1.3 * found.fixed.width
    assert found.ruled.width <= RULE.until_half_width
    assert found.ruled.replicates < RULE.at_most / 2
    assert found.stopped == 1.0


def test_a_study_ends_one_batch_after_its_first_narrow_look():
    shape = (len(RULE.looks), 2, 1)
    width = np.full(shape, 0.2)
    # the first arm is narrow from the second look on, the other from the fourth
    width[1:, 0], width[3:, 1] = 0.04, 0.045
    cell = Cell(0.1, 2)
    found = _stop(cell, cell.rho * np.exp(-width), cell.rho * np.exp(width))
    assert found.first.replicates == RULE.looks[3]
    assert found.ruled.replicates == RULE.looks[4]
    assert (found.ruled.held, found.ruled.intervals) == (2, 2)
    assert found.ruled.width == pytest.approx((0.04 + 0.045) / 2)


def test_a_study_that_is_never_narrow_ends_with_the_most():
    high = np.full((len(RULE.looks), 1, 1), np.inf)
    found = _stop(Cell(0.1), np.ones_like(high), high)
    ends = {way.replicates for way in (found.fixed, found.first, found.ruled)}
    assert ends == {RULE.at_most}
    assert found.stopped == 0.0


def test_a_cell_is_told_right_only_if_it_is():
    way = Way(3800, 4000, 0.04, 40.0)
    good = Found(Cell(0.1), way, way, way, 1.0)
    few = replace(good, ruled=replace(way, held=3759))
    wide = replace(good, ruled=replace(way, width=0.053))
    failing = replace(few, cell=Cell(0.1, fails=0.1))
    texts = list(rows([good, few, wide, failing]))[2:]
    ends = [text.split(" | ")[-1] for text in texts]
    assert ends == ["yes |", "NO |", "NO |", "(NO) |"]


def test_rho_of_a_cell_is_what_its_failures_make_of_it():
    assert Cell(0.1).rho == 0.85
    assert Cell(0.1, fails=0.5).rho == pytest.approx((0.85 + 3.3) / (1 + 3.3))


def test_the_page_has_one_arm_ten_arms_and_arms_that_fail():
    found = list(cells())
    assert {cell.arms for cell in found} == {1, 10}
    assert {cell.fails for cell in found} > {0.0}
