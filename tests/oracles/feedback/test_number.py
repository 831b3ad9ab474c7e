"""Numbers that people give: how near, how far apart, and how each their own way."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import build_population, sample_annotators
from oracles.feedback import KINDS

KEY, ITEMS, PEOPLE = jax.random.key(3), 2000, 40
NUMBER = np.random.default_rng(0).normal(size=ITEMS).astype(np.float32)
ANSWER = jax.jit(KINDS["number"].oracle.answer)


def said(make_query, population, **parameters):
    """Let people tell the same standardised numbers, `[items, people]`."""
    crowd = build_population(population, "number", 2, **parameters)
    people = sample_annotators(KEY, crowd, PEOPLE)
    query = make_query(ITEMS, PEOPLE, 2)
    told = jnp.stack([jnp.zeros(ITEMS), NUMBER], axis=1)[:, None]
    query = query._replace(
        utility=jnp.broadcast_to(told, query.utility.shape), occasion=None
    )
    start = KINDS["number"].oracle.init(KEY, people)
    return np.asarray(ANSWER(KEY, people, start, query)[1].answer)


def correlations(answers):
    return np.array([np.corrcoef(one, NUMBER)[0, 1] for one in answers.T])


def test_people_without_error_say_the_number(make_query):
    np.testing.assert_allclose(
        said(make_query, "perfect"),
        np.broadcast_to(NUMBER[:, None], (ITEMS, PEOPLE)),
        atol=2e-3,
    )


def test_an_answer_correlates_as_its_signal_says_and_uses_the_range(make_query):
    # all alike, and no error is shared: 80,000 independent answers
    skill = 2.0
    alike = {"skill": skill, "skill_spread": 0.0, "bias_spread": 0.0, "lapse": 0.0}
    alike |= {"slope_spread": 0.0, "shared_error": 0.0, "repeatability": 0.0}
    answers = said(make_query, "typical", **alike)
    meant = skill / math.sqrt(skill**2 + math.pi**2 / 3.0)
    # standard error of a correlation, (1 - r^2) / sqrt(n), five of them
    error = 5.0 * (1.0 - meant**2) / math.sqrt(answers.size)
    assert abs(correlations(answers).mean() - meant) < error
    # a variance of 1 for numbers of variance 1; sd of a variance below 2 / sqrt(n)
    wanted = meant**2 * NUMBER.var() + 1.0 - meant**2
    assert abs(answers.var() - wanted) < 5.0 * 2.0 / math.sqrt(answers.size)


def test_whoever_only_guesses_says_numbers_of_the_range_that_tell_nothing(make_query):
    answers = said(make_query, "spammer", shared_error=0.0, repeatability=0.0)
    assert abs(correlations(answers).mean()) < 5.0 / math.sqrt(answers.size)
    assert abs(answers.std() - 1.0) < 0.05


def test_whoever_sees_it_and_says_another_is_wrong_on_purpose(make_query):
    assert correlations(said(make_query, "adversary")).max() < -0.8


def test_bias_and_slope_are_a_persons_own(make_query):
    exact = {"skill": 1e4, "skill_spread": 0.0, "lapse": 0.0}
    answers = said(
        make_query,
        "typical",
        **exact,
        bias=0.3,
        bias_spread=0.2,
        slope=0.8,
        slope_spread=0.25,
    )
    fitted = [np.polyfit(NUMBER, one, 1) for one in answers.T]
    slope, bias = np.array(fitted).T
    # 40 people: five standard errors of a mean, and of a standard deviation
    assert abs(bias.mean() - 0.3) < 5.0 * 0.2 / math.sqrt(PEOPLE)
    assert abs(bias.std() - 0.2) < 5.0 * 0.2 / math.sqrt(2.0 * PEOPLE)
    assert abs(np.log(slope).mean() - math.log(0.8)) < 5.0 * 0.25 / math.sqrt(PEOPLE)
    assert abs(np.log(slope).std() - 0.25) < 5.0 * 0.25 / math.sqrt(2.0 * PEOPLE)
    assert abs(np.corrcoef(bias, slope)[0, 1]) < 5.0 / math.sqrt(PEOPLE)


def test_what_all_people_see_does_not_average_out(make_query):
    alike = {"skill_spread": 0.0, "bias_spread": 0.0, "slope_spread": 0.0, "lapse": 0.0}
    apart, together = (
        said(make_query, "typical", skill=2.0, shared_error=share, **alike)
        for share in (0.0, 0.9)
    )
    error = [np.corrcoef(a.T - a.mean(0)[:, None])[0, 1] for a in (apart, together)]
    assert error[1] > error[0] + 0.1


@pytest.mark.parametrize("name", ["bias_spread", "slope_spread"])
def test_a_spread_below_zero_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match=rf"`{name}` must be >= 0, got -1"):
        build_population("typical", "number", 2, **{name: -1.0})
