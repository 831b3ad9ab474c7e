"""The workforce's answers beside those of the simulated annotators."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.workforce import Behaviour, Posterior
from hitl_sim.workforce.behaviour import draw_answers, draw_appeal, draw_skills
from hitl_sim.workforce.policy import follow_policy
from oracles import LABEL, Query, build_population, sample_annotators

NUM, PEOPLE, CLASSES = 20_000, 15, 4


def annotators(shared_error):
    """Let annotators of one accuracy label items; 0 is right."""
    crowd = build_population(
        "typical",
        "label",
        CLASSES,
        accuracy=0.8,
        skill_spread=0.0,
        shared_error=shared_error,
        repeatability=shared_error,
        lapse=0.0,
    )
    crowd = jax.tree.map(jnp.float32, crowd)
    key = jax.random.key(0)
    params = sample_annotators(key, crowd, PEOPLE)
    column = (NUM, 1)
    query = Query(
        item=jnp.arange(NUM)[:, None],
        occasion=jnp.zeros((NUM, PEOPLE), jnp.int32),
        truth=jnp.zeros(column, jnp.int32),
        utility=jnp.zeros((*column, CLASSES)),
        difficulty=jnp.zeros(column),
        discrimination=jnp.ones(column),
        size=jnp.ones(column),
        is_asked=jnp.ones((NUM, PEOPLE), bool),
    )
    _, response = LABEL.answer(key, params, LABEL.init(key, params), query)
    return np.asarray(response.answer, np.int64)


def ours(shared_error):
    behaviour = Behaviour(0.8, CLASSES, shared=math.sqrt(1 - shared_error))
    rng = np.random.default_rng(0)
    skill = draw_skills(behaviour, rng, NUM * PEOPLE).reshape(NUM, PEOPLE)
    return draw_answers(behaviour, rng, skill, draw_appeal(behaviour, rng, NUM))


@pytest.mark.parametrize(
    "shared_error", [pytest.param(0.0, marks=pytest.mark.slow), 0.5]
)
def test_both_err_as_often_together(shared_error):
    policy = Posterior(0.99, 0.8, PEOPLE)
    found = [
        follow_policy(policy, answers, CLASSES, 0.8)
        for answers in (annotators(shared_error), ours(shared_error))
    ]
    for name in ("is_right", "claimed", "num_answers"):
        first, second = (getattr(one, name).astype(float) for one in found)
        error = math.sqrt((first.var() + second.var()) / NUM)
        assert first.mean() == pytest.approx(second.mean(), abs=5 * error), name
    first = found[0]
    overclaims = first.claimed.mean() - first.is_right.mean()
    assert (overclaims > 0.05) == (shared_error > 0)
