import math
from statistics import NormalDist

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles.feedback import FEEDBACK
from oracles.feedback.difficulty import NUM_LEVELS

DIFFICULTY = FEEDBACK["difficulty"]

KEY = jax.random.key(72)
COUNT = 8000
answer = jax.jit(DIFFICULTY.answer)
CUTS = np.array([NormalDist().inv_cdf(k / 5) for k in range(1, 5)])


def ask(make_query, params, reference):
    query = make_query(COUNT, 1, 2)
    worth = jnp.stack([jnp.zeros(COUNT), jnp.asarray(reference, jnp.float32)], axis=-1)
    query = query._replace(utility=worth[:, None, :])
    return answer(KEY, params, DIFFICULTY.init(KEY, params), query)[1]


def shares(levels):
    return np.bincount(np.asarray(levels)[:, 0], minlength=NUM_LEVELS) / COUNT


@pytest.mark.parametrize(("skill", "reference"), [(1.0, 0.7), (3.0, -0.4), (0.0, 1.0)])
def test_levels_follow_the_ordered_logit(make_query, make_crowd, skill, reference):
    crowd = make_crowd(1, skill=skill, own=0.4, shared=0.8)
    given = shares(ask(make_query, crowd, np.full(COUNT, reference)).answer)
    cuts = CUTS * math.sqrt(skill**2 + math.pi**2 / 3)
    above = 1 / (1 + np.exp(cuts - skill * reference))
    expected = -np.diff(np.concatenate([[1.0], above, [0.0]]))
    error = np.sqrt(expected * (1 - expected) / COUNT)
    assert (np.abs(given - expected) < 4 * error).all()


@pytest.mark.parametrize("skill", [0.0, 1.0, 5.0])
def test_all_levels_are_used_about_equally_often(make_query, make_crowd, skill):
    reference = np.random.default_rng(0).normal(size=COUNT)
    given = shares(ask(make_query, make_crowd(1, skill=skill), reference).answer)
    # The sum of a normal and a logistic is a little more peaked than a normal.
    assert (np.abs(given - 0.2) < 0.03).all()


def test_a_perfect_person_names_the_fifth_an_item_belongs_to(make_query, make_crowd):
    reference = np.random.default_rng(1).normal(size=COUNT)
    reference = reference[np.abs(reference[:, None] - CUTS).min(axis=1) > 0.01]
    reference = np.resize(reference, COUNT)
    given = ask(make_query, make_crowd(1, skill=1e4), reference).answer[:, 0]
    np.testing.assert_array_equal(given, np.searchsorted(CUTS, reference))


def test_a_lapse_uses_every_level_whatever_the_skill(make_query, make_crowd):
    crowd = make_crowd(1, skill=1e4, lapse=1.0)
    given = shares(ask(make_query, crowd, np.full(COUNT, 2.0)).answer)
    assert (np.abs(given - 0.2) < 0.03).all()


def test_answers_in_the_middle_are_the_slow_ones(make_query, make_crowd):
    reference = np.random.default_rng(2).normal(size=COUNT)
    given = ask(make_query, make_crowd(1, skill=2.0, conflict=1.0), reference)
    level, seconds = np.asarray(given.answer)[:, 0], np.asarray(given.seconds)[:, 0]
    slowest = [np.median(seconds[level == k]) for k in range(NUM_LEVELS)]
    assert np.argmax(slowest) == 2
    assert slowest[1] > slowest[0]
    assert slowest[3] > slowest[4]
