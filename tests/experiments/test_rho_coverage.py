"""The table of failures: its counting, and a reduced form of what it promises.

The whole table, of 4,000 studies a cell, is `experiments/rho_coverage.md`.
"""

from dataclasses import replace

import pytest
from rho_coverage import Cell, Found, cells, look, rows
from scipy.stats import binomtest

STUDIES = 400
LEVEL = 0.9999
"""Of the interval that a share is judged by: a cell that is just right raises a false
alarm once in 20,000 changes of seed, all of this file once in 400."""


def reaches(hits, trials, share):
    """Whether a share may be as large as that, beyond Monte-Carlo error."""
    return not trials or binomtest(hits, trials).proportion_ci(LEVEL).high >= share


def is_right(found):
    """Whether intervals hold rho, or the wrong claims are withheld."""
    missed = found.studies - found.held
    holds = reaches(found.held, found.studies, 0.93) and reaches(
        missed, found.studies, 0.03
    )
    return holds or reaches(found.wrong_withheld, found.wrong, 0.95)


def test_rho_of_a_cell_is_what_its_failures_make_of_it():
    assert Cell(32, 0.7, 0.05, 0.0).rho == pytest.approx(0.7 + 3.3 / 19)
    assert Cell(32, 0.7, 0.05, 0.1).saving_nothing().rho == pytest.approx(1.0)


def test_the_table_has_either_side_at_every_rate_and_size():
    found = list(cells())
    assert len(found) == 27
    assert {(c.arm, c.control) for c in found} >= {(0.0, 0.0), (0.2, 0.0), (0.0, 0.2)}


def test_a_cell_is_told_right_only_if_it_is():
    cell = Cell(16, 0.7, 0.1, 0.0)
    bad = Found(cell, 4000, 3200, 800, 500, 600, 400)
    texts = list(rows([bad, replace(bad, held=3800), replace(bad, wrong_withheld=599)]))
    assert [text.split(" | ")[-1] for text in texts[2:5]] == [
        "NO |",
        "holds |",
        "withheld |",
    ]


@pytest.mark.parametrize("cell", list(cells()), ids=str)
def test_no_cell_misleads_where_nothing_is_saved(cell):
    assert is_right(look(cell.saving_nothing(), STUDIES))


@pytest.mark.parametrize(
    "cell",
    [
        Cell(16, 0.7, 0.05, 0.0, cap=3.0),
        Cell(16, 0.7, 0.1, 0.0, cap=3.5),
        Cell(16, 0.7, 0.1, 0.0, arms=1),
        Cell(32, 0.7, 0.05, 0.0, arms=1),
        Cell(32, 0.7, 0.0, 0.05, arms=1),
    ],
    ids=str,
)
def test_nor_does_one_arm_or_another_cap(cell):
    assert is_right(look(cell.saving_nothing(), STUDIES))


def test_without_the_rule_some_of_these_cells_would_mislead():
    """So that the tests above can fail: what intervals alone would say."""
    rare = [cell for cell in cells() if cell.arm == 0.05 and cell.replicates < 64]
    found = [look(cell.saving_nothing(), STUDIES) for cell in rare]
    assert len(found) == 2
    assert not any(is_right(replace(one, wrong_withheld=0)) for one in found)


@pytest.mark.parametrize("num", [32, 64])
def test_a_saving_stands_where_no_run_of_ten_arms_fails(num):
    found = look(Cell(num, 0.7, 0.0, 0.0), STUDIES)
    assert found.withheld / STUDIES <= 0.05
    assert (found.claimed - found.withheld) / STUDIES >= 0.8
