import math

import pytest

from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.efficiency.claim import (
    WIDEST_SHARE,
    Agreement,
    agree_in_range,
    agree_in_sign,
    is_below,
)

INF = math.inf
FOUND = (0.1, 0.2)


@pytest.mark.parametrize(
    ("value", "ends", "agreement"),
    [
        (0.15, (-INF, INF), Agreement.OPEN),
        (0.15, (0.05, INF), Agreement.OPEN),
        (0.15, (0.0, WIDEST_SHARE + 0.01), Agreement.OPEN),
        (0.15, (0.05, 0.05 + WIDEST_SHARE - 0.01), Agreement.HOLDS),
        (0.15, (0.12, 0.18), Agreement.HOLDS),
        (0.22, (0.15, 0.25), Agreement.OPEN),
        (0.3, (0.21, 0.4), Agreement.AGAINST),
        (0.3, (0.21, INF), Agreement.AGAINST),
        (0.0, (-0.3, 0.09), Agreement.AGAINST),
        (math.nan, (math.nan, math.nan), Agreement.OPEN),
    ],
)
def test_a_number_agrees_only_if_its_interval_tells(value, ends, agreement):
    assert agree_in_range(value, ends, FOUND) is agreement


@pytest.mark.parametrize("ends", [(0.12, 0.18), (0.3, 0.4), (-INF, INF)])
def test_what_was_fitted_to_a_figure_is_no_test_of_it(ends):
    assert agree_in_range(0.15, ends, FOUND, is_fitted=True) is Agreement.CALIBRATED


def test_a_sign_is_seen_only_if_every_part_of_it_is():
    yes, no, open_ = Answer.YES, Answer.NO, Answer.UNDETERMINED
    assert agree_in_sign(yes, yes) is Agreement.HOLDS
    assert agree_in_sign(yes, open_) is Agreement.OPEN
    assert agree_in_sign(open_, no) is Agreement.AGAINST


@pytest.mark.parametrize(
    ("ends", "answer"),
    [
        ((0.2, 0.9), Answer.YES),
        ((1.0, 1.0), Answer.NO),
        ((9.8, INF), Answer.NO),
        ((0.9, 1.1), Answer.UNDETERMINED),
        ((-INF, INF), Answer.UNDETERMINED),
        ((math.nan, math.nan), Answer.UNDETERMINED),
    ],
)
def test_a_number_is_below_1_only_with_its_whole_interval(ends, answer):
    assert is_below(*ends) is answer
