import numpy as np
import pytest

from hitl_sim.workforce import Round, Team, simulate_rounds
from hitl_sim.workforce.process import split_round

ONE = [[True]]


def test_padding_is_left_out_of_a_queue():
    work = Round([[5.0], [7.0]], [[False], [True]], [[False], [True]])
    (queue,) = split_round(0, work, 1)
    assert queue.seconds == [7.0]
    assert queue.is_answered == [True]


def test_the_time_of_something_that_is_not_asked_may_be_anything():
    work = Round([[np.nan]], [[False]], [[False]])
    assert simulate_rounds(Team(1), [work]).asked.tolist() == [0]


@pytest.mark.parametrize("seconds", [-1.0, np.nan, np.inf])
def test_an_impossible_time_is_refused(seconds):
    with pytest.raises(ValueError, match=rf"`rounds\[3\].seconds`.*got {seconds}"):
        split_round(3, Round([[seconds]], ONE, ONE), 1)


def test_a_round_for_another_team_is_refused():
    with pytest.raises(ValueError, match=r"shape \[T, 2\].*got \(1, 1\)"):
        simulate_rounds(Team(2), [Round([[1.0]], ONE, ONE)])


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"`rounds\[0\].is_answered` must be of shape"):
        split_round(0, Round([[1.0]], ONE, [[True, True]]), 1)


def test_an_answer_to_nothing_is_refused():
    with pytest.raises(ValueError, match=r"`rounds\[0\].is_answered`.*1 answers to"):
        split_round(0, Round([[1.0]], [[False]], ONE), 1)
