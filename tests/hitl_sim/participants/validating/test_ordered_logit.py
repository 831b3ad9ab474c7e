"""An ordered logit gives its numbers back, and shrinks what is not there."""

import numpy as np
import pytest

from hitl_sim.participants.validating.rival import (
    Term,
    fit_ordered,
    score_ordered,
)

CUTS = np.array([-1.5, 0.0, 2.0])


def drawn(lead, seed=0):
    rng = np.random.default_rng(seed)
    return np.digitize(lead + rng.logistic(size=lead.size), CUTS)


def test_cuts_and_slope_come_back():
    place = np.random.default_rng(1).standard_normal(20_000)
    model, _ = fit_ordered(drawn(1.2 * place), 4, place)
    # standard errors are some .02
    assert float(model.slope) == pytest.approx(1.2, abs=0.08)
    assert float(model.cuts[0]) == pytest.approx(CUTS[0], abs=0.1)
    np.testing.assert_allclose(np.exp(model.cuts[1:]), np.diff(CUTS), atol=0.1)


def test_effects_of_people_come_back_with_their_spread():
    rng = np.random.default_rng(2)
    own = 0.9 * rng.standard_normal(60)
    person = np.repeat(np.arange(60), 80)
    term = Term(person, None, 60)
    model, spreads = fit_ordered(drawn(own[person]), 4, np.zeros(person.size), (term,))
    assert np.corrcoef(model.effects[0], own)[0, 1] > 0.95
    assert float(spreads[0]) == pytest.approx(0.9, abs=0.35)


def test_effects_that_are_not_there_are_shrunk_away():
    person = np.repeat(np.arange(60), 80)
    term = Term(person, None, 60)
    model, spreads = fit_ordered(
        drawn(np.zeros(person.size)), 4, np.zeros(4800), (term,)
    )
    # raw effects would have a standard deviation of .2, their standard error
    assert float(spreads[0]) * np.std(model.effects[0]) < 0.1


def test_differences_of_objects_give_worths():
    rng = np.random.default_rng(3)
    worth = rng.standard_normal(12)
    first, second = rng.integers(0, 12, (2, 6000))
    level = drawn(worth[first] - worth[second])
    model, _ = fit_ordered(level, 4, np.zeros(6000), (Term(first, second, 12),))
    assert np.corrcoef(model.effects[0], worth)[0, 1] > 0.99


def test_probabilities_of_all_levels_add_up_to_one():
    place = np.linspace(-2, 2, 50)
    fit = fit_ordered(drawn(place), 4, place)
    total = sum(np.exp(score_ordered(fit, np.full(50, k), place)) for k in range(4))
    np.testing.assert_allclose(total, 1.0, atol=1e-5)
