import jax
import numpy as np
import pytest

from oracles import RELEVANCE
from oracles.feedback.relevance import DROP, KEEP, UNSURE

KEY = jax.random.key(61)
answer = jax.jit(RELEVANCE.answer)
COUNT = 8000


def ask(params, query):
    return answer(KEY, params, RELEVANCE.init(KEY, params), query)[1]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("skill", "band"), [(1.0, 0.0), (1.0, 0.7), (0.0, 1.5)])
def test_answers_follow_the_ordered_logit(make_query, make_crowd, skill, band):
    query = make_query(COUNT, 1, 2)
    given = np.asarray(ask(make_crowd(1, skill=skill, band=band), query).answer)
    sign = np.where(np.asarray(query.truth) == 1, 1, -1)
    for option, expected in (
        (KEEP, sigmoid(sign * skill - band)),
        (DROP, sigmoid(-sign * skill - band)),
        (UNSURE, 1 - sigmoid(sign * skill - band) - sigmoid(-sign * skill - band)),
    ):
        error = np.sqrt((expected * (1 - expected)).mean() / COUNT)
        assert abs((given == option).mean() - expected.mean()) <= 4 * error


def test_keeping_and_dropping_are_mistaken_alike(make_query, make_crowd):
    query = make_query(COUNT, 1, 2)
    given = np.asarray(ask(make_crowd(1, skill=1.0, band=0.3), query).answer)
    truth = np.asarray(query.truth)
    wrong_drop = (given == DROP)[truth == 1].mean()
    wrong_keep = (given == KEEP)[truth == 0].mean()
    assert abs(wrong_drop - wrong_keep) < 4 * np.sqrt(2 * 0.25 / (COUNT / 2))


def test_unsure_answers_are_the_close_calls(make_query, make_crowd):
    query = make_query(COUNT, 1, 2)
    given = ask(make_crowd(1, skill=1.0, band=0.5), query)
    is_unsure = np.asarray(given.answer) == UNSURE
    confidence = np.asarray(given.confidence)
    assert confidence[is_unsure].max() <= confidence[~is_unsure].min()
