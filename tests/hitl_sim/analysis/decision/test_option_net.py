import dataclasses

import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.decision.option_net import fit_terms, sweeps_through

SETTINGS = (0.6, 0.8, 0.9, 1.0)
NUM_RUNS = 16


@pytest.fixture(scope="module")
def arms(synthetic, analysed):
    made = [
        synthetic.relevance(0.6, settings={"crowd.accuracy": value})
        for value in SETTINGS
    ]
    return analysed(made, num_replicates=NUM_RUNS).tasks[0].with_people


def line_with(arms, means, sd, rng, chance=1.0):
    """Return the conditions with one amount, of planted means, spread and reach."""
    shared = rng.normal(0.0, sd, NUM_RUNS)
    found = []
    for arm, mean in zip(arms, means, strict=True):
        spent = np.exp(np.log(mean) + shared + rng.normal(0.0, sd, NUM_RUNS))
        reached = rng.random(NUM_RUNS) < chance
        found.append(
            dataclasses.replace(
                arm, amounts=CostSample(spent[:, None], reached, names=("train",))
            )
        )
    return found


def terms_of(line):
    (parameter, through), *_ = sweeps_through(line[1], line)
    return fit_terms(parameter, line[1], through, np.arange(NUM_RUNS))


def level(setting):
    return (setting - 0.6) / 0.4


def test_a_line_and_a_bend_are_followed_exactly(arms):
    means = [1.0 + 2.0 * level(x) + 3.0 * level(x) ** 2 for x in SETTINGS]
    terms = terms_of(line_with(arms, means, 0.0, np.random.default_rng(0)))
    assert [term.is_bend for term in terms] == [False, True]
    levels = np.linspace(0.0, 1.0, 7)
    found = sum(term.at(levels) * term.by_run.mean() for term in terms)
    own = means[1]
    np.testing.assert_allclose(own + found, 1.0 + 2.0 * levels + 3.0 * levels**2)


@pytest.mark.parametrize("chance", [1.0, 0.85])
def test_an_effect_that_is_not_there_is_told_in_one_study_of_twenty_at_most(
    arms, chance
):
    rng = np.random.default_rng(1)
    told = []
    for _ in range(1_000):
        terms = terms_of(line_with(arms, [1.0] * 4, 0.3, rng, chance))
        told.append(any(term.is_told(np.ones(1), len(terms)) for term in terms))
    # 5 %, and four standard errors; fewer where failures make tails heavy
    assert np.mean(told) < 0.05 + 4.0 * np.sqrt(0.05 * 0.95 / 1_000)


def test_an_effect_of_three_errors_more_is_told(arms):
    # the line's slope is .25; its error is about .05
    means = [0.75, 1.0, 1.125, 1.25]
    rng = np.random.default_rng(2)
    told = [
        terms_of(line_with(arms, means, 0.15, rng))[0].is_told(np.ones(1), 2)
        for _ in range(200)
    ]
    assert np.mean(told) > 0.95


def test_what_two_settings_used_is_a_line(arms):
    line = line_with(arms[:2], [1.0, 3.0], 0.0, np.random.default_rng(3))
    (term,) = terms_of(line)
    np.testing.assert_allclose(
        term.at(np.array([0.0, 1.0])) * term.by_run.mean(), [-2, 0]
    )
