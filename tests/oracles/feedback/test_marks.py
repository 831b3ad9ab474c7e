import jax
import jax.numpy as jnp
import numpy as np

from oracles.agreement import mark_agreement
from oracles.feedback import FEEDBACK

MARKS = FEEDBACK["marks"]

KEY = jax.random.key(82)
LADDER = np.array([0.2, -1.0, 1.3, -0.5], np.float32)
COUNT = 8000
answer = jax.jit(MARKS.answer)


def ask(make_query, params, num_people=1):
    query = make_query(COUNT, num_people, 4)
    query = query._replace(utility=query.utility + jnp.asarray(LADDER)[None, None, :])
    return np.asarray(answer(KEY, params, MARKS.init(KEY, params), query)[1].answer)


def test_a_group_is_marked_by_a_logistic_of_its_distance_from_the_criterion(
    make_query, make_crowd
):
    params = make_crowd(1, skill=1.5, criterion=0.6, own=0.5, shared=0.7)
    given = ask(make_query, params)[:, 0].mean(axis=0)
    expected = 1 / (1 + np.exp(0.6 - 1.5 * LADDER))
    error = np.sqrt(expected * (1 - expected) / COUNT)
    assert (np.abs(given - expected) < 4 * error).all()


def test_groups_are_marked_independently_of_each_other(make_query, make_crowd):
    marks = ask(make_query, make_crowd(1, skill=1.0))[:, 0]
    correlation = np.corrcoef(marks, rowvar=False)[np.triu_indices(4, 1)]
    assert (np.abs(correlation) < 4 / np.sqrt(COUNT)).all()


def test_a_lapse_marks_as_many_groups_but_any(make_query, make_crowd):
    skill, criterion = 1.5, 1.2
    given = ask(make_query, make_crowd(1, skill=skill, criterion=criterion, lapse=1.0))
    scale = np.sqrt(1 + skill**2 * 3 / np.pi**2)
    expected = 1 / (1 + np.exp(criterion / scale))
    error = np.sqrt(expected * (1 - expected) / COUNT)
    assert (np.abs(given[:, 0].mean(axis=0) - expected) < 4 * error).all()


def test_people_who_share_what_they_see_overlap_more(make_query, make_crowd):
    everybody = np.ones((COUNT, 2), bool)
    apart, together = (
        mark_agreement(ask(make_query, make_crowd(2, shared=s), 2), everybody).jaccard
        for s in (1.0, 0.5)
    )
    # Two fair marks meet a third of the time.
    assert abs(apart - 1 / 3) < 0.02
    assert together > apart + 0.1
