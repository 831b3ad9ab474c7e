import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import LABEL
from oracles.respond import clarity

KEY = jax.random.key(81)
COUNT = 8000
answer = jax.jit(LABEL.answer)


def ask(params, query):
    return answer(KEY, params, LABEL.init(KEY, params), query)[1]


@pytest.mark.parametrize("lapse", [0.0, 0.3, 1.0])
def test_lapses_are_as_frequent_as_stated_and_guess_evenly(
    make_query, make_crowd, lapse
):
    query = make_query(COUNT, 1, 4)
    given = ask(make_crowd(1, skill=60.0, lapse=lapse), query)
    wrong = np.asarray(given.answer != query.truth)[:, 0]
    expected = lapse * 3 / 4
    assert abs(wrong.mean() - expected) <= 4 * np.sqrt(
        expected * (1 - expected) / COUNT
    )
    shift = np.asarray((given.answer - query.truth) % 4)[:, 0]
    for step in (1, 2, 3):
        share = lapse / 4
        error = np.sqrt(share * (1 - share) / COUNT)
        assert abs((shift == step).mean() - share) <= 4 * error


def test_lapses_come_afresh_on_every_look_however_repeatable_people_are(
    make_query, make_crowd
):
    query = make_query(COUNT, 1, 4, num_looks=2)
    given = ask(make_crowd(1, skill=60.0, lapse=0.4, own=0.0), query)
    wrong = np.asarray(given.answer != query.truth).reshape(2, COUNT)
    both = 0.3 * 0.3
    error = np.sqrt(both * (1 - both) / COUNT)
    assert abs((wrong[0] & wrong[1]).mean() - both) < 4 * error


def test_people_lapse_independently_of_each_other(make_query, make_crowd):
    query = make_query(COUNT, 2, 4)
    given = ask(make_crowd(2, skill=60.0, lapse=0.4, shared=0.0), query)
    wrong = np.asarray(given.answer != query.truth)
    both = 0.3 * 0.3
    error = np.sqrt(both * (1 - both) / COUNT)
    assert abs((wrong[:, 0] & wrong[:, 1]).mean() - both) < 4 * error


def test_a_tie_is_all_conflict_and_even_odds_and_a_clear_lead_none():
    conflict, confidence = clarity(jnp.array([0.0, 60.0]))
    np.testing.assert_allclose(conflict, [np.log(2), 0.0], atol=1e-7)
    np.testing.assert_allclose(confidence, [0.5, 1.0], atol=1e-7)
