"""Preferences of a crowd of known worths, clarities and bands give these back."""

import numpy as np
import pytest
from known_crowd import make_design, preferences

from hitl_sim.participants.fitting.comparison import (
    compared,
    fit_comparisons,
    score_anybody,
    score_known,
)


@pytest.fixture(scope="module")
def known():
    return preferences()


@pytest.fixture(scope="module")
def found(known):
    return fit_comparisons(known[0])


def test_worths_come_back(known, found):
    worth = known[1]
    assert np.corrcoef(found.at.worth, worth)[0, 1] > 0.97
    # 4 standard errors of the log of a standard deviation
    error = 4.0 / np.sqrt(2.0 * worth.size)
    assert abs(np.log(found.spread[0]) - np.log(worth.std())) < error


def test_people_differ_in_clarity_and_in_what_they_call_a_tie(known, found):
    _, _, clarity, band = known
    assert np.corrcoef(found.at.clarity, np.log(clarity))[0, 1] > 0.6
    assert np.corrcoef(found.at.width, np.log(band))[0, 1] > 0.6
    assert float(found.at.band) == pytest.approx(np.log(band).mean(), abs=0.4)


def test_people_who_do_not_differ_are_taken_for_one():
    same = fit_comparisons(preferences(1, 0.0, 0.0)[0])
    assert max(same.spread[1:]) < 0.25


def test_probabilities_of_the_three_answers_add_up_to_one(known, found):
    rows = compared(known[0])
    total = sum(
        np.exp(score_known(found, rows._replace(answer=rows.answer * 0 + k)))
        for k in range(3)
    )
    np.testing.assert_allclose(total, 1.0, atol=1e-5)


def test_people_who_were_seen_are_foretold_better_than_anybody(known, found):
    rows = compared(known[0])
    share = np.full(40, 1.0 / 40)
    each = score_anybody(np.random.default_rng(0), found, rows, share, 32)
    anybody = np.logaddexp.reduce(each, axis=0) - np.log(32)
    assert score_known(found, rows).mean() > anybody.mean() + 0.02


def test_objects_that_are_not_named_are_refused():
    with pytest.raises(ValueError, match="first_object"):
        fit_comparisons(make_design(repeats=0))
